/* shown.h - tables of documents and of what they become.
 *
 * Entries are shown as what was filled, in this order: `ns:` the time if it is not the
 * receive time, `level:`, `host:`, `app:`, `topic:`, 'message', the fields as name=value
 * or, where the value is JSON and no string, name:=value; ! first: malformed. */
#ifndef TESTS_UNIT_DECODE_SHOWN_H
#define TESTS_UNIT_DECODE_SHOWN_H

#include <inttypes.h>
#include <stdio.h>

#include "tests/unit/decode/decode_rig.h"

enum { MAX_MESSAGE = 256 * 1024, SHOWN_MAX = 4 * MAX_MESSAGE };

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static struct decode_rig t;
static char shown[SHOWN_MAX];

static inline char *put_column(char *to, const char *name, struct span span)
{
    if (span.len == 0)
        return to;
    return rig_put(stpcpy(stpcpy(to, " "), name), &t, span);
}

static inline size_t show(void)
{
    const struct entry *entry = t.entry;
    char *to = shown;

    if (entry->malformed)
        *to++ = '!';
    if (entry->time_ns != entry->received_ns)
        to += sprintf(to, " ns:%" PRId64 "/%u", entry->time_ns, entry->time_digits);
    if (entry->level != LEVEL_NONE)
        to += sprintf(to, " level:%s", level_name(entry->level)->text);
    to = put_column(to, "host:", entry->host);
    to = put_column(to, "app:", entry->app);
    to = put_column(to, "topic:", entry->topic);
    if (entry->text.len > 0)
        to = stpcpy(rig_put(stpcpy(to, " '"), &t, entry->text), "'");
    for (unsigned i = 0; i < entry->field_count; i++) {
        to = rig_put(stpcpy(to, " "), &t, entry->fields[i].key);
        to = stpcpy(to, entry->fields[i].value.literal ? ":=" : "=");
        to = rig_put(to, &t, entry->fields[i].value);
    }
    *to = '\0';
    return (size_t)(to - shown);
}

/* The payload is one document; what it became is in `shown`. */
static inline size_t decode_one(const char *payload, size_t len, const char *topic)
{
    size_t shown_len;

    rig_begin(&t, payload, len, topic);
    assert_true(rig_next(&t));
    shown_len = show();
    assert_false(rig_next(&t));
    rig_end(&t);
    return shown_len;
}

struct row {
    const char *payload, *topic, *entry;
    size_t entry_len;
};

#define ROW(payload, entry)                                                                        \
    {                                                                                              \
        payload, NULL, entry, sizeof(entry) - 1                                                    \
    }
#define ROW_TOPIC(topic, payload, entry)                                                           \
    {                                                                                              \
        payload, topic, entry, sizeof(entry) - 1                                                   \
    }

static inline void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = decode_one(rows[i].payload, strlen(rows[i].payload), rows[i].topic);

        if (len != rows[i].entry_len || memcmp(shown, rows[i].entry, len) != 0)
            fail_msg("%s became\n%s and not\n%s", rows[i].payload, shown, rows[i].entry);
    }
}

static inline int open_rig(void **state)
{
    (void)state;
    rig_open(&t, MAX_MESSAGE, 64 * 1024);
    return 0;
}

static inline int close_rig(void **state)
{
    (void)state;
    rig_close(&t);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

#endif
