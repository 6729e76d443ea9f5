/* ledger.c - sums that hold, sums that do not, and how they are shown. */
#include "aggregate/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct endpoint_ledger endpoint = {
    .received = 10,
    .refused = {[REFUSE_FRAMES] = 1, [REFUSE_SHUTDOWN] = 2},
    .accepted = 7,
    .unrouted = 3,
    .routed = 4,
    .malformed = 5,
    .cut = 6,
    .messages = 8,
    .bytes = 99,
};

static const struct sink_ledger sink = {
    .offered = 10,
    .written = 1,
    .dropped = {[DROP_SHUTDOWN] = 2},
    .queued = 3,
    .in_flight = 4,
    .cut = 5,
    .notices = 6,
    .resent = 7,
    .written_bytes = 66,
    .queued_bytes = 77,
};

static void nothing_balances(void **state)
{
    (void)state;
    assert_true(endpoint_ledger_balances(&(struct endpoint_ledger){0}));
    assert_true(sink_ledger_balances(&(struct sink_ledger){0}));
}

static void an_endpoint_balances_until_an_entry_has_no_fate_or_two(void **state)
{
    (void)state;
    assert_true(endpoint_ledger_balances(&endpoint));
    for (unsigned i = 0; i < 6; i++) {
        struct endpoint_ledger off = endpoint;
        uint64_t *const parts[] = {&off.received,
                                   &off.accepted,
                                   &off.unrouted,
                                   &off.routed,
                                   &off.refused[REFUSE_FRAMES],
                                   &off.refused[REFUSE_SHUTDOWN]};

        ++*parts[i];
        assert_false(endpoint_ledger_balances(&off));
        *parts[i] -= 2;
        assert_false(endpoint_ledger_balances(&off));
    }
}

static void a_sink_balances_until_an_entry_has_no_fate_or_two(void **state)
{
    (void)state;
    assert_true(sink_ledger_balances(&sink));
    for (unsigned i = 0; i < 5; i++) {
        struct sink_ledger off = sink;
        uint64_t *const parts[] = {&off.offered, &off.written, &off.queued, &off.in_flight,
                                   &off.dropped[DROP_SHUTDOWN]};

        ++*parts[i];
        assert_false(sink_ledger_balances(&off));
        *parts[i] -= 2;
        assert_false(sink_ledger_balances(&off));
    }
}

static void marks_and_bytes_are_no_fates(void **state)
{
    struct endpoint_ledger marked = endpoint;
    struct sink_ledger cut = sink;

    (void)state;
    marked.malformed++;
    marked.cut++;
    marked.messages++;
    marked.bytes++;
    assert_true(endpoint_ledger_balances(&marked));
    cut.cut++;
    cut.written_bytes++;
    cut.queued_bytes++;
    assert_true(sink_ledger_balances(&cut));
}

static void reasons_add_up_and_have_names(void **state)
{
    (void)state;
    assert_int_equal(endpoint_ledger_refused(&endpoint), 3);
    assert_int_equal(sink_ledger_dropped(&sink), 2);
    for (unsigned i = 0; i < REFUSE_REASONS; i++)
        assert_non_null(refuse_reason_name(i));
    for (unsigned i = 0; i < DROP_REASONS; i++)
        assert_non_null(drop_reason_name(i));
}

static void ledgers_are_shown_with_the_reasons_that_occurred(void **state)
{
    struct endpoint_ledger one_reason = endpoint;
    char text[LEDGER_TEXT_MAX];

    (void)state;
    assert_string_equal(endpoint_ledger_show(&endpoint, text),
                        "received=10 refused=3{frames=1 shutdown=2} accepted=7 unrouted=3 "
                        "routed=4 malformed=5 cut=6 messages=8 bytes=99");
    one_reason.refused[REFUSE_FRAMES] = 0;
    assert_ptr_equal(endpoint_ledger_show(&one_reason, text), text);
    assert_non_null(strstr(text, " refused=2{shutdown=2} accepted="));
    assert_string_equal(sink_ledger_show(&sink, text),
                        "offered=10 written=1 dropped=2{shutdown=2} queued=3 in_flight=4 cut=5 "
                        "notices=6 bytes=66 resent=7");
    assert_string_equal(
        sink_ledger_show(&(struct sink_ledger){0}, text),
        "offered=0 written=0 dropped=0 queued=0 in_flight=0 cut=0 notices=0 bytes=0");
}

static void searches_that_were_given_up_are_shown_if_there_are_any(void **state)
{
    char text[LEDGER_TEXT_MAX];

    (void)state;
    assert_string_equal(sink_ledger_show(&(struct sink_ledger){.match_limit = 3}, text),
                        "offered=0 written=0 dropped=0 queued=0 in_flight=0 cut=0 notices=0 "
                        "bytes=0 match_limit=3");
    assert_true(sink_ledger_balances(&(struct sink_ledger){.match_limit = 3}));
}

static void sums_of_sinks_balance_like_one(void **state)
{
    struct sink_ledger sum = {.written = 0};

    (void)state;
    sink_ledger_add(&sum, &sink);
    assert_memory_equal(&sum, &sink, sizeof sum);
    sink_ledger_add(&sum, &sink);
    assert_true(sink_ledger_balances(&sum));
    assert_int_equal(sum.offered, 20);
    assert_int_equal(sum.dropped[DROP_SHUTDOWN], 4);
    assert_int_equal(sum.resent, 14);
    assert_int_equal(sum.written_bytes, 132);
}

static void the_largest_numbers_can_be_shown(void **state)
{
    struct endpoint_ledger full_endpoint;
    struct sink_ledger full_sink;
    char text[LEDGER_TEXT_MAX];

    (void)state;
    memset(&full_endpoint, 0xff, sizeof full_endpoint);
    memset(&full_sink, 0xff, sizeof full_sink);
    assert_non_null(
        strstr(endpoint_ledger_show(&full_endpoint, text), "bytes=18446744073709551615"));
    assert_non_null(strstr(sink_ledger_show(&full_sink, text), "bytes=18446744073709551615"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_balances),
        cmocka_unit_test(an_endpoint_balances_until_an_entry_has_no_fate_or_two),
        cmocka_unit_test(a_sink_balances_until_an_entry_has_no_fate_or_two),
        cmocka_unit_test(marks_and_bytes_are_no_fates),
        cmocka_unit_test(sums_of_sinks_balance_like_one),
        cmocka_unit_test(reasons_add_up_and_have_names),
        cmocka_unit_test(ledgers_are_shown_with_the_reasons_that_occurred),
        cmocka_unit_test(searches_that_were_given_up_are_shown_if_there_are_any),
        cmocka_unit_test(the_largest_numbers_can_be_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
