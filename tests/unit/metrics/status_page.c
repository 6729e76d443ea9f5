/* status_page.c - what a status says, a page says; and the worst page fits what is planned. */
#include "metrics/status_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARTS = 3 };

static struct status_endpoint endpoints[PARTS];
static struct status_sink sinks[PARTS];
static struct status status;
static char *text;
static size_t text_size;

static int with_a_status(void **state)
{
    (void)state;
    memset(endpoints, 0, sizeof endpoints);
    memset(sinks, 0, sizeof sinks);
    status = (struct status){.endpoints = endpoints,
                             .endpoint_count = 1,
                             .sinks = sinks,
                             .sink_count = 1,
                             .config.loaded_ns = 1795404852123456789};
    strcpy(endpoints[0].name, "apps");
    strcpy(sinks[0].name, "all");
    return 0;
}

static int forget(void **state)
{
    (void)state;
    free(text);
    text = NULL;
    return 0;
}

static struct page write_page(void)
{
    struct page page;

    forget(NULL);
    text_size = status_page_bytes(status.endpoint_count, status.sink_count);
    text = calloc(1, text_size + 1);
    page_begin(&page, text, text_size);
    status_write_page(&status, 1795404850500000000, &page);
    assert_true(page_end(&page));
    return page;
}

static void has(const char *line)
{
    char whole[256];

    snprintf(whole, sizeof whole, "\n%s\n", line);
    if (!strstr(text, whole))
        fail_msg("'%s' is not in\n%s", line, text);
}

static void an_endpoint_is_shown_as_it_is(void **state)
{
    (void)state;
    endpoints[0].ledger = (struct endpoint_ledger){.received = 9,
                                                   .refused[REFUSE_PICKLE] = 2,
                                                   .accepted = 7,
                                                   .unrouted = 1,
                                                   .malformed = 3,
                                                   .cut = 4,
                                                   .messages = 5,
                                                   .bytes = 600};
    endpoints[0].clients = 12;
    endpoints[0].closed[GATE_CUT_STUCK] = 8;
    endpoints[0].is_waiting = true;
    write_page();
    has("logboom_entries_received_total{endpoint=\"apps\"} 9");
    has("logboom_entries_refused_total{endpoint=\"apps\",reason=\"pickle\"} 2");
    has("logboom_entries_refused_total{endpoint=\"apps\",reason=\"frames\"} 0");
    has("logboom_entries_unrouted_total{endpoint=\"apps\"} 1");
    has("logboom_entries_malformed_total{endpoint=\"apps\"} 3");
    has("logboom_entries_cut_total{endpoint=\"apps\"} 4");
    has("logboom_messages_received_total{endpoint=\"apps\"} 5");
    has("logboom_received_bytes_total{endpoint=\"apps\"} 600");
    has("logboom_clients{endpoint=\"apps\"} 12");
    has("logboom_endpoint_waiting{endpoint=\"apps\"} 1");
    has("logboom_peers_closed_total{endpoint=\"apps\",reason=\"stuck\"} 8");
}

static void a_sink_is_shown_as_it_is(void **state)
{
    (void)state;
    sinks[0].ledger = (struct sink_ledger){.offered = 100,
                                           .written = 90,
                                           .dropped[DROP_FULL] = 4,
                                           .queued = 5,
                                           .in_flight = 1,
                                           .resent = 2,
                                           .written_bytes = 12345,
                                           .match_limit = 6};
    sinks[0].queue_bytes = 4096;
    sinks[0].queue_limit_bytes = 8192;
    sinks[0].oldest_ms = 1250;
    sinks[0].blocked_total_ms = 60000;
    write_page();
    has("logboom_entries_offered_total{sink=\"all\"} 100");
    has("logboom_entries_written_total{sink=\"all\"} 90");
    has("logboom_entries_dropped_total{sink=\"all\",reason=\"full\"} 4");
    has("logboom_entries_dropped_total{sink=\"all\",reason=\"operator\"} 0");
    has("logboom_entries_resent_total{sink=\"all\"} 2");
    has("logboom_written_bytes_total{sink=\"all\"} 12345");
    has("logboom_match_limit_total{sink=\"all\"} 6");
    has("logboom_queue_entries{sink=\"all\"} 6");
    has("logboom_queue_bytes{sink=\"all\"} 4096");
    has("logboom_queue_limit_bytes{sink=\"all\"} 8192");
    has("logboom_oldest_queued_seconds{sink=\"all\"} 1.25");
    has("logboom_blocked_seconds_total{sink=\"all\"} 60");
    has("logboom_sink_up{sink=\"all\"} 0");
    has("logboom_sink_drops_all{sink=\"all\"} 0");
    sinks[0].is_up = sinks[0].drops_all = true;
    write_page();
    has("logboom_sink_up{sink=\"all\"} 1");
    has("logboom_sink_drops_all{sink=\"all\"} 1");
}

