/* render_logfmt.c - entries as key=value pairs that their readers take apart again. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/rendered.h"

enum { STREAK = 20000 };

#define BEGIN "time=2026-11-23T03:34:12.123456Z"

static void a_clean_entry_is_pairs(void **state)
{
    (void)state;
    sample_full(&sample);
    assert_string_equal(shown("logfmt"), BEGIN " level=info host=web1 app=shop topic=orders.eu "
                                               "msg=\"order placed\" user=ada total=12.50\n");
}

static void what_is_empty_is_left_out_but_the_message(void **state)
{
    (void)state;
    sample_begin(&sample)->level = LEVEL_NONE;
    assert_string_equal(shown("logfmt"), BEGIN " msg=\"\"\n");
}

static void values_are_quoted_where_there_is_doubt(void **state)
{
    (void)state;
    sample_begin(&sample)->level = LEVEL_NONE;
    sample.entry->text = sample_str(&sample, "caf\xc3\xa9");
    sample_field(&sample, "eq", sample_str(&sample, "a=b"));
    sample_field(&sample, "quote", sample_str(&sample, "a\"b"));
    sample_field(&sample, "nl", sample_str(&sample, "a\nb\\"));
    sample_field(&sample, "list", sample_literal(&sample, "[1,2]"));
    sample_field(&sample, "object", sample_literal(&sample, "{\"a\":1}"));
    sample_field(&sample, "", sample_str(&sample, ""));
    sample_field(&sample, "k = \"q\"", sample_str(&sample, "v"));
    assert_string_equal(shown("logfmt"),
                        BEGIN " msg=caf\xc3\xa9 eq=\"a=b\" quote=\"a\\\"b\" nl=\"a\\nb\\\\\" "
                              "list=[1,2] object=\"{\\\"a\\\":1}\" _=\"\" "
                              "k\\x20\\x3d\\x20\\x22q\\x22=v\n");
}

/* A field always has a value, so it cannot look like that. */
static void what_only_we_may_say_has_no_value(void **state)
{
    (void)state;
    sample_begin(&sample)->malformed = true;
    sample.entry->cut = true;
    sample_field(&sample, "cut", sample_str(&sample, ""));
    assert_string_equal(shown("logfmt"), BEGIN " level=info msg=\"\" cut=\"\" malformed cut\n");
}

/* ---- a strict reader ------------------------------------------------------------------------- */

static const char *skip_quoted(const char *at)
{
    while (*at != '"') {
        assert_true((unsigned char)*at >= ' ');
        if (*at == '\\')
            assert_non_null(strchr("\"\\nrtu", *++at));
        at++;
    }
    return at + 1;
}

static const char *skip_pair(const char *at)
{
    size_t len = strcspn(at, "= \n\"");

    assert_true(len > 0);
    at += len;
    if (*at == ' ' || *at == '\n')
        return at;
    assert_int_equal(*at, '=');
    if (at[1] == '"')
        return skip_quoted(at + 2);
    return at + 1 + strcspn(at + 1, "= \n\"");
}

static void lines_are_pairs_whatever_comes(void **state)
{
    struct format *format = made("logfmt");
    size_t len;

    (void)state;
    for (unsigned i = 0; i < STREAK; i++) {
        const char *at = rendered(format, rolled_sample(roll(2) ? 20 : 400), &len), *line = at;

        for (at = skip_pair(at); *at == ' '; at = skip_pair(at + 1))
            ;
        assert_ptr_equal(at, line + len - 1);
        assert_int_equal(*at, '\n');
    }
    format_free(&format);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_entry_is_pairs),
        cmocka_unit_test(what_is_empty_is_left_out_but_the_message),
        cmocka_unit_test(values_are_quoted_where_there_is_doubt),
        cmocka_unit_test(what_only_we_may_say_has_no_value),
        cmocka_unit_test(lines_are_pairs_whatever_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
