/* log_tree.c - many files of one place: as many paths as promised, as few open as promised,
 * and each file as if it had been open all the time. */
#include "logfile/log_tree.h"

#include "tests/unit/logfile/log_rig.h"

enum { MAX_PATHS = 100, MAX_OPEN = 4 };

static struct log_rig t;
static struct log_tree tree;

static int with_a_tree(void **state)
{
    (void)state;
    rig_open(&t);
    tree = (struct log_tree){
        .place = &t.place, .name_longest = 40, .max_paths = MAX_PATHS, .max_open = MAX_OPEN};
    if (log_tree_init(&tree, &t.err) < 0)
        fail_msg("%s", t.err.text);
    log_tree_set_other(&tree, "_other", 6);
    return 0;
}

static int tree_is_gone(void **state)
{
    (void)state;
    log_tree_close(&tree, &t.news);
    log_tree_fini(&tree);
    log_tree_fini(&tree);
    rig_close(&t);
    return 0;
}

static struct log_leaf *found(const char *name)
{
    struct log_leaf *leaf = log_tree_find(&tree, name, strlen(name));

    assert_non_null(leaf);
    assert_string_equal(leaf->name, name);
    return leaf;
}

static void append_to(struct log_leaf *leaf, const char *line)
{
    struct iovec vector = {(char *)(uintptr_t)line, strlen(line)};

    t.append = (struct log_append){.vectors = &vector, .count = 1, .now_ns = t.now_ns};
    log_tree_append(&tree, leaf, &t.append, &t.news);
}

static void write_line(const char *name, const char *line)
{
    append_to(found(name), line);
    if (t.append.error)
        fail_msg("%s", t.append.why.text);
    assert_int_equal(t.append.written_bytes, strlen(line));
    assert_true(tree.open_count <= MAX_OPEN);
}

static const char *numbered(unsigned i)
{
    static char name[16];

    snprintf(name, sizeof name, "f%02u.log", i);
    return name;
}

/* ---- the table ----------------------------------------------------------------------------- */

static void a_path_has_one_leaf(void **state)
{
    struct log_leaf *leaf = found("a/b.log");

    (void)state;
    assert_ptr_equal(found("a/b.log"), leaf);
    assert_ptr_not_equal(found("a/b.lo"), leaf);
    assert_ptr_not_equal(found("a/b.logs"), leaf);
    assert_ptr_equal(log_tree_leaf(&tree, leaf->number), leaf);
    assert_ptr_equal(found("_other"), log_tree_other(&tree));
    assert_int_equal(log_tree_paths(&tree), 3);
}

static void there_are_as_many_as_promised_beside_the_other(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MAX_PATHS; i++)
        found(numbered(i));
    assert_int_equal(log_tree_paths(&tree), MAX_PATHS);
    assert_null(log_tree_find(&tree, "more", 4));
    assert_ptr_equal(found("_other"), log_tree_other(&tree));
    for (unsigned i = 0; i < MAX_PATHS; i++)
        assert_int_equal(found(numbered(i))->number, i + 1);
}

static void forgetting_makes_room(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MAX_PATHS; i++)
        write_line(numbered(i), "before\n");
    log_tree_forget(&tree, &t.news);
    assert_int_equal(tree.open_count, 0);
    assert_int_equal(log_tree_paths(&tree), 0);
    log_tree_set_other(&tree, "_other2", 7);
    write_line("f05.log", "after\n");
    assert_int_equal(log_tree_paths(&tree), 1);
    rig_check(&t, "f05.log", "before\nafter\n");
}

static void the_longest_name_fits(void **state)
{
    char name[41];

    (void)state;
    memset(name, 'n', 40);
    name[40] = '\0';
    found(name);
    found("n");
    write_line(name, "x\n");
    rig_check(&t, name, "x\n");
}

/* ---- open and closed ----------------------------------------------------------------------- */

