/* The engine of many files: jobs that the loop begins and ends, and the sink's life around
 * them. What a job does to files is in sink_tree.c. */
#include "aggregate/outbox_batch.h"
#include "tests/unit/aggregate/sample.h"
#include "tests/unit/sink/sink_rig.h"

static struct sink_rig t;
static struct sample sample;
static struct path_template *paths;
static char template[128];

static const struct sink_ledger *ledger(void)
{
    return outbox_ledger(t.sink.outbox);
}

static const char *in_folder(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", t.folder, name);
    return path;
}

static void add(const char *host, const char *line)
{
    struct entry *entry = sample_begin(&sample);
    struct label label;

    entry->host = sample_str(&sample, host);
    label = path_template_render(paths, entry, sample.base);
    assert_true(outbox_has_room(t.sink.outbox, strlen(line)));
    memcpy(outbox_add_labelled(t.sink.outbox, &label, strlen(line), ++t.sink.added, 1), line,
           strlen(line));
}

static int open_all(void **state)
{
    struct err err;

    (void)state;
    rig_open(&t);
    snprintf(template, sizeof template, "%s/{host}.log", t.folder);
    t.sink.conf.path = template;
    t.sink.conf.max_open.count = 2;
    t.sink.conf.max_paths.count = 3;
    paths = path_template_new(template, false, &err);
    outbox_label_entries(t.sink.outbox, path_template_longest(paths));
    return 0;
}

static int close_all(void **state)
{
    char command[96];

    (void)state;
    path_template_free(&paths);
    if (t.sink.sink)
        rig_close_sink(&t, &t.sink);
    snprintf(command, sizeof command, "rm -rf '%s'/*", t.folder);
    assert_int_equal(system(command), 0); /* NOLINT: a folder of our own */
    rig_close(&t);
    return 0;
}

static void entries_are_in_their_files_and_the_counts_say_so(void **state)
{
    struct sink_files files;

    (void)state;
    rig_open_sink(&t, &t.sink);
    assert_ptr_equal(t.sink.sink->engine, &engine_tree);
    assert_true(sink_files(t.sink.sink, &files) && files.paths == 0 && files.open == 0);
    for (unsigned i = 0; i < 4; i++) {
        char host[8];

        snprintf(host, sizeof host, "h%u", i);
        add(host, "1\n");
        add(host, "2\n");
    }
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(in_folder("h0.log"), "1\n2\n");
    rig_check_file(in_folder("h2.log"), "1\n2\n");
    rig_check_file(in_folder("_other.log"), "1\n2\n");
    assert_int_equal(ledger()->written, 8);
    assert_true(sink_files(t.sink.sink, &files));
    assert_true(files.paths == 3 && files.open == 2 && files.others == 2);
}

static void a_reopen_closes_all_files(void **state)
{
    struct sink_files files;

    (void)state;
    rig_open_sink(&t, &t.sink);
    add("a", "1\n");
    add("b", "1\n");
    rig_run_until_drained(&t, &t.sink);
    sink_reopen(t.sink.sink);
    while (t.sink.sink->state != SINK_IDLE)
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_true(sink_files(t.sink.sink, &files) && files.open == 0);
    add("a", "2\n");
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(in_folder("a.log"), "1\n2\n");
}

static void without_other_the_sink_is_down_until_somebody_mends_it(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("a.log"), 0700), 0);
    assert_int_equal(mkdir(in_folder("_other.log"), 0700), 0);
    rig_open_sink(&t, &t.sink);
    add("a", "1\n");
    add("b", "2\n");
    sink_flush(t.sink.sink);
    while (t.sink.sink->state != SINK_DOWN)
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_int_equal(sink_error(t.sink.sink), EISDIR);
    assert_true(ledger()->written == 1 && ledger()->queued == 1);
    assert_int_equal(rmdir(in_folder("_other.log")), 0);
    while (!sink_is_drained(t.sink.sink))
        uv_run(&t.loop, UV_RUN_ONCE);
    assert_int_equal(sink_error(t.sink.sink), 0);
    rig_check_file(in_folder("_other.log"), "1\n");
    rig_check_file(in_folder("b.log"), "2\n");
}

static void what_is_left_at_the_close_is_dropped_and_told_in_other(void **state)
{
    (void)state;
    outbox_set_notices(t.sink.outbox, NOTICE_TEXT, "all", false);
    rig_open_sink(&t, &t.sink);
    add("a", "1\n");
    rig_close_sink(&t, &t.sink);
    assert_int_equal(ledger()->dropped[DROP_SHUTDOWN], 1);
    assert_int_equal(ledger()->notices, 1);
    assert_non_null(strstr(rig_read_file(in_folder("_other.log"), NULL),
                           "--- logboom: sink all dropped 1 entries (shutdown)"));
}

static void a_close_waits_for_the_job(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    add("a", "1\n");
    sink_flush(t.sink.sink);
    assert_int_equal(ledger()->in_flight, 1);
    rig_close_sink(&t, &t.sink);
    assert_int_equal(ledger()->written, 1);
    rig_check_file(in_folder("a.log"), "1\n");
}

static void a_job_that_took_long_is_followed_by_a_large_one(void **state)
{
    (void)state;
    rig_open_sink(&t, &t.sink);
    t.sink.sink->tree->took_ms = 100;
    add("a", "1\n");
    sink_flush(t.sink.sink);
    assert_int_equal(t.sink.sink->state, SINK_IDLE); /* held back */
    while (!outbox_uses_blocks(t.sink.outbox, SINK_TREE_BLOCKS))
        add("a", "more\n");
    sink_flush(t.sink.sink);
    assert_int_equal(t.sink.sink->state, SINK_WRITING);
    rig_run_until_drained(&t, &t.sink);
    t.sink.sink->tree->took_ms = 100;
    add("b", "1\n"); /* and one alone is not held back for long */
    rig_run_until_drained(&t, &t.sink);
    rig_check_file(in_folder("b.log"), "1\n");
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)
    const struct CMUnitTest tests[] = {
        TEST(entries_are_in_their_files_and_the_counts_say_so),
        TEST(a_reopen_closes_all_files),
        TEST(without_other_the_sink_is_down_until_somebody_mends_it),
        TEST(what_is_left_at_the_close_is_dropped_and_told_in_other),
        TEST(a_close_waits_for_the_job),
        TEST(a_job_that_took_long_is_followed_by_a_large_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
