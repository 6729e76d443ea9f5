/* sink_tree.c - one batch, many files: each line in its file, whole, once and in order, or
 * in `_other`. The job is called here as a function, without a loop. */
#include <limits.h>
#include <sys/resource.h>

#include "aggregate/outbox_batch.h"
#include "sink/sink_tree.h"
#include "tests/unit/aggregate/dice.h"
#include "tests/unit/aggregate/sample.h"
#include "tests/unit/sink/sink_rig.h"

enum { CAP = BLOCK_CAP_MIN, QUOTA = 8, MAX_PATHS = 30, MAX_OPEN = 4 };

#define NOON (1795608000ll * 1000000000) /* 2026-11-25T12:00:00Z */

static struct sample sample;

static struct {
    struct budget budget;
    struct pool *blocks;
    struct outbox *outbox;
    struct path_template *paths;
    struct conf_sink conf;
    struct log_place place;
    struct sink_tree *tree;
    char base[64]; /* with the slash */
    char path[128];
    uint64_t newest;
    int64_t now_ns;
    struct rlimit sizes;
} t;

static void open_with(const char *template)
{
    struct err err;

    memset(&t, 0, sizeof t);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &t.sizes);
    strcpy(t.base, "/tmp/tree-XXXXXX");
    assert_non_null(mkdtemp(t.base));
    strcat(t.base, "/");
    snprintf(t.path, sizeof t.path, "%s%s", t.base, template);
    t.conf = (struct conf_sink){
        .name = t.path, .path = t.path, .max_paths = {MAX_PATHS}, .max_open = {MAX_OPEN}};
    t.place =
        (struct log_place){.folder = t.base, .modes = {0640, 0750, (uid_t)-1, (gid_t)-1}, .fd = -1};
    t.now_ns = NOON;
    budget_init(&t.budget, SIZE_MAX);
    t.blocks = pool_new(&t.budget, BUDGET_BLOCKS, block_slot_bytes(CAP), QUOTA, &err);
    t.outbox = outbox_new(t.blocks, CAP, QUOTA);
    t.paths = path_template_new(t.path, false, &err);
    outbox_label_entries(t.outbox, path_template_longest(t.paths));
    t.tree = sink_tree_new(&t.conf, &t.place, false, &err);
    assert_int_equal(log_place_open(&t.place, &err), 0);
}

static int with_hosts(void **state)
{
    (void)state;
    open_with("{host}/x.log");
    return 0;
}

static int with_hours(void **state)
{
    (void)state;
    open_with("{host}-{hour}.log");
    return 0;
}

static int all_is_gone(void **state)
{
    char command[128];
    struct log_news news = {0};

    (void)state;
    setrlimit(RLIMIT_FSIZE, &t.sizes);
    outbox_drop_all(t.outbox, DROP_SHUTDOWN);
    outbox_free(&t.outbox);
    path_template_free(&t.paths);
    log_tree_close(&t.tree->tree, &news);
    sink_tree_free(&t.tree);
    log_place_close(&t.place);
    pool_free(&t.blocks);
    budget_fini(&t.budget);
    snprintf(command, sizeof command, "rm -rf '%s'", t.base);
    assert_int_equal(system(command), 0); /* NOLINT: a folder of our own */
    return 0;
}

/* ---- entries ------------------------------------------------------------------------------- */

static void add(const char *host, const char *line)
{
    struct entry *entry = sample_begin(&sample);
    struct label label;

    entry->host = sample_str(&sample, host);
    entry->received_ns = t.now_ns;
    label = path_template_render(t.paths, entry, sample.base);
    assert_true(outbox_has_room(t.outbox, strlen(line)));
    memcpy(outbox_add_labelled(t.outbox, &label, strlen(line), ++t.newest, t.now_ns), line,
           strlen(line));
}