static void only_those_used_last_are_open(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        write_line(numbered(i), "1\n");
    assert_int_equal(tree.open_count, MAX_OPEN);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(log_file_is_open(&found(numbered(i))->file), i >= 6);
    write_line("f06.log", "2\n"); /* was the oldest */
    write_line("f00.log", "2\n");
    assert_true(log_file_is_open(&found("f06.log")->file));
    assert_false(log_file_is_open(&found("f07.log")->file));
    rig_check(&t, "f00.log", "1\n2\n");
    assert_int_equal(rig_descriptors(), t.descriptors + 1 + MAX_OPEN);
}

static void a_closed_file_is_known_again_without_a_look_at_its_end(void **state)
{
    (void)state;
    write_line("a", "1\n");
    found("a")->file.in_line = true; /* so that a look at its end would be seen */
    for (unsigned i = 0; i < MAX_OPEN; i++)
        write_line(numbered(i), "x\n");
    assert_false(log_file_is_open(&found("a")->file));
    write_line("a", "2\n");
    assert_int_equal(t.news.torn + t.news.anew, 0);
    rig_check(&t, "a", "1\n2\n");
}

static void what_others_left_in_a_closed_file_is_looked_at(void **state)
{
    FILE *file;

    (void)state;
    write_line("a", "1\n");
    for (unsigned i = 0; i < MAX_OPEN; i++)
        write_line(numbered(i), "x\n");
    file = fopen(rig_path(&t, "a"), "a");
    fputs("unfin", file);
    fclose(file);
    write_line("a", "2\n");
    rig_check(&t, "a", "1\nunfin \\[torn]\n2\n");
    assert_int_equal(t.news.torn, 1);
}

static void a_distrusted_file_is_looked_at_again(void **state)
{
    (void)state;
    append_to(found("a"), "half a li");
    log_tree_distrust(&tree, found("a"), &t.news);
    write_line("a", "2\n");
    rig_check(&t, "a", "half a li \\[torn]\n2\n");
}

static void a_moved_file_is_opened_anew_open_or_closed(void **state)
{
    char from[512];

    (void)state;
    write_line("a", "1\n");
    strcpy(from, rig_path(&t, "a"));
    assert_int_equal(rename(from, rig_path(&t, "a.1")), 0);
    write_line("a", "2\n");
    assert_int_equal(t.news.anew, 1);
    for (unsigned i = 0; i < MAX_OPEN; i++)
        write_line(numbered(i), "x\n");
    assert_int_equal(rename(from, rig_path(&t, "a.2")), 0);
    write_line("a", "3\n");
    rig_check(&t, "a.1", "1\n");
    rig_check(&t, "a.2", "2\n");
    rig_check(&t, "a", "3\n");
}

static void what_cannot_be_opened_takes_no_place(void **state)
{
    (void)state;
    assert_int_equal(symlink("/etc/passwd", rig_path(&t, "link")), 0);
    for (unsigned i = 0; i < 2 * MAX_OPEN; i++) {
        append_to(found("link"), "x\n");
        assert_int_equal(t.append.error, ELOOP);
        assert_int_equal(t.append.written_bytes, 0);
        write_line(numbered(i), "x\n");
    }
    assert_int_equal(tree.open_count, MAX_OPEN);
}

static void folders_are_made_on_the_way(void **state)
{
    (void)state;
    write_line("web1/shop/info.log", "x\n");
    rig_check(&t, "web1/shop/info.log", "x\n");
}

/* ---- time ---------------------------------------------------------------------------------- */

/* As if it had been written when the test's clock says. */
static void date_back(const char *name)
{
    struct timespec times[2] = {{.tv_sec = NOON / SECOND}, {.tv_sec = NOON / SECOND}};

    assert_int_equal(utimensat(AT_FDCWD, rig_path(&t, name), times, 0), 0);
}

