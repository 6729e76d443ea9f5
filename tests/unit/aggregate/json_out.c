/* json_out.c - what is written is one document, or is said not to be. */
#include "aggregate/json_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/json_check.h"

static char text[512];

static void write_sample(struct json_out *out)
{
    json_object(out, NULL);
    json_text(out, "name", "a \"b\"\n");
    json_array(out, "numbers");
    json_number(out, NULL, 0);
    json_number(out, NULL, UINT64_MAX);
    json_end_array(out);
    json_object(out, "none");
    json_end_object(out);
    json_truth(out, "yes", true);
    json_time(out, "never", 0);
    json_time(out, "when", 1795404852123456789);
    json_bytes(out, "bytes", "\xff\x1b", 2);
    json_end_object(out);
}

static const char expected[] =
    "{\"name\":\"a \\\"b\\\"\\n\",\"numbers\":[0,18446744073709551615],\"none\":{},\"yes\":true,"
    "\"never\":null,\"when\":\"2026-11-23T03:34:12.123Z\",\"bytes\":\"\xef\xbf\xbd\\u001b\"}";

static void a_document_has_its_commas_and_escapes(void **state)
{
    struct json_out out;

    (void)state;
    json_begin(&out, text, sizeof text);
    write_sample(&out);
    assert_true(json_end(&out));
    assert_string_equal(text, expected);
    assert_int_equal(out.len, strlen(expected));
    assert_ptr_equal(json_value(text, text + out.len), text + out.len);
}

/* Each size but the right one is too small, and no byte beyond it is touched. */
static void what_does_not_fit_is_said(void **state)
{
    struct json_out out;

    (void)state;
    for (size_t size = 0; size <= sizeof expected; size++) {
        memset(text, '#', sizeof text);
        json_begin(&out, text, size);
        write_sample(&out);
        assert_int_equal(json_end(&out), size == sizeof expected);
        assert_int_equal(text[size], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_has_its_commas_and_escapes),
        cmocka_unit_test(what_does_not_fit_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