/* One job; returns its errno. */
static int write_once(void)
{
    t.tree->block_count = outbox_begin_batch(t.outbox, t.tree->blocks, SINK_TREE_BLOCKS);
    t.tree->now_ns = t.now_ns;
    sink_tree_write(t.tree);
    if (t.tree->block_count > 0)
        outbox_end_batch(t.outbox, t.tree->written_bytes);
    assert_true(sink_ledger_balances(outbox_ledger(t.outbox)));
    assert_true(t.tree->tree.open_count <= MAX_OPEN);
    assert_int_equal(t.tree->first_waiting, LOG_LEAF_NONE);
    return t.tree->error;
}

static void write_all(void)
{
    if (write_once() != 0)
        fail_msg("%s", t.tree->why.text);
    assert_true(outbox_is_empty(t.outbox));
}

static const char *in_base(const char *name)
{
    static char paths[2][256];
    static unsigned turn;
    char *path = paths[turn++ % 2];

    snprintf(path, sizeof paths[0], "%s%s", t.base, name);
    return path;
}

static void check(const char *name, const char *text)
{
    assert_string_equal(rig_read_file(in_base(name), NULL), text);
}

static bool is_there(const char *name)
{
    struct stat st;

    return lstat(in_base(name), &st) == 0;
}

/* ---- files --------------------------------------------------------------------------------- */

static void each_line_goes_to_its_file(void **state)
{
    (void)state;
    add("web", "1\n");
    add("db", "2\n");
    add("web", "3\n");
    write_all();
    add("web", "4\n");
    add("db", "5\n");
    write_all();
    check("web/x.log", "1\n3\n4\n");
    check("db/x.log", "2\n5\n");
    assert_false(is_there("_other"));
    assert_int_equal(outbox_ledger(t.outbox)->written_bytes, 10);
}

/* Every host's lines are numbered from 0. */
static void check_numbered(unsigned host, unsigned count)
{
    char name[32];
    const char *at;

    snprintf(name, sizeof name, "h%u/x.log", host);
    at = rig_read_file(in_base(name), NULL);
    for (unsigned i = 0; i < count; i++) {
        char line[32];

        snprintf(line, sizeof line, "%u %u\n", host, i);
        assert_memory_equal(at, line, strlen(line));
        at += strlen(line);
    }
    assert_string_equal(at, "");
}

static void whatever_the_order_each_file_has_its_lines_in_theirs(void **state)
{
    unsigned counts[20] = {0};

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        unsigned host = roll(4) ? roll(20) : 7; /* more than IOV_MAX of one in a batch */
        char name[16], line[32];

        snprintf(name, sizeof name, "h%u", host);
        snprintf(line, sizeof line, "%u %u\n", host, counts[host]++);
        if (!outbox_has_room(t.outbox, sizeof line) || roll(4000) == 0)
            write_all();
        add(name, line);
    }
    write_all();
    for (unsigned host = 0; host < 20; host++)
        check_numbered(host, counts[host]);
    assert_int_equal(outbox_ledger(t.outbox)->written, 20000);
}

static void paths_beyond_max_paths_go_to_other(void **state)
{
    char name[16];

    (void)state;
    for (unsigned i = 0; i < MAX_PATHS + 5; i++) {
        snprintf(name, sizeof name, "h%u", i);
        add(name, i < MAX_PATHS ? "own\n" : "other\n");
    }
    write_all();
    assert_true(t.tree->beyond);
    check("h0/x.log", "own\n");
    check("h29/x.log", "own\n");
    assert_false(is_there("h30"));
    check("_other/x.log", "other\nother\nother\nother\nother\n");
    assert_int_equal(t.tree->others, 5);
    add("h99", "other\n");
    add("h3", "own\n");
    write_all();
    assert_false(t.tree->beyond); /* said once */
    assert_int_equal(t.tree->others, 6);
    check("h3/x.log", "own\nown\n");
}

/* ---- what is in the way -------------------------------------------------------------------- */

