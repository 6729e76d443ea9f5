/* rendered.h - an entry as a format shows it, with every promise of format.h checked:
 * the length said before, and no byte touched past the spare. After cmocka.h. */
#ifndef TESTS_AGGREGATE_RENDERED_H
#define TESTS_AGGREGATE_RENDERED_H

#include <stdlib.h>

#include "aggregate/format.h"
#include "tests/unit/aggregate/dice.h"
#include "tests/unit/aggregate/sample.h"

static struct sample sample;

static inline struct format *made_with(const char *text, const struct format_options *options)
{
    struct err err;
    struct format *format = format_new(text, options, &err);

    if (!format)
        fail_msg("%s", err.text);
    return format;
}

static inline struct format *made(const char *text)
{
    return made_with(text, &(struct format_options){0});
}

/* The text lasts until the next call; *len_out may be NULL. */
static inline const char *rendered(struct format *format, const struct entry *entry,
                                   size_t *len_out)
{
    enum { CANARY = 64, ROOM = 4 * 1024 * 1024 };
    static char text[ROOM];
    size_t len = format_len(format, entry, sample.base);

    assert_true(len + FORMAT_SPARE + CANARY <= ROOM);
    memset(text + len, '#', FORMAT_SPARE + CANARY);
    assert_ptr_equal(format_write(format, entry, sample.base, text), text + len);
    for (unsigned i = 0; i < CANARY; i++)
        assert_int_equal(text[len + FORMAT_SPARE + i], '#');
    text[len] = '\0';
    if (len_out)
        *len_out = len;
    return text;
}

/* The sample as this format shows it, newline included. */
static inline const char *shown_with(const char *template, const struct format_options *options)
{
    struct format *format = made_with(template, options);
    const char *text = rendered(format, sample.entry, NULL);

    format_free(&format);
    return text;
}

static inline const char *shown(const char *template)
{
    return shown_with(template, &(struct format_options){0});
}

static inline struct span rolled_span(size_t longest)
{
    char bytes[512];
    size_t len = roll((uint32_t)longest + 1);

    roll_bytes(bytes, len);
    if (roll(2))
        memset(bytes, 'x', len); /* clean */
    return sample_bytes(&sample, bytes, len);
}

/* Whatever a client may send; longest up to 512. */
static inline struct entry *rolled_sample(size_t longest)
{
    static const char *const literals[] = {"1",    "-2.5e3",       "true",
                                           "null", "[1, \"a b\"]", "{\"a\":\"\\n\xe2\x80\xa8\"}"};
    static const char *const keys[] = {"a", "", "k=v", "a b", "\n", "caf\xc3\xa9", "\"q\""};
    struct entry *entry = sample_begin(&sample);

    entry->time_ns = (int64_t)roll(2000000000) * 1000000000 + roll(1000000000);
    entry->time_digits = roll(2) ? 6 : 9;
    entry->level = (uint8_t)roll(LEVEL_NONE + 1);
    entry->malformed = roll(2);
    entry->cut = roll(4) == 0;
    entry->host = rolled_span(longest);
    entry->app = rolled_span(longest);
    entry->topic = rolled_span(longest);
    entry->text = rolled_span(longest);
    entry->source = rolled_span(longest);
    if (roll(2))
        entry->origin = (struct origin){
            .seq = roll(3),
            .peer = rolled_span(longest),
            .uid = roll(2) ? sample_str(&sample, "4294967295") : (struct span){.len = 0},
        };
    for (unsigned i = roll(SAMPLE_FIELDS + 1); i > 0; i--)
        sample_field(&sample, keys[roll(sizeof keys / sizeof keys[0])],
                     roll(2) ? rolled_span(longest)
                             : sample_literal(
                                   &sample, literals[roll(sizeof literals / sizeof literals[0])]));
    return entry;
}

#endif
