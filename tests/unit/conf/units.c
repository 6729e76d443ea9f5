/* units.c - sizes and times: read, refused, shown. */
#include "conf/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

struct reading {
    const char *text;
    uint64_t value;
};

static const struct reading sizes[] = {
    {"0", 0},
    {"0B", 0},
    {"1B", 1},
    {"64KiB", 65536},
    {"64MiB", 67108864},
    {"2GiB", 2147483648},
    {"3KB", 3000},
    {"3MB", 3000000},
    {"3GB", 3000000000},
    {"007KiB", 7168},
    {"18446744073709551615B", UINT64_MAX},
    {"17179869183GiB", 17179869183ull << 30},
};

static const struct reading times[] = {
    {"0", 0},       {"0ms", 0},      {"1ms", 1},        {"5s", 5000},
    {"2m", 120000}, {"1h", 3600000}, {"7d", 604800000}, {"18446744073709551615ms", UINT64_MAX},
};

static void sizes_carry_their_unit(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct conf_bytes size = {42};

        assert_int_equal(units_parse_bytes(sizes[i].text, &size, NULL), 0);
        assert_true(size.bytes == sizes[i].value);
    }
}

static void times_carry_their_unit(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        struct conf_ms time = {42};

        assert_int_equal(units_parse_ms(times[i].text, &time, NULL), 0);
        assert_true(time.ms == times[i].value);
    }
}

struct refusal {
    const char *text;
    const char *sentence;
};

static const struct refusal refused_sizes[] = {
    {"64", "'64' has no unit; write 64KiB or 64MiB (units are B, KiB, MiB, GiB, KB, MB or GB)"},
    {"64M", "'64M' has an unknown unit 'M'; write B, KiB, MiB, GiB, KB, MB or GB after the number"},
    {"64mib",
     "'64mib' has an unknown unit 'mib'; write B, KiB, MiB, GiB, KB, MB or GB after the number"},
    {"64 MiB", "'64 MiB' is not a size; write it without a space: 64MiB"},
    {"64 \tMiB", "'64 \tMiB' is not a size; write it without a space: 64MiB"},
    {"64 M",
     "'64 M' has an unknown unit ' M'; write B, KiB, MiB, GiB, KB, MB or GB after the number"},
    {"1.5GiB", "'1.5GiB' is not a size; write whole numbers, such as 1536MiB"},
    {"0.25 KiB", "'0.25 KiB' is not a size; write whole numbers, such as 256B"},
    {"1.0000000000000000001GiB",
     "'1.0000000000000000001GiB' is not a size; write whole numbers, such as 1GiB"},
    {"0.0001KiB", "'0.0001KiB' is not a size; write whole numbers, such as 64MiB"},
    {"99999999999.5GiB", "'99999999999.5GiB' is not a size; write whole numbers, such as 64MiB"},
    {"1.5", "'1.5' is not a size; write whole numbers, such as 64MiB"},
    {"1.5x", "'1.5x' is not a size; write whole numbers, such as 64MiB"},
    {"", "'' is not a size; write a whole number and B, KiB, MiB, GiB, KB, MB or GB"},
    {"MiB", "'MiB' is not a size; write a whole number and B, KiB, MiB, GiB, KB, MB or GB"},
    {"-1B", "'-1B' is not a size; write a whole number and B, KiB, MiB, GiB, KB, MB or GB"},
    {"auto", "'auto' is not a size; write a whole number and B, KiB, MiB, GiB, KB, MB or GB"},
    {"18446744073709551616B", "'18446744073709551616B' is too large a size"},
    {"17179869184GiB", "'17179869184GiB' is too large a size"},
};

static void what_is_no_size_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused_sizes); i++) {
        struct conf_bytes size = {42};
        struct err err;

        assert_int_equal(units_parse_bytes(refused_sizes[i].text, &size, &err), -1);
        assert_string_equal(err.text, refused_sizes[i].sentence);
        assert_true(size.bytes == 42);
    }
}