static void buckets_are_cumulative(void **state)
{
    (void)state;
    latency_add(&sinks[0].latency, 100000, 7);
    latency_add(&sinks[0].latency, 400000, 5);
    latency_add(&sinks[0].latency, 90000000000, 2);
    write_page();
    has("# TYPE logboom_delivery_seconds histogram");
    has("logboom_delivery_seconds_bucket{sink=\"all\",le=\"0.0001\"} 7");
    has("logboom_delivery_seconds_bucket{sink=\"all\",le=\"0.00025\"} 7");
    has("logboom_delivery_seconds_bucket{sink=\"all\",le=\"0.0005\"} 12");
    has("logboom_delivery_seconds_bucket{sink=\"all\",le=\"60\"} 12");
    has("logboom_delivery_seconds_bucket{sink=\"all\",le=\"+Inf\"} 14");
    has("logboom_delivery_seconds_sum{sink=\"all\"} 180.0027");
    has("logboom_delivery_seconds_count{sink=\"all\"} 14");
}

static void the_daemon_is_shown_as_it_is(void **state)
{
    (void)state;
    status.cap_bytes = 64 << 20;
    status.resident_bytes = 9 << 20;
    status.resident_peak_bytes = 10 << 20;
    status.cpu_us = 1250000;
    status.shares[BUDGET_BLOCKS] =
        (struct budget_use){.used_bytes = 1, .peak_bytes = 2, .limit_bytes = 3, .refused = 4};
    status.gate_is_on = true;
    status.not_let_in = 11;
    status.gate.turned_away = 12;
    status.phase = STATUS_STOPPING;
    write_page();
    has("logboom_memory_cap_bytes 67108864");
    has("logboom_memory_resident_peak_bytes 10485760");
    has("process_resident_memory_bytes 9437184");
    has("process_cpu_seconds_total 1.25");
    has("process_start_time_seconds 1795404850.5");
    has("logboom_memory_bytes{share=\"blocks\"} 1");
    has("logboom_memory_peak_bytes{share=\"blocks\"} 2");
    has("logboom_memory_limit_bytes{share=\"blocks\"} 3");
    has("logboom_memory_refused_total{share=\"blocks\"} 4");
    has("logboom_gate_active 1");
    has("logboom_clients_not_let_in_total 11");
    has("logboom_clients_turned_away_total 12");
    has("logboom_config_reload_ok 1");
    has("logboom_config_loaded_timestamp_seconds 1795404852.123");
    has("logboom_draining 1");
    has("logboom_build_info{version=\"" LOGBOOM_VERSION "\"} 1");
    status.config.is_refused = true;
    status.gate_is_on = false;
    write_page();
    has("logboom_config_reload_ok 0");
    has("logboom_gate_active 0");
}

/* Every byte of a name is escaped, and every number the largest. */
static void the_worst_page_fits(void **state)
{
    size_t small;

    (void)state;
    small = write_page().len;
    memset(endpoints, 0xff, sizeof endpoints);
    memset(sinks, 0xff, sizeof sinks);
    for (unsigned i = 0; i < PARTS; i++) {
        memset(endpoints[i].name, '"', STATUS_NAME_MAX);
        memset(sinks[i].name, '\n', STATUS_NAME_MAX);
        endpoints[i].name[STATUS_NAME_MAX] = sinks[i].name[STATUS_NAME_MAX] = '\0';
        endpoints[i].is_waiting = sinks[i].is_up = sinks[i].drops_all = true;
    }
    memset(status.shares, 0xff, sizeof status.shares);
    memset(&status.gate, 0xff, sizeof status.gate);
    status.cap_bytes = status.resident_bytes = status.resident_peak_bytes = SIZE_MAX;
    for (unsigned parts = 0; parts <= PARTS; parts++) {
        status.endpoint_count = status.sink_count = parts;
        write_page();
    }
    assert_true(write_page().len > 2 * small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, with_a_status, forget)
        TEST(an_endpoint_is_shown_as_it_is), TEST(a_sink_is_shown_as_it_is),
        TEST(buckets_are_cumulative),        TEST(the_daemon_is_shown_as_it_is),
        TEST(the_worst_page_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