static void open_and_closed_files_are_rotated_at_the_end_of_the_hour(void **state)
{
    (void)state;
    t.place.rotate_every = LOG_PERIOD_HOUR;
    for (unsigned i = 0; i < 10; i++) {
        write_line(numbered(i), "1\n");
        date_back(numbered(i));
    }
    log_tree_tend(&tree, t.now_ns, &t.news);
    assert_int_equal(log_tree_due_ns(&tree), NOON + 3600 * SECOND);
    assert_int_equal(t.news.rotated, 0);
    t.now_ns += 3600 * SECOND;
    log_tree_tend(&tree, t.now_ns, &t.news);
    assert_int_equal(t.news.rotated, 10);
    assert_true(tree.open_count <= MAX_OPEN);
    assert_int_equal(log_tree_due_ns(&tree), NOON + 2 * 3600 * SECOND);
    for (unsigned i = 0; i < 10; i++)
        rig_check(&t, numbered(i), "");
    log_tree_tend(&tree, t.now_ns, &t.news);
    assert_int_equal(t.news.rotated, 10);
}

/* Somebody has tidied up: what is gone is not made again only to be looked at. */
static void a_closed_file_that_is_gone_at_the_end_of_the_hour_stays_gone(void **state)
{
    (void)state;
    t.place.rotate_every = LOG_PERIOD_HOUR;
    write_line("web/a.log", "1\n");
    for (unsigned i = 0; i < MAX_OPEN; i++)
        write_line(numbered(i), "1\n");
    log_tree_tend(&tree, t.now_ns, &t.news);
    assert_int_equal(unlink(rig_path(&t, "web/a.log")), 0);
    assert_int_equal(rmdir(rig_path(&t, "web")), 0);
    t.now_ns += 3600 * SECOND;
    log_tree_tend(&tree, t.now_ns, &t.news);
    assert_int_equal(access(rig_path(&t, "web"), F_OK), -1);
    write_line("web/a.log", "2\n");
    rig_check(&t, "web/a.log", "2\n");
}

static void what_was_written_is_synced_in_time_and_before_a_close(void **state)
{
    (void)state;
    t.place.sync_ms = 1000;
    write_line("a", "1\n");
    assert_int_equal(log_tree_due_ns(&tree), NOON + SECOND);
    log_tree_tend(&tree, NOON + SECOND - 1, &t.news);
    assert_int_equal(t.news.synced, 0);
    log_tree_tend(&tree, NOON + SECOND, &t.news);
    assert_int_equal(t.news.synced, 1);
    assert_int_equal(log_tree_due_ns(&tree), INT64_MAX);
    t.now_ns += SECOND;
    for (unsigned i = 0; i < MAX_OPEN + 1; i++)
        write_line(numbered(i), "x\n");
    assert_int_equal(t.news.synced, 2); /* the first of them had to be closed */
    assert_false(tree.left_unsynced);
}

static void at_the_end_all_is_synced_closed_ones_as_well(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MAX_OPEN + 1; i++)
        write_line(numbered(i), "x\n");
    assert_true(tree.left_unsynced);
    assert_int_equal(log_tree_sync(&tree), 0);
    assert_false(tree.left_unsynced);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, with_a_tree, tree_is_gone)
    const struct CMUnitTest tests[] = {
        TEST(a_path_has_one_leaf),
        TEST(there_are_as_many_as_promised_beside_the_other),
        TEST(forgetting_makes_room),
        TEST(the_longest_name_fits),
        TEST(only_those_used_last_are_open),
        TEST(a_closed_file_is_known_again_without_a_look_at_its_end),
        TEST(what_others_left_in_a_closed_file_is_looked_at),
        TEST(a_distrusted_file_is_looked_at_again),
        TEST(a_moved_file_is_opened_anew_open_or_closed),
        TEST(what_cannot_be_opened_takes_no_place),
        TEST(folders_are_made_on_the_way),
        TEST(open_and_closed_files_are_rotated_at_the_end_of_the_hour),
        TEST(a_closed_file_that_is_gone_at_the_end_of_the_hour_stays_gone),
        TEST(what_was_written_is_synced_in_time_and_before_a_close),
        TEST(at_the_end_all_is_synced_closed_ones_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
