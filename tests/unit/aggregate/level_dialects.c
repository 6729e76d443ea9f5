/* level_dialects.c - words of single loggers, slog's distances, and numbers of four scales. */
#include "aggregate/level_dialects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *word;
    enum level level;
} words[] = {
    {"http", LEVEL_DEBUG},
    {"silly", LEVEL_TRACE},
    {"CONFIG", LEVEL_DEBUG},
    {"FINER", LEVEL_TRACE},
    {"DPanic", LEVEL_CRIT},
    {"STATUS", LEVEL_NOTICE},
    {"success", LEVEL_NOTICE},
    /* what level_parse knows as well */
    {"info", LEVEL_INFO},
    {"Warn", LEVEL_WARNING},
    /* slog */
    {"DEBUG-4", LEVEL_TRACE},
    {"DEBUG-1", LEVEL_TRACE},
    {"DEBUG+0", LEVEL_DEBUG},
    {"DEBUG+3", LEVEL_DEBUG},
    {"INFO+1", LEVEL_INFO},
    {"INFO+2", LEVEL_NOTICE},
    {"INFO-1", LEVEL_DEBUG},
    {"WARN+1", LEVEL_WARNING},
    {"WARN+3", LEVEL_WARNING},
    {"ERROR+3", LEVEL_ERROR},
    {"ERROR+4", LEVEL_CRIT},
    {"ERROR+999", LEVEL_CRIT},
    {"DEBUG-999", LEVEL_TRACE},
    {"INFO+", LEVEL_NONE},
    {"INFO+1000", LEVEL_NONE},
    {"INFO+-1", LEVEL_NONE},
    {"INFO*1", LEVEL_NONE},
    {"INFO 2", LEVEL_NONE},
    {"info+2", LEVEL_NONE},
    {"INFOS+2", LEVEL_NONE},
    {"+2", LEVEL_NONE},
    {"", LEVEL_NONE},
    {"6", LEVEL_NONE},
    {"loud", LEVEL_NONE},
    {"https", LEVEL_NONE},
};

static void words_of_single_loggers_are_levels_here_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (level_parse_dialect(words[i].word, strlen(words[i].word)) != words[i].level)
            fail_msg("'%s' is %d", words[i].word,
                     level_parse_dialect(words[i].word, strlen(words[i].word)));
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(level_parse(words[i].word, strlen(words[i].word)), LEVEL_NONE);
}

static const struct {
    enum level_scale scale;
    unsigned number;
    enum level level;
    bool exact;
} numbers[] = {
    {LEVEL_SCALE_SYSLOG, 0, LEVEL_EMERG, true},  {LEVEL_SCALE_SYSLOG, 3, LEVEL_ERROR, true},
    {LEVEL_SCALE_SYSLOG, 7, LEVEL_DEBUG, true},  {LEVEL_SCALE_SYSLOG, 8, LEVEL_NONE, true},
    {LEVEL_SCALE_PYTHON, 0, LEVEL_NONE, true},   {LEVEL_SCALE_PYTHON, 5, LEVEL_TRACE, false},
    {LEVEL_SCALE_PYTHON, 10, LEVEL_DEBUG, true}, {LEVEL_SCALE_PYTHON, 20, LEVEL_INFO, true},
    {LEVEL_SCALE_PYTHON, 25, LEVEL_INFO, false}, {LEVEL_SCALE_PYTHON, 30, LEVEL_WARNING, true},
    {LEVEL_SCALE_PYTHON, 40, LEVEL_ERROR, true}, {LEVEL_SCALE_PYTHON, 50, LEVEL_CRIT, true},
    {LEVEL_SCALE_PYTHON, 60, LEVEL_CRIT, false}, {LEVEL_SCALE_PYTHON, 99, LEVEL_CRIT, false},
    {LEVEL_SCALE_PYTHON, 100, LEVEL_NONE, true}, {LEVEL_SCALE_PINO, 9, LEVEL_NONE, true},
    {LEVEL_SCALE_PINO, 10, LEVEL_TRACE, true},   {LEVEL_SCALE_PINO, 20, LEVEL_DEBUG, true},
    {LEVEL_SCALE_PINO, 30, LEVEL_INFO, true},    {LEVEL_SCALE_PINO, 35, LEVEL_INFO, false},
    {LEVEL_SCALE_PINO, 40, LEVEL_WARNING, true}, {LEVEL_SCALE_PINO, 50, LEVEL_ERROR, true},
    {LEVEL_SCALE_PINO, 60, LEVEL_CRIT, true},    {LEVEL_SCALE_PINO, 70, LEVEL_CRIT, false},
    {LEVEL_SCALE_PINO, 100, LEVEL_NONE, true},   {LEVEL_SCALE_LOGBOOK, 8, LEVEL_NONE, true},
    {LEVEL_SCALE_LOGBOOK, 9, LEVEL_TRACE, true}, {LEVEL_SCALE_LOGBOOK, 12, LEVEL_NOTICE, true},
    {LEVEL_SCALE_LOGBOOK, 15, LEVEL_CRIT, true}, {LEVEL_SCALE_LOGBOOK, 16, LEVEL_NONE, true},
};

static void numbers_are_levels_by_whose_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        bool exact = false;
        enum level level = level_from_number(numbers[i].scale, numbers[i].number, &exact);

        if (level != numbers[i].level || (level != LEVEL_NONE && exact != numbers[i].exact))
            fail_msg("%u of scale %d is %d", numbers[i].number, numbers[i].scale, level);
    }
}

static void a_number_is_digits_and_nothing_else(void **state)
{
    static const char *const wrong[] = {"", "-1", "+1", "1.0", "1000", "1e1", " 1", "x"};
    unsigned number = 42;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(level_read_number(wrong[i], strlen(wrong[i]), &number));
    assert_int_equal(number, 42);
    assert_true(level_read_number("007", 3, &number));
    assert_int_equal(number, 7);
    assert_true(level_read_number("9991", 3, &number));
    assert_int_equal(number, 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_single_loggers_are_levels_here_alone),
        cmocka_unit_test(numbers_are_levels_by_whose_they_are),
        cmocka_unit_test(a_number_is_digits_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