static void a_link_is_never_followed(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_base("outside"), 0755), 0);
    assert_int_equal(symlink("outside", in_base("web")), 0);
    add("db", "1\n");
    add("web", "2\n");
    add("new", "3\n");
    add("web", "4\n");
    write_all();
    assert_false(is_there("outside/x.log"));
    check("_other/x.log", "2\n4\n");
    check("db/x.log", "1\n");
    assert_int_equal(t.tree->refused, 1);
    assert_non_null(strstr(t.tree->refused_why.text, "web/x.log"));
    assert_int_equal(t.tree->others, 2);
}

static void a_file_with_two_names_is_not_written(void **state)
{
    (void)state;
    rig_write_file(in_base("secret"), "secret\n");
    assert_int_equal(mkdir(in_base("web"), 0755), 0);
    assert_int_equal(link(in_base("secret"), in_base("web/x.log")), 0);
    add("web", "1\n");
    write_all();
    check("secret", "secret\n");
    check("_other/x.log", "1\n");
}

static void what_is_refused_is_tried_again_and_told_once(void **state)
{
    (void)state;
    rig_write_file(in_base("web"), ""); /* no folder */
    add("web", "1\n");
    write_all();
    assert_int_equal(t.tree->refused, 1);
    add("web", "2\n");
    write_all();
    t.now_ns += 1000000000;
    add("web", "3\n");
    write_all();
    assert_int_equal(t.tree->refused, 0);
    check("_other/x.log", "1\n2\n3\n");
    assert_int_equal(unlink(in_base("web")), 0);
    add("web", "4\n"); /* not yet */
    write_all();
    t.now_ns += 1000000000;
    add("web", "5\n");
    write_all();
    check("_other/x.log", "1\n2\n3\n4\n");
    check("web/x.log", "5\n");
}

static void what_several_files_refuse_keeps_its_order(void **state)
{
    (void)state;
    rig_write_file(in_base("a"), "");
    rig_write_file(in_base("b"), "");
    add("a", "1\n");
    add("b", "2\n");
    add("_other", "3\n");
    add("b", "4\n");
    add("a", "5\n");
    add("b", "6\n");
    write_all();
    check("_other/x.log", "1\n2\n3\n4\n5\n6\n");
    assert_int_equal(t.tree->refused, 2);
}

static void without_a_way_to_other_entries_wait(void **state)
{
    (void)state;
    assert_int_equal(symlink("/etc", in_base("_other")), 0);
    assert_int_equal(symlink("/etc", in_base("web")), 0);
    add("web", "1\n");
    add("db", "2\n");
    assert_int_equal(write_once(), ELOOP);
    assert_non_null(strstr(t.tree->why.text, "_other"));
    assert_int_equal(outbox_ledger(t.outbox)->queued, 1);
    assert_int_equal(unlink(in_base("_other")), 0);
    write_all();
    check("_other/x.log", "1\n");
    check("db/x.log", "2\n");
}

/* A limit of the kernel for the size of files plays the full disk that has room elsewhere. */
static void a_line_that_broke_off_is_whole_in_other_and_marked_in_its_own(void **state)
{
    struct rlimit few = {.rlim_cur = 10, .rlim_max = t.sizes.rlim_max};

    (void)state;
    add("web", "123456\n");
    write_all();
    add("web", "abcdef\n");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
    write_all();
    setrlimit(RLIMIT_FSIZE, &t.sizes);
    check("web/x.log", "123456\nabc");
    check("_other/x.log", "abcdef\n");
    t.now_ns += 1000000000;
    add("web", "ghi\n");
    write_all();
    check("web/x.log", "123456\nabc \\[torn]\nghi\n");
    assert_int_equal(outbox_ledger(t.outbox)->written, 3);
}

static void a_moved_file_is_opened_anew(void **state)
{
    (void)state;
    add("web", "1\n");
    write_all();
    assert_int_equal(rename(in_base("web/x.log"), in_base("web/x.1")), 0);
    add("web", "2\n");
    write_all();
    check("web/x.1", "1\n");
    check("web/x.log", "2\n");
    t.tree->reopen = true;
    write_all();
    assert_int_equal(t.tree->tree.open_count, 0);
}

