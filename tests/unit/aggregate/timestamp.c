/* timestamp.c - RFC 3339 times and epoch numbers, read or refused. */
#include "aggregate/timestamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define NS              1000000000LL
#define NOVEMBER        1795404852LL /* 2026-11-23T03:34:12Z */

struct reading {
    const char *text;
    int64_t time_ns;
    uint8_t digits;
};

static const struct reading times[] = {
    {"2026-11-23T03:34:12Z", NOVEMBER *NS, 6},
    {"2026-11-23t03:34:12z", NOVEMBER *NS, 6},
    {"2026-11-23 03:34:12Z", NOVEMBER *NS, 6},
    {"2026-11-23T03:34:12+00:00", NOVEMBER *NS, 6},
    {"2026-11-23T03:34:12-00:00", NOVEMBER *NS, 6},
    {"2026-11-23T05:04:12+01:30", NOVEMBER *NS, 6},
    {"2026-11-23T05:04:12+0130", NOVEMBER *NS, 6},
    {"2026-11-23T05:34:12+02", NOVEMBER *NS, 6},
    {"2026-11-22T22:34:12-05:00", NOVEMBER *NS, 6},
    {"2026-11-24T03:33:12+23:59", NOVEMBER *NS, 6},
    {"2026-11-22T03:35:12-23:59", NOVEMBER *NS, 6},
    /* fractions */
    {"2026-11-23T03:34:12.0Z", NOVEMBER *NS, 6},
    {"2026-11-23T03:34:12.5Z", NOVEMBER *NS + 500000000, 6},
    {"2026-11-23T03:34:12,5Z", NOVEMBER *NS + 500000000, 6},
    {"2026-11-23T03:34:12.12Z", NOVEMBER *NS + 120000000, 6},
    {"2026-11-23T03:34:12.123Z", NOVEMBER *NS + 123000000, 6},
    {"2026-11-23T03:34:12.1234+00:00", NOVEMBER *NS + 123400000, 6},
    {"2026-11-23T03:34:12.12345Z", NOVEMBER *NS + 123450000, 6},
    {"2026-11-23T03:34:12.123456Z", NOVEMBER *NS + 123456000, 6},
    {"2026-11-23T03:34:12.1234567Z", NOVEMBER *NS + 123456700, 9},
    {"2026-11-23T03:34:12.12345678Z", NOVEMBER *NS + 123456780, 9},
    {"2026-11-23T03:34:12.123456789Z", NOVEMBER *NS + 123456789, 9},
    {"2026-11-23T03:34:12.999999Z", NOVEMBER *NS + 999999000, 6},
    {"2026-11-23T03:34:12.000001+00:00", NOVEMBER *NS + 1000, 6},
    {"2026-11-23T03:34:12,019283+00", NOVEMBER *NS + 19283000, 6},
    {"2026-11-23T03:34:12.123456000Z", NOVEMBER *NS + 123456000, 6},
    {"2026-11-23T03:34:12.1234567899Z", NOVEMBER *NS + 123456789, 9},
    {"2026-11-23T03:34:12.12345678999Z", NOVEMBER *NS + 123456789, 9},
    {"2026-11-23T03:34:12.123456789999Z", NOVEMBER *NS + 123456789, 9},
    {"2026-11-23T03:34:12.000000000001Z", NOVEMBER *NS, 6},
    {"2026-11-23T03:34:12.999999999-23:59", (NOVEMBER + 86340) * NS + 999999999, 9},
    /* the calendar */
    {"1970-01-01T00:00:00Z", 0, 6},
    {"1969-12-31T23:59:59Z", -NS, 6},
    {"1969-12-31T23:59:59.999999999Z", -1, 9},
    {"2000-02-29T23:59:59Z", 951868799 * NS, 6},
    {"2024-02-29T00:00:00Z", 1709164800 * NS, 6},
    {"2100-03-01T00:00:00Z", 4107542400 * NS, 6},
    {"1900-03-01T00:00:00Z", -2203891200 * NS, 6},
    {"2016-12-31T23:59:60Z", 1483228800 * NS, 6}, /* a leap second */
    {"2016-12-31T23:59:60.5Z", 1483228800 * NS + 500000000, 6},
    {"2017-01-01T00:59:60+01:00", 1483228800 * NS, 6},
    {"2024-02-28T23:30:00-00:45", 1709165700 * NS, 6}, /* over midnight into a leap day */
    {"2023-02-28T23:30:00-00:45", 1677629700 * NS, 6}, /* and into March */
    {"2024-03-01T00:30:00+00:45", 1709250300 * NS, 6},
    {"2025-01-01T00:30:00+14:00", 1735641000 * NS, 6},
    {"2024-12-31T23:30:00-12:00", 1735731000 * NS, 6},
    {"2015-06-30T23:59:60Z", 1435708800 * NS, 6},
    {"2015-07-01T01:59:60+02:00", 1435708800 * NS, 6},
    {"2038-01-19T03:14:07Z", 2147483647 * NS, 6}, /* where 32 bits end */
    {"2038-01-19T03:14:08Z", 2147483648 * NS, 6},
    {"2106-02-07T06:28:16Z", 4294967296 * NS, 6},
    {"1678-01-01T00:00:00Z", -9214560000 * NS, 6},
    {"2261-12-31T23:59:59.999999999Z", 9214646399 * NS + 999999999, 9},
    {"1678-01-01T00:00:00+23:59", (-9214560000 - 86340) * NS, 6},
    {"2261-12-31T23:59:60.999999999-23:59", (9214646400 + 86340) * NS + 999999999, 9},
};

