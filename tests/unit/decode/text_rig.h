/* text_rig.h - tables of lines and what they are understood as.
 *
 * An entry is shown as `time level host app topic fields | text`: the time in UTC, `-` where it
 * is that of receipt; `-` for each part that is empty; fields as {key=value;…}; ! in front:
 * malformed, ~: cut. What is no more than text is shown as 'text' alone. Every row is decoded
 * twice: by itself, and as the second of three lines. */
#ifndef TESTS_UNIT_DECODE_TEXT_RIG_H
#define TESTS_UNIT_DECODE_TEXT_RIG_H

#include "tests/unit/decode/decode_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "aggregate/timestamp.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { TEXT_RIG_MESSAGE = 256 * 1024, TEXT_RIG_ENTRY = 64 * 1024 };

struct text_row {
    const char *line;
    size_t len;
    const char *topic;
    const char *shown;
};
#define ROW(line, shown)                                                                           \
    {                                                                                              \
        line, sizeof(line) - 1, NULL, shown                                                        \
    }
#define TOPIC_ROW(topic, line, shown)                                                              \
    {                                                                                              \
        line, sizeof(line) - 1, topic, shown                                                       \
    }

static struct decode_rig t;
static char shown[4 * TEXT_RIG_MESSAGE];

static inline char *show_column(char *to, struct span span)
{
    if (span.len == 0)
        *to++ = '-';
    to = rig_put(to, &t, span);
    *to++ = ' ';
    return to;
}

static inline char *show_time(char *to)
{
    struct timestamp_writer writer;

    if (t.entry->time_ns == t.received_ns)
        return stpcpy(to, "- ");
    timestamp_writer_init(&writer, false);
    to = timestamp_write(&writer, to, t.entry->time_ns, t.entry->time_digits);
    *to++ = ' ';
    return to;
}

static inline char *show_fields(char *to)
{
    if (t.entry->field_count == 0)
        return stpcpy(to, "-");
    for (unsigned i = 0; i < t.entry->field_count; i++) {
        *to++ = i == 0 ? '{' : ';';
        to = rig_put(to, &t, t.entry->fields[i].key);
        *to++ = '=';
        to = rig_put(to, &t, t.entry->fields[i].value);
    }
    *to++ = '}';
    return to;
}

static inline bool is_plain(void)
{
    const struct entry *entry = t.entry;

    return entry->text.offset == entry->source.offset && entry->text.len == entry->source.len &&
           entry->time_ns == t.received_ns && entry->level == LEVEL_NONE && entry->app.len == 0 &&
           entry->host.len == 0 && entry->topic.len == t.message->topic.len &&
           entry->field_count == 0;
}

/* The entry in hand; returns what is in `shown`. */
static inline const char *show(void)
{
    char *to = shown;

    if (t.entry->malformed)
        *to++ = '!';
    if (t.entry->cut)
        *to++ = '~';
    if (is_plain()) {
        *to++ = '\'';
        to = rig_put(to, &t, t.entry->text);
        to = stpcpy(to, "'");
    } else {
        to = show_time(to);
        to = stpcpy(to, level_name(t.entry->level)->text);
        *to++ = ' ';
        to = show_column(to, t.entry->host);
        to = show_column(to, t.entry->app);
        to = show_column(to, t.entry->topic);
        to = stpcpy(show_fields(to), " | ");
        to = rig_put(to, &t, t.entry->text);
    }
    *to = '\0';
    return shown;
}

static inline void check_alone(const struct text_row *row)
{
    rig_begin(&t, row->line, row->len, row->topic);
    assert_true(rig_next(&t));
    if (strcmp(show(), row->shown) != 0)
        fail_msg("\n%s\n  became %s\n  wanted %s", row->line, shown, row->shown);
    assert_int_equal(t.entry->source.len, row->len);
    assert_false(rig_next(&t));
    rig_end(&t);
}

static inline void check_among_lines(const struct text_row *row)
{
    static char lines[TEXT_RIG_MESSAGE];
    char *to = stpcpy(lines, "before\r\n");

    if (memchr(row->line, '\n', row->len) || row->len > TEXT_RIG_MESSAGE - 100)
        return;
    memcpy(to, row->line, row->len);
    to = stpcpy(to + row->len, "\nbehind");
    t.rules.split = CONF_SPLIT_LINES;
    rig_begin(&t, lines, (size_t)(to - lines), row->topic);
    assert_true(rig_next(&t) && rig_next(&t));
    if (strcmp(show(), row->shown) != 0)
        fail_msg("\namong lines: %s\n  became %s\n  wanted %s", row->line, shown, row->shown);
    assert_true(rig_next(&t));
    assert_int_equal(t.entry->text.len, sizeof "behind" - 1);
    assert_false(rig_next(&t));
    rig_end(&t);
    t.rules.split = CONF_SPLIT_NONE;
}

static inline void check_rows(const struct text_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_alone(&rows[i]);
        check_among_lines(&rows[i]);
    }
}

/* A zone in which no time is what it is in UTC. */
static inline int open_rig(void **state)
{
    (void)state;
    setenv("TZ", "XXX-05:45", 1);
    tzset();
    rig_open(&t, TEXT_RIG_MESSAGE, TEXT_RIG_ENTRY);
    return 0;
}

static inline int close_rig(void **state)
{
    (void)state;
    rig_close(&t);
    return 0;
}

#endif
