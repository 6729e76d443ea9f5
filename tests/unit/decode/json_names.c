/* json_names.c - every name is found, in the place where it stands, and nothing else is. */
#include "decode/json_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What is read past a key by those who look for it. */
enum { READ_AHEAD = 8 };

static enum part part_of(const char *key, size_t len)
{
    char padded[64 + READ_AHEAD];

    memset(padded, 'x', sizeof padded);
    memcpy(padded, key, len);
    return json_name_part(padded, len);
}

static void every_short_name_stands_in_its_place(void **state)
{
    unsigned count = 0;

    (void)state;
    for (unsigned i = 0; i < JSON_SHORT_PLACES; i++) {
        const struct json_short_name *name = &json_short_names[i];
        char padded[JSON_SHORT_MAX + READ_AHEAD] = "";
        unsigned place;

        if (name->len == 0)
            continue;
        memcpy(padded, name->letters, name->len);
        place = json_short_place(json_short_letters(padded, name->len));
        if (place != i)
            fail_msg("'%s' belongs in place %u", padded, place);
        assert_int_equal(part_of(padded, name->len), name->part);
        count++;
    }
    assert_int_equal(count, 30);
}

static void every_long_name_stands_in_its_place(void **state)
{
    unsigned count = 0;

    (void)state;
    for (unsigned i = 0; i < JSON_LONG_PLACES; i++) {
        const struct json_long_name *name = &json_long_names[i];
        char padded[JSON_LONG_MAX + READ_AHEAD] = "";
        unsigned place;

        if (name->len == 0)
            continue;
        memcpy(padded, name->letters, name->len);
        place = json_long_place(padded, name->len);
        if (place != i)
            fail_msg("'%s' belongs in place %u", padded, place);
        assert_int_equal(part_of(padded, name->len), name->part);
        count++;
    }
    assert_int_equal(count, 20);
}

static const struct {
    const char *key;
    enum part part;
} rows[] = {
    {"time", PART_TIME},
    {"ts", PART_TIME},
    {"timestamp", PART_TIME},
    {"@timestamp", PART_TIME},
    {"timeMillis", PART_TIME},
    {"datetime", PART_TIME},
    {"__REALTIME_TIMESTAMP", PART_TIME},
    {"level", PART_LEVEL},
    {"lvl", PART_LEVEL},
    {"severity", PART_LEVEL},
    {"log.level", PART_LEVEL},
    {"message", PART_MESSAGE},
    {"msg", PART_MESSAGE},
    {"@message", PART_MESSAGE},
    {"host", PART_HOST},
    {"hostname", PART_HOST},
    {"host.name", PART_HOST},
    {"host.hostname", PART_HOST},
    {"@source_host", PART_HOST},
    {"source_host", PART_HOST},
    {"_HOSTNAME", PART_HOST},
    {"app", PART_APP},
    {"service", PART_APP},
    {"service.name", PART_APP},
    {"program", PART_APP},
    {"programname", PART_APP},
    {"appName", PART_APP},
    {"SYSLOG_IDENTIFIER", PART_APP},
    {"topic", PART_TOPIC},
    {"_logboom", PART_OURS},
    {"short_message", PART_GELF_MESSAGE},
    {"MESSAGE", PART_JOURNAL_MESSAGE},
    {"PRIORITY", PART_JOURNAL_LEVEL},
    {"levelname", PART_LEVEL_NAME},
    {"level_name", PART_LEVEL_NAME},
    {"levelno", PART_LEVEL_NUMBER},
    {"created", PART_CREATED},
    {"event.created", PART_EVENT_TIME},
    {"logger", PART_LOGGER},
    {"loggerName", PART_LOGGER},
    {"logger_name", PART_LOGGER},
    {"log.logger", PART_LOGGER},
    {"_COMM", PART_LOGGER},
    {"channel", PART_CHANNEL},
    {"pid", PART_PID},
    {"name", PART_NAME},
    {"event", PART_EVENT},
    {"log", PART_EVENT},
    {"@fields", PART_OBJECT},
    {"instant", PART_OBJECT},
};

static void names_are_parts_and_what_is_almost_a_name_is_a_field(void **state)
{
    (void)state;
    assert_int_equal(sizeof rows / sizeof rows[0], 50);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].key);
        char key[64];

        strcpy(key, rows[i].key);
        assert_int_equal(part_of(key, len), rows[i].part);
        for (size_t at = 0; at < len; at++) {
            key[at] ^= 0x20;
            assert_int_equal(part_of(key, len), PART_NONE);
            key[at] = '\0';
            assert_int_equal(part_of(key, len), PART_NONE);
            key[at] = rows[i].key[at];
        }
        assert_int_equal(part_of(key, len + 1), PART_NONE); /* a NUL behind it */
        key[len] = 'z';
        assert_int_equal(part_of(key, len + 1), PART_NONE);
    }
}

static void keys_of_any_length_and_bytes_are_fields(void **state)
{
    char key[64];

    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        memset(key, (int)byte, sizeof key);
        for (size_t len = 0; len <= sizeof key; len++)
            assert_int_equal(part_of(key, len), PART_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_short_name_stands_in_its_place),
        cmocka_unit_test(every_long_name_stands_in_its_place),
        cmocka_unit_test(names_are_parts_and_what_is_almost_a_name_is_a_field),
        cmocka_unit_test(keys_of_any_length_and_bytes_are_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
