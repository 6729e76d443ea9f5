/* page.c - the text format, to the byte. */
#include "metrics/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char text[512];
static struct page page;

static int anew(void **state)
{
    (void)state;
    memset(text, '~', sizeof text);
    page_begin(&page, text, sizeof text);
    return 0;
}

static void is(const char *expected)
{
    assert_true(page_end(&page));
    assert_int_equal(page.len, strlen(expected));
    assert_memory_equal(text, expected, page.len);
    assert_int_equal(text[page.len], '~');
}

static void a_family_and_its_samples(void **state)
{
    (void)state;
    page_family(&page, "clients", "gauge", "Who is there.");
    page_sample(&page, "");
    page_number(&page, 3);
    page_sample(&page, "");
    page_label(&page, "endpoint", "apps");
    page_label(&page, "reason", "old");
    page_number(&page, UINT64_MAX);
    page_sample(&page, "_bucket");
    page_decimal_label(&page, "le", 250, 6);
    page_decimal(&page, 1500, 3);
    is("# HELP clients Who is there.\n"
       "# TYPE clients gauge\n"
       "clients 3\n"
       "clients{endpoint=\"apps\",reason=\"old\"} 18446744073709551615\n"
       "clients_bucket{le=\"0.00025\"} 1.5\n");
}

static void labels_are_escaped(void **state)
{
    (void)state;
    page_family(&page, "x", "gauge", "X.");
    page_sample(&page, "");
    page_label(&page, "name", "a\\b\"c\nd\xc3\xa9");
    page_number(&page, 0);
    is("# HELP x X.\n# TYPE x gauge\nx{name=\"a\\\\b\\\"c\\nd\xc3\xa9\"} 0\n");
}

static void decimals_have_no_zeros_that_say_nothing(void **state)
{
    static const struct {
        uint64_t amount;
        unsigned places;
        const char *expected;
    } cases[] = {
        {0, 0, "x 0\n"},
        {0, 3, "x 0\n"},
        {1, 3, "x 0.001\n"},
        {10, 3, "x 0.01\n"},
        {1000, 3, "x 1\n"},
        {1001000, 3, "x 1001\n"},
        {100, 0, "x 100\n"},
        {12345678, 6, "x 12.345678\n"},
        {1000001, 6, "x 1.000001\n"},
        {UINT64_MAX, 6, "x 18446744073709.551615\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        anew(state);
        page.family = "x";
        page_sample(&page, "");
        page_decimal(&page, cases[i].amount, cases[i].places);
        is(cases[i].expected);
    }
}

/* One byte less than it needs, down to none: no byte behind the end is touched. */
static void what_does_not_fit_is_no_page(void **state)
{
    size_t whole;

    a_family_and_its_samples(state);
    whole = page.len;
    for (size_t size = 0; size < whole; size++) {
        memset(text, '~', sizeof text);
        page_begin(&page, text, size);
        page_family(&page, "clients", "gauge", "Who is there.");
        page_sample(&page, "");
        page_number(&page, 3);
        page_sample(&page, "");
        page_label(&page, "endpoint", "apps");
        page_label(&page, "reason", "old");
        page_number(&page, UINT64_MAX);
        page_sample(&page, "_bucket");
        page_decimal_label(&page, "le", 250, 6);
        page_decimal(&page, 1500, 3);
        assert_false(page_end(&page));
        assert_int_equal(text[size], '~');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, anew)
        TEST(a_family_and_its_samples),
        TEST(labels_are_escaped),
        TEST(decimals_have_no_zeros_that_say_nothing),
        TEST(what_does_not_fit_is_no_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
