/* verdict.c - the sentence that is read first, and the word that scripts read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "status/status.h"

static struct status status;
static struct status_sink sinks[2];

/* Two sinks that are well, and three clients. */
static int all_well(void **state)
{
    (void)state;
    memset(sinks, 0, sizeof sinks);
    strcpy(sinks[0].name, "all");
    strcpy(sinks[1].name, "central");
    sinks[0].is_up = sinks[1].is_up = true;
    status = (struct status){.sinks = sinks,
                             .sink_count = 2,
                             .gate_is_on = true,
                             .waiting_clients = 3,
                             .stalled_by = -1};
    return 0;
}

static void check(enum status_verdict verdict, const char *sentence)
{
    status_judge(&status);
    assert_string_equal(status.sentence, sentence);
    assert_string_equal(status_verdict_name(status.verdict), status_verdict_name(verdict));
}

static void nothing_to_say_is_fine(void **state)
{
    (void)state;
    check(STATUS_FINE, "fine");
    status.phase = STATUS_STOPPING;
    check(STATUS_FINE, "fine, and stopping");
}

static void clients_that_find_no_place_are_told(void **state)
{
    (void)state;
    status.gate.doors_closed = 1;
    status.gate.slots_in_use = 128;
    check(STATUS_FINE,
          "fine, but newcomers find no place: 128 connections are open, and max_clients "
          "or the limit of descriptors allows no more");
    status.gate.slots_in_use = 1;
    check(STATUS_FINE,
          "fine, but newcomers find no place: 1 connection is open, and max_clients or "
          "the limit of descriptors allows no more");
    status.phase = STATUS_STOPPING; /* which closes doors, too */
    check(STATUS_FINE, "fine, and stopping");
}

static void a_second_without_an_entry_is_blocked(void **state)
{
    (void)state;
    status.stalled_by = 0;
    status.stalled_ms = 999;
    check(STATUS_FINE, "fine");
    status.stalled_ms = 1000;
    check(STATUS_BLOCKED, "BLOCKED 1 s by sink all: it is full; 3 clients waiting");
    strcpy(sinks[0].trouble, "No space left on device");
    status.stalled_ms = 41900;
    status.waiting_clients = 1;
    check(STATUS_BLOCKED, "BLOCKED 41 s by sink all: No space left on device; 1 client waiting");
    status.gate_is_on = false; /* nobody counts clients */
    check(STATUS_BLOCKED, "BLOCKED 41 s by sink all: No space left on device");
}

static void a_sink_that_drops_is_losing(void **state)
{
    (void)state;
    sinks[1].losing_ms = 3100;
    sinks[1].ledger.dropped[DROP_FULL] = 800;
    sinks[1].ledger.dropped[DROP_SUB_FULL] = 12;
    strcpy(sinks[1].trouble, "Connection refused");
    check(STATUS_LOSING,
          "LOSING 3 s at sink central: Connection refused; 812 entries dropped since "
          "the start");
    status.stalled_by = 0;
    status.stalled_ms = 5000;
    check(STATUS_BLOCKED, "BLOCKED 5 s by sink all: it is full; 3 clients waiting");
}

static void what_an_operator_drops_comes_last(void **state)
{
    (void)state;
    sinks[0].drops_all = true;
    sinks[0].ledger.dropped[DROP_OPERATOR] = 7;
    check(STATUS_LOSING, "LOSING at sink all: an operator said 'logboom sink all drop'; 7 entries "
                         "dropped so");
    sinks[0].losing_ms = 9000; /* of before */
    check(STATUS_LOSING, "LOSING at sink all: an operator said 'logboom sink all drop'; 7 entries "
                         "dropped so");
    sinks[1].losing_ms = 2000;
    check(STATUS_LOSING,
          "LOSING 2 s at sink central: it is full; 0 entries dropped since the start");
}

static void a_sink_that_is_down_loses_nothing_yet(void **state)
{
    (void)state;
    sinks[1].is_up = false;
    sinks[1].down_ms = 3000;
    sinks[1].ledger.queued = 10;
    sinks[1].ledger.in_flight = 2;
    strcpy(sinks[1].trouble, "Connection refused");
    check(STATUS_FINE,
          "fine, but sink central is down for 3 s: Connection refused; 12 entries wait "
          "there");
}

static void a_configuration_that_was_refused_is_told(void **state)
{
    (void)state;
    status.config.is_refused = true;
    strcpy(status.config.error, "logboom.yaml:3:1: there is no setting 'sink'");
    check(STATUS_FINE, "fine, but the configuration as it is now was refused: logboom.yaml:3:1: "
                       "there is no setting 'sink'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, all_well)
        TEST(nothing_to_say_is_fine),
        TEST(clients_that_find_no_place_are_told),
        TEST(a_second_without_an_entry_is_blocked),
        TEST(a_sink_that_drops_is_losing),
        TEST(what_an_operator_drops_comes_last),
        TEST(a_sink_that_is_down_loses_nothing_yet),
        TEST(a_configuration_that_was_refused_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
