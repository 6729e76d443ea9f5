/* span.c - the bits of a scan, against what they are said to mean. */
#include "aggregate/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/escape.h"
#include "tests/unit/aggregate/dice.h"

enum { LONGEST = 80, ALIGNMENTS = 16, SLACK = 16, PLAIN_SLACK = 32 };

static char base[ALIGNMENTS + LONGEST + PLAIN_SLACK];

/* Whether text shows the bytes as they are. */
static bool is_clean(const char *bytes, size_t len)
{
    char text[8 * LONGEST];
    size_t text_len = (size_t)(escape_write(ESCAPE_MESSAGE, text, bytes, len) - text);

    return text_len == len && memcmp(text, bytes, len) == 0;
}

static uint32_t plain_len(const char *bytes, uint32_t len)
{
    uint32_t at = 0;

    while (at < len && bytes[at] >= ' ' && bytes[at] <= '~' && bytes[at] != '\\')
        at++;
    return at;
}

/* Around the span stand bytes that would spoil each bit. */
static void assert_bits(uint32_t offset, uint32_t len)
{
    const char *bytes = base + offset;
    struct span span = span_scan(base, offset, len);
    struct span key = span_scan_key(base, offset, len);
    bool clean = is_clean(bytes, len);
    bool quoteless = !memchr(bytes, '"', len);

    assert_int_equal(span.offset, offset);
    assert_int_equal(span.len, len);
    assert_int_equal(span.clean, clean);
    assert_int_equal(span.solid, clean && !memchr(bytes, ' ', len));
    assert_int_equal(span.quoteless, quoteless);
    assert_int_equal(span.literal, 0);
    assert_int_equal(key.quoteless, quoteless && !memchr(bytes, '=', len));
    assert_int_equal(span_plain_len(base, offset, len), plain_len(bytes, len));
    if (plain_len(bytes, len) == len && quoteless) {
        assert_true(span_of_plain(base, offset, len).word == span.word);
        assert_true(span_of_plain_key(base, offset, len).word == key.word);
    }
    key.quoteless = span.quoteless;
    assert_memory_equal(&key, &span, sizeof span);
}

static void plain_bytes_set_every_bit_at_any_length_and_alignment(void **state)
{
    (void)state;
    for (uint32_t offset = 0; offset < ALIGNMENTS; offset++) {
        for (uint32_t len = 0; len <= LONGEST; len++) {
            struct span span;

            memset(base, '"', sizeof base);
            base[offset + len] = '\n';
            memset(base + offset, 'x', len);
            span = span_scan(base, offset, len);
            assert_true(span.clean && span.solid && span.quoteless);
            assert_bits(offset, len);
        }
    }
}

static void one_odd_byte_is_seen_wherever_it_stands(void **state)
{
    static const char odd[] = "\0\x01\n\x1f \"=\\\x7f\x80\xff";

    (void)state;
    for (uint32_t len = 1; len <= LONGEST; len++) {
        uint32_t offset = roll(ALIGNMENTS);

        memset(base, ' ', sizeof base);
        for (uint32_t at = 0; at < len; at++) {
            for (size_t i = 0; i < sizeof odd - 1; i++) {
                memset(base + offset, 'x', len);
                base[offset + at] = odd[i];
                assert_bits(offset, len);
            }
        }
    }
}

static void each_byte_alone_has_its_bits(void **state)
{
    (void)state;
    memset(base, '"', sizeof base);
    for (unsigned byte = 0; byte < 256; byte++) {
        base[3] = (char)byte;
        assert_bits(3, 1);
    }
}

static void random_bytes_have_their_bits_at_any_length_and_alignment(void **state)
{
    (void)state;
    for (uint32_t offset = 0; offset < ALIGNMENTS; offset++) {
        for (uint32_t len = 0; len <= LONGEST; len++) {
            for (unsigned round = 0; round < 8; round++) {
                roll_bytes(base, sizeof base);
                if (round % 2)
                    memset(base + offset, 'x', len - len / 8); /* few odd ones */
                assert_bits(offset, len);
            }
        }
    }
}

static void a_span_made_in_a_register_is_the_same(void **state)
{
    struct span span = span_make(0xfffffffe, SPAN_LEN_MAX - 2, SPAN_CLEAN | SPAN_QUOTELESS);

    (void)state;
    assert_int_equal(span.offset, 0xfffffffe);
    assert_int_equal(span.len, SPAN_LEN_MAX - 2);
    assert_true(span.clean && !span.solid && span.quoteless && !span.literal);
    span = span_make(1, 2, SPAN_SOLID | SPAN_LITERAL);
    assert_true(!span.clean && span.solid && !span.quoteless && span.literal);
    assert_int_equal(sizeof span, 8);
}

/* The sanitizers see past its end. */
static char *exactly(size_t len)
{
    char *exact = malloc(len);

    memset(exact, 'x', len);
    return exact;
}

static void a_scan_reads_no_more_than_sixteen_bytes_past_the_span(void **state)
{
    (void)state;
    for (uint32_t len = 0; len <= LONGEST; len++) {
        char *exact = exactly(len + SLACK);

        assert_true(span_scan(exact, 0, len).clean);
        assert_true(span_of_plain(exact, 0, len).solid);
        assert_true(span_of_plain_key(exact, 0, len).solid);
        free(exact);
        exact = exactly(len + PLAIN_SLACK);
        assert_int_equal(span_plain_len(exact, 0, len), len);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_bytes_set_every_bit_at_any_length_and_alignment),
        cmocka_unit_test(one_odd_byte_is_seen_wherever_it_stands),
        cmocka_unit_test(each_byte_alone_has_its_bits),
        cmocka_unit_test(random_bytes_have_their_bits_at_any_length_and_alignment),
        cmocka_unit_test(a_span_made_in_a_register_is_the_same),
        cmocka_unit_test(a_scan_reads_no_more_than_sixteen_bytes_past_the_span),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
