/* file_walk.c - which files are a sink's own: those of its names, and no trap leads further. */
#include "tests/unit/logfile/folder_rig.h"

#include "logfile/file_walk.h"

static char found[32][64];
static unsigned found_count, found_max;

static bool on_file(void *context, struct walked_file *file)
{
    (void)context;
    if (!file_walk_look(file))
        return true;
    assert_true(S_ISREG(file->st.st_mode));
    snprintf(found[found_count++], sizeof found[0], "%s%s", file->name,
             file->is_rotated ? " rotated" : "");
    return found_count < found_max;
}

static enum walk_result walk(const char *text)
{
    struct file_pattern pattern;
    enum walk_result result;
    struct err err;

    found_count = 0;
    found_max = COUNT_OF(found);
    assert_int_equal(file_pattern_init(&pattern, text, &err), 0);
    result = file_walk(rig_folder, &pattern, on_file, NULL, &err);
    file_pattern_fini(&pattern);
    return result;
}

static bool was_found(const char *name)
{
    for (unsigned i = 0; i < found_count; i++)
        if (strcmp(found[i], name) == 0)
            return true;
    return false;
}

static void a_plain_sink_has_one_name(void **state)
{
    static const char *const decoys[] = {"app.log@notes",
                                         "app.log@20261125T211828.123456Z.bak",
                                         "app.log@20261125T211828.123456Z.zst.part",
                                         "app.log.1",
                                         "xapp.log@20261125T211828.123456Z",
                                         "app.logx@20261125T211828.123456Z",
                                         "app.log@x@20261125T211828.123456Z",
                                         "other.log",
                                         ".app.log.swp"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(decoys); i++)
        rig_put(decoys[i], 1);
    rig_put("app.log", 1);
    rig_put("app.log@20261125T211828.123456Z", 1);
    rig_put("app.log@20261125T211828.123457Z.zst", 1);
    rig_put("app.log@20261125T211828.123458Z.gz", 1);
    rig_put("app.log@20261125T211828.123459Z.part", 1);
    assert_int_equal(walk("app.log"), WALK_DONE);
    assert_int_equal(found_count, 5);
    assert_true(was_found("app.log"));
    assert_true(was_found("app.log@20261125T211828.123456Z rotated"));
    assert_true(was_found("app.log@20261125T211828.123457Z.zst rotated"));
    assert_true(was_found("app.log@20261125T211828.123458Z.gz rotated"));
    assert_true(was_found("app.log@20261125T211828.123459Z.part rotated"));
}

static void a_pattern_goes_through_folders(void **state)
{
    (void)state;
    rig_mkdir("shop");
    rig_mkdir("shop/logs");
    rig_mkdir("pay");
    rig_mkdir("pay/logs");
    rig_mkdir("pay/other");
    rig_mkdir(".git");
    rig_mkdir(".git/logs");
    rig_mkdir("a b");
    rig_mkdir("a b/logs");
    rig_put("shop/logs/a.log", 1);
    rig_put("shop/logs/a.log@20261125T211828.123456Z", 1);
    rig_put("shop/logs/a.txt", 1);
    rig_put("pay/logs/b.log", 1);
    rig_put("pay/other/c.log", 1);
    rig_put("pay/d.log", 1);
    rig_put(".git/logs/e.log", 1);
    rig_put("a b/logs/f.log", 1);
    rig_put("logs", 1);
    assert_int_equal(walk("*/logs/*.log"), WALK_DONE);
    assert_int_equal(found_count, 3);
    assert_true(was_found("a.log"));
    assert_true(was_found("a.log@20261125T211828.123456Z rotated"));
    assert_true(was_found("b.log"));
}

static void a_folder_may_be_a_date(void **state)
{
    (void)state;
    rig_mkdir("2026-11-25");
    rig_mkdir("2026-11-xx");
    rig_put("2026-11-25/a.log", 1);
    rig_put("2026-11-xx/b.log", 1);
    assert_int_equal(walk("\1\1\1\1-\1\1-\1\1/*.log"), WALK_DONE);
    assert_int_equal(found_count, 1);
    assert_true(was_found("a.log"));
}

