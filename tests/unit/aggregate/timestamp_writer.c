/* timestamp_writer.c - times written, in UTC and local, and read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "aggregate/timestamp.h"
#include "tests/unit/aggregate/dice.h"

#define NS       1000000000LL
#define NOVEMBER 1795404852LL /* 2026-11-23T03:34:12Z */

/* The text, of which length and touched bytes are checked. */
static const char *write_time(struct timestamp_writer *writer, int64_t time_ns, uint8_t digits)
{
    static char text[TIMESTAMP_MAX + 16];
    char *end;

    memset(text, '#', sizeof text);
    end = timestamp_write(writer, text, time_ns, digits);
    assert_ptr_equal(end, text + timestamp_len(writer, digits));
    for (unsigned i = TIMESTAMP_MAX; i < sizeof text; i++)
        assert_int_equal(text[i], '#');
    *end = '\0';
    return text;
}

static void zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

static void times_are_written_in_utc_or_in_local_time(void **state)
{
    struct timestamp_writer utc, local;

    (void)state;
    zone("XXX-5:30"); /* POSIX: east is negative */
    timestamp_writer_init(&utc, false);
    timestamp_writer_init(&local, true);
    assert_string_equal(write_time(&utc, NOVEMBER * NS + 123456789, 6),
                        "2026-11-23T03:34:12.123456Z");
    assert_string_equal(write_time(&utc, NOVEMBER * NS + 123456789, 9),
                        "2026-11-23T03:34:12.123456789Z");
    assert_string_equal(write_time(&local, NOVEMBER * NS, 6), "2026-11-23T09:04:12.000000+05:30");
    assert_string_equal(write_time(&local, NOVEMBER * NS + 7, 9),
                        "2026-11-23T09:04:12.000000007+05:30");
    assert_string_equal(write_time(&utc, 0, 6), "1970-01-01T00:00:00.000000Z");
    assert_string_equal(write_time(&utc, -1, 9), "1969-12-31T23:59:59.999999999Z");
}

static void local_time_follows_the_change_of_its_offset(void **state)
{
    struct timestamp_writer local;

    (void)state;
    zone("CET-1CEST,M3.5.0,M10.5.0/3");
    timestamp_writer_init(&local, true);
    assert_string_equal(write_time(&local, 1792889999 * NS, 6), "2026-10-25T02:59:59.000000+02:00");
    assert_string_equal(write_time(&local, 1792890000 * NS, 6), "2026-10-25T02:00:00.000000+01:00");
    zone("NST3:30");
    timestamp_writer_init(&local, true);
    assert_string_equal(write_time(&local, NOVEMBER * NS, 6), "2026-11-23T00:04:12.000000-03:30");
}

static void what_is_written_is_read_back_in_any_order(void **state)
{
    struct timestamp_parser parser = {0};
    struct timestamp_writer writers[2];

    (void)state;
    zone("XXX4:30");
    timestamp_writer_init(&writers[0], false);
    timestamp_writer_init(&writers[1], true);
    for (unsigned i = 0; i < 20000; i++) {
        int64_t second =
            roll(2) ? (int64_t)roll(200) - 100 : (int64_t)roll(4000000000u) * 4 - 8000000000;
        int64_t time_ns = second * NS + (roll(2) ? roll(1000000000) : 999999999 * roll(2));
        const char *text = write_time(&writers[roll(2)], time_ns, 9);
        int64_t read_ns;
        uint8_t digits;

        assert_true(timestamp_parse(&parser, text, strlen(text), &read_ns, &digits));
        assert_true(read_ns == time_ns && digits == (time_ns % 1000 ? 9 : 6));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_in_utc_or_in_local_time),
        cmocka_unit_test(local_time_follows_the_change_of_its_offset),
        cmocka_unit_test(what_is_written_is_read_back_in_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
