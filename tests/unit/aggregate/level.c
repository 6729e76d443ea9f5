/* level.c - the words for levels that programs use, and ours. */
#include "aggregate/level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/misuse.h"

static const struct {
    const char *word;
    enum level level;
} words[] = {
    {"emerg", LEVEL_EMERG},
    {"EMERGENCY", LEVEL_EMERG},
    {"panic", LEVEL_EMERG},
    {"alert", LEVEL_ALERT},
    {"crit", LEVEL_CRIT},
    {"CRITICAL", LEVEL_CRIT}, /* the longest that is packed into one number */
    {"fatal", LEVEL_CRIT},
    {"error", LEVEL_ERROR},
    {"Error", LEVEL_ERROR},
    {"err", LEVEL_ERROR},
    {"SEVERE", LEVEL_ERROR},
    {"warning", LEVEL_WARNING},
    {"WARN", LEVEL_WARNING},
    {"notice", LEVEL_NOTICE},
    {"info", LEVEL_INFO},
    {"iNfO", LEVEL_INFO},
    {"Information", LEVEL_INFO},
    {"informational", LEVEL_INFO},
    {"debug", LEVEL_DEBUG},
    {"verbose", LEVEL_DEBUG},
    {"fine", LEVEL_DEBUG},
    {"trace", LEVEL_TRACE},
    {"finest", LEVEL_TRACE},
    {"", LEVEL_NONE},
    {"-", LEVEL_NONE},
    {"i", LEVEL_NONE},
    {"inf", LEVEL_NONE},
    {"infos", LEVEL_NONE},
    {" info", LEVEL_NONE},
    {"info ", LEVEL_NONE},
    {"criticals", LEVEL_NONE},
    {"emergenc", LEVEL_NONE},
    {"emergencyy", LEVEL_NONE},
    {"informationalinformational", LEVEL_NONE},
    {"6", LEVEL_NONE},
    {"\xe9rr", LEVEL_NONE},
};

static void words_of_any_case_are_levels_and_others_are_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (level_parse(words[i].word, strlen(words[i].word)) != words[i].level)
            fail_msg("'%s' is %d", words[i].word,
                     level_parse(words[i].word, strlen(words[i].word)));
    }
}

static void a_zero_byte_ends_no_word(void **state)
{
    (void)state;
    assert_int_equal(level_parse("info\0", 5), LEVEL_NONE);
    assert_int_equal(level_parse("\0", 1), LEVEL_NONE);
    assert_int_equal(level_parse("emergency\0", 10), LEVEL_NONE);
    assert_int_equal(level_parse("informati\0n", 11), LEVEL_NONE);
    assert_int_equal(level_parse("infoxyz", 4), LEVEL_INFO);
}

static void no_byte_but_a_letter_is_taken_for_one(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const char word[] = {(char)byte, 'n', 'f', 'o'};

        assert_int_equal(level_parse(word, 4),
                         byte == 'i' || byte == 'I' ? LEVEL_INFO : LEVEL_NONE);
    }
}

static void every_level_is_read_back_from_its_name(void **state)
{
    (void)state;
    for (unsigned level = 0; level <= LEVEL_NONE; level++) {
        const struct level_name *name = level_name(level);

        assert_int_equal(name->len, strnlen(name->text, sizeof name->text));
        assert_int_equal(level_parse(name->text, name->len), level);
    }
    assert_string_equal(level_name(LEVEL_NONE)->text, "-");
    assert_stops(level_name(LEVEL_NONE + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_any_case_are_levels_and_others_are_none),
        cmocka_unit_test(a_zero_byte_ends_no_word),
        cmocka_unit_test(no_byte_but_a_letter_is_taken_for_one),
        cmocka_unit_test(every_level_is_read_back_from_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