static const struct refusal refused_times[] = {
    {"5", "'5' has no unit; write 5ms or 5s (units are ms, s, m, h or d)"},
    {"5sec", "'5sec' has an unknown unit 'sec'; write ms, s, m, h or d after the number"},
    {"5KiB", "'5KiB' has an unknown unit 'KiB'; write ms, s, m, h or d after the number"},
    {"s", "'s' is not a time; write a whole number and ms, s, m, h or d"},
    {"1.5s", "'1.5s' is not a time; write whole numbers, such as 1500ms"},
    {"1,5m", "'1,5m' has an unknown unit ',5m'; write ms, s, m, h or d after the number"},
    {"5 s", "'5 s' is not a time; write it without a space: 5s"},
    {"213503982335d", "'213503982335d' is too large a time"},
};

static void what_is_no_time_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused_times); i++) {
        struct conf_ms time = {42};
        struct err err;

        assert_int_equal(units_parse_ms(refused_times[i].text, &time, &err), -1);
        assert_string_equal(err.text, refused_times[i].sentence);
        assert_true(time.ms == 42);
    }
}

static const struct reading shown_sizes[] = {
    {"0", 0},
    {"1B", 1},
    {"1023B", 1023},
    {"1KiB", 1024},
    {"1KB", 1000},
    {"1025B", 1025},
    {"64MiB", 67108864},
    {"1MB", 1000000},
    {"5GiB", 5368709120},
    {"1500KB", 1500000},
    {"18446744073709551615B", UINT64_MAX},
};

static const struct reading shown_times[] = {
    {"0", 0},      {"1ms", 1},         {"1500ms", 1500},  {"90s", 90000},
    {"1m", 60000}, {"36h", 129600000}, {"2d", 172800000}, {"18446744073709551615ms", UINT64_MAX},
};

static void the_shortest_exact_text_is_shown(void **state)
{
    char text[UNITS_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(shown_sizes); i++)
        assert_string_equal(units_show_bytes((struct conf_bytes){shown_sizes[i].value}, text),
                            shown_sizes[i].text);
    for (size_t i = 0; i < COUNT_OF(shown_times); i++)
        assert_string_equal(units_show_ms((struct conf_ms){shown_times[i].value}, text),
                            shown_times[i].text);
}

static void what_is_shown_reads_as_the_same_value(void **state)
{
    uint64_t value = 1;

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        struct conf_bytes size = {value >> (i % 60) << (i % 40)}, size_back = {0};
        struct conf_ms time = {size.bytes}, time_back = {0};
        char text[UNITS_TEXT_MAX];

        assert_int_equal(units_parse_bytes(units_show_bytes(size, text), &size_back, NULL), 0);
        assert_true(size_back.bytes == size.bytes);
        assert_int_equal(units_parse_ms(units_show_ms(time, text), &time_back, NULL), 0);
        assert_true(time_back.ms == time.ms);
        value = value * 6364136223846793005ull + 1442695040888963407ull;
    }
}

static void a_count_is_a_whole_number_alone(void **state)
{
    static const struct reading counts[] = {
        {"0", 0}, {"7", 7}, {"007", 7}, {"4294967295", UINT32_MAX}};
    static const char *const refused[] = {"",   "-1",   "+1",         "1.5",
                                          "1 ", "1KiB", "4294967296", "99999999999999999999999"};
    struct conf_count count;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        assert_int_equal(units_parse_count(counts[i].text, &count, &err), 0);
        assert_int_equal(count.count, counts[i].value);
    }
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        count.count = 42;
        assert_int_equal(units_parse_count(refused[i], &count, &err), -1);
        assert_int_equal(count.count, 42);
        assert_non_null(strstr(err.text, "count"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_carry_their_unit),
        cmocka_unit_test(times_carry_their_unit),
        cmocka_unit_test(what_is_no_size_is_refused_and_changes_nothing),
        cmocka_unit_test(what_is_no_time_is_refused_and_changes_nothing),
        cmocka_unit_test(the_shortest_exact_text_is_shown),
        cmocka_unit_test(what_is_shown_reads_as_the_same_value),
        cmocka_unit_test(a_count_is_a_whole_number_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