static const char *const nonsense[] = {
    "",
    "2026",
    "now",
    "2026-11-23",
    "2026-11-23T03:34:12", /* no offset */
    "2026-11-23T03:34:12.5",
    "2026-11-23T03:34Z",
    "2026-11-23T03:34:1Z",
    "2026-11-23T03:34:12.Z", /* no digit */
    "2026-11-23T03:34:12.+00:00",
    "2026-11-23T03:34:12ZZ",
    "2026-11-23T03:34:12Z ",
    " 2026-11-23T03:34:12Z",
    "2026-11-23T03:34:12.5.5Z",
    "2026-11-23T03:34:12.12345/Z", /* next to the digits */
    "2026-11-23T03:34:12.:23456Z",
    "2026-11-23T03:34:12.123\x80\x34\x35\x36Z",
    "2026-11-23T03:34:12.123\xb4\x35\x36Z",
    "2026-11-23T03:34:12.123456",
    "2026-11-23T03:34:12.123456 ",
    "2015-06-30T23:59:61Z",
    "2026-11-23T03:34:61Z",
    "2026-11-23T03:60:12Z",
    "2026-11-23T24:00:00Z",
    "2026-11-00T03:34:12Z",
    "2026-11-31T03:34:12Z",
    "2026-02-29T03:34:12Z",
    "2100-02-29T03:34:12Z",
    "2000-02-30T03:34:12Z",
    "2026-00-23T03:34:12Z",
    "2026-13-23T03:34:12Z",
    "1677-12-31T23:59:59Z",
    "2262-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2026-11-23T03:34:12+24:00",
    "2026-11-23T03:34:12+00:60",
    "2026-11-23T03:34:12+1:00",
    "2026-11-23T03:34:12+01:0",
    "2026-11-23T03:34:12+01:000",
    "2026-11-23T03:34:12+010",
    "2026-11-23T03:34:12+01-00",
    "2026-11-23T03:34:12+",
    "2026-11-23T03:34:12 +01:00",
    "2026-11-23T03:34:12\xe2\x88\x92\x30\x31:00", /* a typographic minus */
    "2026/11/23T03:34:12Z",
    "2026-11-23_03:34:12Z",
    "2026-11-23T03.34.12Z",
    "+026-11-23T03:34:12Z",
    "2026-11-2xT03:34:12Z",
    "2O26-11-23T03:34:12Z",
    "20261123T033412Z    ",
    "1795404852",
    "................................",
};

static void assert_reads(struct timestamp_parser *parser, const struct reading *reading)
{
    int64_t time_ns = 42;
    uint8_t digits = 42;

    if (!timestamp_parse(parser, reading->text, strlen(reading->text), &time_ns, &digits))
        fail_msg("'%s' is refused", reading->text);
    if (time_ns != reading->time_ns || digits != reading->digits)
        fail_msg("'%s' is %lld with %u digits", reading->text, (long long)time_ns, digits);
}

static void assert_refuses(struct timestamp_parser *parser, const char *text, size_t len)
{
    int64_t time_ns = 42;
    uint8_t digits = 42;

    if (timestamp_parse(parser, text, len, &time_ns, &digits))
        fail_msg("'%s' is taken for %lld", text, (long long)time_ns);
    assert_true(time_ns == 42 && digits == 42);
}

static void times_are_read_by_a_new_parser_and_by_one_that_remembers(void **state)
{
    struct timestamp_parser old = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        struct timestamp_parser parser = {0};

        assert_reads(&parser, &times[i]);
        assert_reads(&parser, &times[i]);
        assert_reads(&old, &times[i]);
        assert_reads(&old, &times[roll(COUNT_OF(times))]);
    }
}

static void nonsense_is_refused_and_not_remembered(void **state)
{
    struct timestamp_parser old = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(nonsense); i++) {
        struct timestamp_parser parser = {0};

        assert_refuses(&parser, nonsense[i], strlen(nonsense[i]));
        assert_refuses(&old, nonsense[i], strlen(nonsense[i]));
        assert_refuses(&old, nonsense[i], strlen(nonsense[i]));
        assert_reads(&old, &times[0]);
    }
}

static void no_beginning_of_a_time_is_a_time(void **state)
{
    static const char whole[] = "2026-11-23T03:34:12.123456789+01:00";

    (void)state;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        struct timestamp_parser parser = {0};
        char *exact = malloc(len + 1); /* the sanitizers see past its end */

        memcpy(exact, whole, len);
        if (len != sizeof "2026-11-23T03:34:12.123456789+01" - 1)
            assert_refuses(&parser, exact, len);
        free(exact);
    }
}

