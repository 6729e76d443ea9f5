/* tls_records.c - what has arrived of records, by their encrypted bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink/tls_records.h"

static struct tls_records records;

static void a_record_arrives_with_its_last_byte(void **state)
{
    (void)state;
    tls_records_add(&records, 1022, 1000);
    tls_records_add(&records, 1544, 500);
    assert_int_equal(records.under_way, 1500);
    tls_records_arrived(&records, 1021);
    assert_int_equal(records.under_way, 1500);
    tls_records_arrived(&records, 1022);
    assert_int_equal(records.under_way, 500);
    tls_records_arrived(&records, 1543);
    assert_int_equal(records.under_way, 500);
    tls_records_arrived(&records, 1544);
    assert_int_equal(records.under_way, 0);
    assert_int_equal(records.count, 0);
}

static void what_is_no_record_is_counted_and_is_nothing(void **state)
{
    (void)state;
    tls_records_arrived(&records, 700); /* a handshake */
    tls_records_add(&records, 822, 100);
    tls_records_arrived(&records, 800);
    assert_int_equal(records.under_way, 100);
    tls_records_arrived(&records, 5000); /* an answer to the peer behind it */
    assert_int_equal(records.under_way, 0);
}

static void all_may_arrive_at_once(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 10; i++)
        tls_records_add(&records, 100 * i, 78);
    tls_records_arrived(&records, 1000);
    assert_int_equal(records.under_way, 0);
}

/* More than fit: the youngest are one, and arrive when the last of them does. */
static void the_youngest_are_taken_as_one(void **state)
{
    enum { MORE = 10 };

    (void)state;
    for (unsigned i = 1; i <= TLS_RECORDS_MAX + MORE; i++)
        tls_records_add(&records, 100 * i, 78);
    assert_int_equal(records.count, TLS_RECORDS_MAX);
    assert_int_equal(records.under_way, 78 * (TLS_RECORDS_MAX + MORE));
    tls_records_arrived(&records, 100 * (TLS_RECORDS_MAX + MORE) - 1);
    assert_int_equal(records.under_way, 78 * (MORE + 1));
    tls_records_arrived(&records, 100 * (TLS_RECORDS_MAX + MORE));
    assert_int_equal(records.under_way, 0);
}

/* At random, against a list that keeps each byte's record apart: never more has arrived than is
 * so, and all of it when all has. */
static void a_random_streak_never_says_too_much(void **state)
{
    enum { STEPS = 200000 };
    static uint64_t ends[STEPS], plains[STEPS];
    unsigned added = 0, arrived = 0;
    uint64_t end = 0, position = 0, under_way = 0;

    (void)state;
    srandom(5);
    for (unsigned i = 0; i < STEPS; i++) {
        if (random() % 3) {
            plains[added] = 1 + (uint64_t)random() % 16384;
            ends[added] = end += plains[added] + 22 + (random() % 50 ? 0 : 300);
            tls_records_add(&records, end, plains[added]);
            under_way += plains[added++];
        } else if (position < end) {
            position += (uint64_t)random() % (end - position + 1);
            tls_records_arrived(&records, position);
            for (; arrived < added && ends[arrived] <= position; arrived++)
                under_way -= plains[arrived];
        }
        assert_true(records.under_way >= under_way);
        if (records.count < TLS_RECORDS_MAX && added - arrived < TLS_RECORDS_MAX / 2)
            assert_true(records.count <= added - arrived);
    }
    tls_records_arrived(&records, end);
    assert_int_equal(records.under_way, 0);
}

static int none(void **state)
{
    (void)state;
    memset(&records, 0, sizeof records);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, none)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_arrives_with_its_last_byte),
        TEST(what_is_no_record_is_counted_and_is_nothing),
        TEST(all_may_arrive_at_once),
        TEST(the_youngest_are_taken_as_one),
        TEST(a_random_streak_never_says_too_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
