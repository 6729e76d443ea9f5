/* status.c - what is gathered is what a real sink and its outbox say, and fits its JSON. */
#include "status/status.h"

#include <sys/resource.h>

#include "conf/nanoseconds.h"
#include "status/status_json.h"
#include "tests/unit/aggregate/json_check.h"
#include "tests/unit/sink/sink_rig.h"

static struct sink_rig rig;
static struct status status;
static struct aggregate *aggregate;
static struct zmq_watch watch = {.turn_count = 7, .busy_turn_count = 3};
static struct status_config config = {.path = "logboom.yaml", .loaded_ns = 1795404852123456789};
static struct status_parted leaving, left;
static const struct status_last_stop last_stop = {.how = STATUS_LAST_STOP_LOSSES,
                                                  .at_ns = 1795404852123456789};

static int begin(void **state)
{
    (void)state;
    rig_open(&rig);
    aggregate = aggregate_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    status_fini(&status);
    aggregate_free(&aggregate);
    rig_close(&rig);
    return 0;
}

static void gather(struct status_source_sink *source)
{
    struct status_sources sources = {
        .now_ms = 10000,
        .ready_ms = 4000,
        .sinks = source,
        .sink_count = 1,
        .budget = &rig.budget,
        .resident_bytes = 12345678,
        .aggregate = aggregate,
        .watch = &watch,
        .config = &config,
        .last_stop = &last_stop,
        .leaving = &leaving,
        .left = &left,
    };

    source->sink = rig.sink.sink;
    source->outbox = rig.sink.outbox;
    status_gather(&sources, &status);
}

static void a_sink_is_shown_as_it_is(void **state)
{
    struct status_source_sink source = {.blocked_total_ms = 500};

    (void)state;
    rig_open_sink(&rig, &rig.sink);
    gather(&source);
    assert_int_equal(status.uptime_ms, 6000);
    assert_int_equal(status.resident_bytes, 12345678);
    assert_int_equal(status.turns, 7);
    assert_string_equal(status.config.path, "logboom.yaml");
    assert_string_equal(status.sentence, "fine");
    assert_int_equal(status.sink_count, 1);
    assert_string_equal(status.sinks[0].target, rig.sink.path);
    assert_string_equal(status.sinks[0].trouble, "");
    assert_true(status.sinks[0].is_up);
    assert_int_equal(status.sinks[0].queue_bytes, 0);
    assert_int_equal(status.sinks[0].queue_limit_bytes, RIG_BLOCKS * BLOCK_CAP_MIN);
    assert_int_equal(status.sinks[0].oldest_ms, 0);
    assert_int_equal(status.sinks[0].blocked_total_ms, 500);
}

static void a_full_sink_shows_its_queue_and_why(void **state)
{
    struct status_source_sink source = {.blocked_since_ms = 7000, .blocked_total_ms = 500};
    int64_t received_ns = clock_nanoseconds(CLOCK_REALTIME) - 5000000000;

    (void)state;
    rig_open_sink(&rig, &rig.sink);
    for (unsigned i = 1; i <= RIG_BLOCKS; i++)
        memset(outbox_add(rig.sink.outbox, outbox_longest(rig.sink.outbox), i, received_ns), '\n',
               outbox_longest(rig.sink.outbox));
    gather(&source);
    assert_string_equal(status.sinks[0].trouble, "its disk does not finish a write");
    assert_int_equal(status.sinks[0].blocked_ms, 3000);
    assert_int_equal(status.sinks[0].blocked_total_ms, 3500);
    assert_in_range(status.sinks[0].oldest_ms, 5000, 60000);
    assert_in_range(status.sinks[0].queue_bytes, status.sinks[0].queue_limit_bytes * 9 / 10,
                    status.sinks[0].queue_limit_bytes);
    assert_int_equal(status.sinks[0].ledger.queued, RIG_BLOCKS);
    outbox_drop_all(rig.sink.outbox, DROP_SHUTDOWN);
}

/* The longest texts, every byte of them to be escaped, and the largest numbers. */
static void the_json_of_the_worst_part_fits(void **state)
{
    static char text[64 * 1024];
    struct status_source_sink source = {.blocked_total_ms = 0};
    size_t small, bytes = status_json_bytes(1, 1);
    struct json_out out;

    (void)state;
    rig_open_sink(&rig, &rig.sink);
    gather(&source);
    json_begin(&out, text, bytes);
    json_object(&out, NULL);
    status_write_json(&status, &out);
    json_end_object(&out);
    assert_true(json_end(&out));
    assert_ptr_equal(json_value(text, text + out.len), text + out.len);
    small = out.len;

    memset(status.sentence, 1, sizeof status.sentence - 1);
    memset(&status.config, 1, sizeof status.config);
    status.config.path[STATUS_TEXT_MAX - 1] = status.config.error[STATUS_TEXT_MAX - 1] = '\0';
    memset(status.sinks, 1, sizeof *status.sinks);
    memset(&status.sinks->ledger, 0xff, sizeof status.sinks->ledger);
    status.sinks->name[STATUS_NAME_MAX] = status.sinks->target[STATUS_TEXT_MAX - 1] = '\0';
    status.sinks->trouble[STATUS_TEXT_MAX - 1] = '\0';
    memset(status.shares, 0xff, sizeof status.shares);
    memset(status.last_stop.sentence, 1, sizeof status.last_stop.sentence - 1);
    memset(&status.left.ledger, 0xff, sizeof status.left.ledger);
    memset(status.leaving.names, 'a', sizeof status.leaving.names - 1); /* as rules.c has names */
    status.leaving.ledger = status.left.ledger;
    memset(&status.gate, 0xff, sizeof status.gate);
    json_begin(&out, text, bytes);
    json_object(&out, NULL);
    status_write_json(&status, &out);
    json_end_object(&out);
    assert_true(json_end(&out));
    assert_true(out.len > 2 * small);
    assert_ptr_equal(json_value(text, text + out.len), text + out.len);
}

/* However many leave, their names have a bound, and their sums are exact. */
static void those_that_leave_are_summed_up(void **state)
{
    const struct sink_ledger one = {.offered = 5, .written = 2, .queued = 3};
    struct status_parted parted = {.sinks = 0};

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        status_part(&parted, i % 2 ? "central" : "all", &one);
    assert_int_equal(parted.sinks, 100);
    assert_int_equal(parted.ledger.queued, 300);
    assert_true(sink_ledger_balances(&parted.ledger));
    assert_int_equal(strlen(parted.names), STATUS_TEXT_MAX - 1);
    assert_int_equal(strncmp(parted.names, "all central all ", 16), 0);
    status_part(&parted, NULL, &one);
    assert_int_equal(parted.sinks, 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(a_sink_is_shown_as_it_is),
        TEST(a_full_sink_shows_its_queue_and_why),
        TEST(the_json_of_the_worst_part_fits),
        TEST(those_that_leave_are_summed_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