static void a_new_parser_takes_no_zero_bytes_for_a_minute(void **state)
{
    static const char zeros[] = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0:12Z";
    struct timestamp_parser parser = {0};

    (void)state;
    assert_refuses(&parser, zeros, sizeof zeros - 1);
}

/* ---- numbers ------------------------------------------------------------------- */

static const struct reading numbers[] = {
    {"0", 0, 6},
    {"1", NS, 6},
    {"1795404852", NOVEMBER *NS, 6},
    {"1795404852.5", NOVEMBER *NS + 500000000, 6},
    {"1795404852.123456", NOVEMBER *NS + 123456000, 6},
    {"1795404852.123456789", NOVEMBER *NS + 123456789, 9},
    {"1795404852.1234567891", NOVEMBER *NS + 123456789, 9},
    {"1795404852123", NOVEMBER *NS + 123000000, 6},
    {"1795404852123.25", NOVEMBER *NS + 123250000, 6},
    {"1795404852123.456789", NOVEMBER *NS + 123456789, 9},
    {"1795404852123456", NOVEMBER *NS + 123456000, 6},
    {"1795404852123456.789", NOVEMBER *NS + 123456789, 9},
    {"1795404852123456789", NOVEMBER *NS + 123456789, 9},
    {"1795404852123456000", NOVEMBER *NS + 123456000, 6},
    {"1795404852123456789.9", NOVEMBER *NS + 123456789, 9},
    {"2147483647", 2147483647 * NS, 6}, /* where 32 bits end */
    {"2147483648", 2147483648 * NS, 6},
    {"4294967296", 4294967296 * NS, 6},
    {"9223372035", 9223372035 * NS, 6}, /* the last second that 64 bits hold */
    {"10000000000", 10000000 * NS, 6},  /* the first that is milliseconds */
    {"9223372036853", 9223372036853 * 1000000, 6},
    {"10000000000000", 10000000 * NS, 6},
    {"10000000000000000", 10000000 * NS, 6},
    {"9223372036854775806", INT64_MAX - 1, 9},
};

static const char *const no_numbers[] = {
    "",
    ".",
    ".5",
    "-1",
    "+1",
    "1e9",
    "1795404852 ",
    " 1795404852",
    "1,5",
    "0x10",
    "1.5.5",
    "1.5s",
    "null",
    "x",
    "1.",
    "9223372036",
    "9999999999",
    "9999999999999",
    "9223372036854775807",
    "9999999999999999999",
    "10000000000000000000",
    "99999999999999999999999999999999",
};

static void numbers_are_read_by_their_magnitude(void **state)
{
    int64_t time_ns;
    uint8_t digits;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        const struct reading *number = &numbers[i];

        if (!timestamp_parse_epoch(number->text, strlen(number->text), &time_ns, &digits))
            fail_msg("'%s' is refused", number->text);
        if (time_ns != number->time_ns || digits != number->digits)
            fail_msg("'%s' is %lld with %u digits", number->text, (long long)time_ns, digits);
    }
}

static void what_is_no_number_or_too_large_is_refused(void **state)
{
    int64_t time_ns = 42;
    uint8_t digits = 42;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(no_numbers); i++) {
        if (timestamp_parse_epoch(no_numbers[i], strlen(no_numbers[i]), &time_ns, &digits))
            fail_msg("'%s' is taken for %lld", no_numbers[i], (long long)time_ns);
        assert_true(time_ns == 42 && digits == 42);
    }
}

static void numbers_in_strings_have_nine_digits_or_more(void **state)
{
    static const char *const epochs[] = {"123456789", "1795404852", "1795404852.5", "179540485.",
                                         "1795404852123456789123"};
    static const char *const others[] = {"",           "2026",        "20261123",   "12345678.9",
                                         "123456789a", "-1795404852", "1795404852Z"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(epochs); i++)
        assert_true(timestamp_looks_like_epoch(epochs[i], strlen(epochs[i])));
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_false(timestamp_looks_like_epoch(others[i], strlen(others[i])));
}

static void digits_are_read_up_to_a_bound(void **state)
{
    static const char *const wrong[] = {"", "-1", "1.0", " 1", "101", "18446744073709551616", "x"};
    uint64_t value = 42;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(timestamp_read_digits(wrong[i], strlen(wrong[i]), 100, &value));
    assert_int_equal(value, 42);
    assert_true(timestamp_read_digits("100", 3, 100, &value));
    assert_int_equal(value, 100);
    assert_true(timestamp_read_digits("9999999999999999999", 19, UINT64_MAX, &value));
    assert_true(value == 9999999999999999999ULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_by_a_new_parser_and_by_one_that_remembers),
        cmocka_unit_test(nonsense_is_refused_and_not_remembered),
        cmocka_unit_test(no_beginning_of_a_time_is_a_time),
        cmocka_unit_test(a_new_parser_takes_no_zero_bytes_for_a_minute),
        cmocka_unit_test(numbers_are_read_by_their_magnitude),
        cmocka_unit_test(what_is_no_number_or_too_large_is_refused),
        cmocka_unit_test(numbers_in_strings_have_nine_digits_or_more),
        cmocka_unit_test(digits_are_read_up_to_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