static void no_link_is_followed_and_nothing_else_is_a_file(void **state)
{
    (void)state;
    rig_mkdir("real");
    rig_put("real/a.log", 1);
    rig_put("real/b.log", 1);
    assert_int_equal(symlinkat("real", rig_fd, "link"), 0);
    assert_int_equal(symlinkat("b.log", rig_fd, "real/c.log"), 0);
    assert_int_equal(symlinkat("nowhere", rig_fd, "real/d.log"), 0);
    assert_int_equal(linkat(rig_fd, "real/b.log", rig_fd, "real/e.log", 0), 0);
    assert_int_equal(mkfifoat(rig_fd, "real/f.log", 0600), 0);
    rig_mkdir("real/g.log@20261125T211828.123456Z");
    assert_int_equal(symlinkat("a.log", rig_fd, "real/h.log@20261125T211828.123456Z"), 0);
    assert_int_equal(walk("*/*.log"), WALK_DONE);
    assert_int_equal(found_count, 1); /* b.log has a second name */
    assert_true(was_found("a.log"));
    assert_int_equal(walk("link/*.log"), WALK_DONE);
    assert_int_equal(found_count, 0);
}

/* The folder itself is the operator's, who may have linked it. */
static void the_top_may_be_a_link_or_missing(void **state)
{
    struct file_pattern pattern;
    char path[128];
    struct err err;

    (void)state;
    found_count = 0;
    found_max = COUNT_OF(found);
    rig_mkdir("real");
    rig_put("real/a.log", 1);
    assert_int_equal(symlinkat("real", rig_fd, "link"), 0);
    assert_int_equal(file_pattern_init(&pattern, "a.log", &err), 0);
    snprintf(path, sizeof path, "%s/link", rig_folder);
    assert_int_equal(file_walk(path, &pattern, on_file, NULL, &err), WALK_DONE);
    assert_int_equal(found_count, 1);
    snprintf(path, sizeof path, "%s/missing", rig_folder);
    assert_int_equal(file_walk(path, &pattern, on_file, NULL, &err), WALK_DONE);
    snprintf(path, sizeof path, "%s/real/a.log", rig_folder);
    assert_int_equal(file_walk(path, &pattern, on_file, NULL, &err), WALK_FAILED);
    assert_non_null(strstr(err.text, "Not a directory"));
    assert_int_equal(found_count, 1);
    file_pattern_fini(&pattern);
}

static bool stop_early(void *context, struct walked_file *file)
{
    (void)file;
    return --*(unsigned *)context > 0;
}

static void a_callback_may_end_it(void **state)
{
    struct file_pattern pattern;
    unsigned left = 2;
    struct err err;

    (void)state;
    rig_mkdir("x");
    rig_mkdir("y");
    rig_put("x/a.log", 1);
    rig_put("x/b.log", 1);
    rig_put("y/a.log", 1);
    rig_put("y/b.log", 1);
    assert_int_equal(file_pattern_init(&pattern, "*/*.log", &err), 0);
    assert_int_equal(file_walk(rig_folder, &pattern, stop_early, &left, &err), WALK_STOPPED);
    assert_int_equal(left, 0);
    file_pattern_fini(&pattern);
}

/* The others are looked at all the same. */
static void a_folder_that_cannot_be_read_is_told(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip(); /* whom nothing is forbidden */
    rig_mkdir("a");
    rig_mkdir("b");
    rig_mkdir("c");
    rig_put("a/x.log", 1);
    rig_put("c/x.log", 1);
    assert_int_equal(fchmodat(rig_fd, "b", 0, 0), 0);
    assert_int_equal(walk("*/*.log"), WALK_FAILED);
    assert_int_equal(found_count, 2);
    assert_int_equal(fchmodat(rig_fd, "b", 0700, 0), 0);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(a_plain_sink_has_one_name),
        in_folder(a_pattern_goes_through_folders),
        in_folder(a_folder_may_be_a_date),
        in_folder(no_link_is_followed_and_nothing_else_is_a_file),
        in_folder(the_top_may_be_a_link_or_missing),
        in_folder(a_callback_may_end_it),
        in_folder(a_folder_that_cannot_be_read_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