static void a_base_folder_that_is_replaced_is_found(void **state)
{
    char moved[80];

    (void)state;
    add("web", "1\n");
    write_all();
    snprintf(moved, sizeof moved, "%.60sold", t.base);
    moved[strlen(t.base) - 1] = '-';
    assert_int_equal(rename(t.base, moved), 0);
    add("web", "2\n");
    write_all();
    check("web/x.log", "2\n");
    assert_int_equal(rename(moved, in_base("old")), 0);
    check("old/web/x.log", "1\n");
}

/* ---- time ---------------------------------------------------------------------------------- */

static void when_the_hour_moves_on_paths_are_counted_anew(void **state)
{
    char name[16];

    (void)state;
    for (unsigned i = 0; i < MAX_PATHS + 1; i++) {
        snprintf(name, sizeof name, "h%u", i);
        add(name, "1\n");
    }
    t.now_ns += 3600ll * 1000000000;
    for (unsigned i = 0; i < MAX_PATHS + 2; i++) {
        snprintf(name, sizeof name, "n%u", i);
        add(name, "2\n");
    }
    write_all();
    check("_other-12.log", "1\n");
    check("_other-13.log", "2\n2\n");
    check("h3-12.log", "1\n");
    check("n29-13.log", "2\n");
    assert_int_equal(log_tree_paths(&t.tree->tree), MAX_PATHS);
    assert_int_equal(t.tree->others, 3);
}

/* ---- notices ------------------------------------------------------------------------------- */

static void notices_go_to_other(void **state)
{
    (void)state;
    outbox_set_policy(t.outbox, OUTBOX_DROP_OLDEST);
    outbox_set_notices(t.outbox, NOTICE_TEXT, "all", false);
    add("web", "1\n");
    assert_true(outbox_make_room(t.outbox));
    add("web", "2\n");
    write_all();
    check("web/x.log", "2\n");
    assert_non_null(strstr(rig_read_file(in_base("_other/x.log"), NULL),
                           "--- logboom: sink all dropped 1 entries (full)"));
    assert_int_equal(t.tree->others, 0); /* no entry */
    assert_int_equal(outbox_ledger(t.outbox)->notices, 1);
}

static void a_notice_alone_goes_to_the_other_of_now(void **state)
{
    (void)state;
    outbox_set_policy(t.outbox, OUTBOX_DROP_OLDEST);
    outbox_set_notices(t.outbox, NOTICE_TEXT, "all", false);
    add("web", "1\n");
    assert_true(outbox_make_room(t.outbox));
    t.now_ns += 3600ll * 1000000000;
    write_all();
    assert_true(is_there("_other-13.log"));
    assert_false(is_there("_other-12.log"));
}

static void last_words_go_to_other(void **state)
{
    (void)state;
    t.tree->now_ns = t.now_ns;
    assert_true(sink_tree_say(t.tree, "bye\n", 4));
    check("_other/x.log", "bye\n");
}

int main(void)
{
#define TEST(test)  cmocka_unit_test_setup_teardown(test, with_hosts, all_is_gone)
#define HOURS(test) cmocka_unit_test_setup_teardown(test, with_hours, all_is_gone)
    const struct CMUnitTest tests[] = {
        TEST(each_line_goes_to_its_file),
        TEST(whatever_the_order_each_file_has_its_lines_in_theirs),
        TEST(paths_beyond_max_paths_go_to_other),
        TEST(a_link_is_never_followed),
        TEST(a_file_with_two_names_is_not_written),
        TEST(what_is_refused_is_tried_again_and_told_once),
        TEST(what_several_files_refuse_keeps_its_order),
        TEST(without_a_way_to_other_entries_wait),
        TEST(a_line_that_broke_off_is_whole_in_other_and_marked_in_its_own),
        TEST(a_moved_file_is_opened_anew),
        TEST(a_base_folder_that_is_replaced_is_found),
        HOURS(when_the_hour_moves_on_paths_are_counted_anew),
        TEST(notices_go_to_other),
        HOURS(a_notice_alone_goes_to_the_other_of_now),
        TEST(last_words_go_to_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
