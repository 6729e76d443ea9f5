/* sample.h - an entry made from strings: bytes as of a message, and spans into them. */
#ifndef TESTS_AGGREGATE_SAMPLE_H
#define TESTS_AGGREGATE_SAMPLE_H

#include <string.h>

#include "aggregate/entry.h"
#include "aggregate/escape.h"

enum { SAMPLE_BYTES = 512 * 1024, SAMPLE_FIELDS = 8, SAMPLE_SLACK = 16 };

#define SAMPLE_TIME_NS 1795404852123456789 /* 2026-11-23T03:34:12.123456789Z */

struct sample {
    struct entry *entry;
    uint32_t len;
    _Alignas(64) char room[sizeof(struct entry) + SAMPLE_FIELDS * sizeof(struct field)];
    char base[SAMPLE_BYTES];
};

/* `info` at SAMPLE_TIME_NS, everything else empty. */
static inline struct entry *sample_begin(struct sample *sample)
{
    memset(sample->room, 0, sizeof sample->room);
    sample->entry = (struct entry *)(void *)sample->room;
    sample->len = 0;
    sample->entry->time_ns = sample->entry->received_ns = SAMPLE_TIME_NS;
    sample->entry->time_digits = 6;
    sample->entry->level = LEVEL_INFO;
    sample->entry->field_max = SAMPLE_FIELDS;
    return sample->entry;
}

static inline uint32_t sample_place(struct sample *sample, const void *bytes, size_t len)
{
    uint32_t offset = sample->len;

    if (len + SAMPLE_SLACK > SAMPLE_BYTES - sample->len)
        __builtin_trap();
    memcpy(sample->base + offset, bytes, len);
    sample->len += (uint32_t)len;
    return offset;
}

static inline struct span sample_bytes(struct sample *sample, const void *bytes, size_t len)
{
    return span_scan(sample->base, sample_place(sample, bytes, len), (uint32_t)len);
}

static inline struct span sample_str(struct sample *sample, const char *text)
{
    return sample_bytes(sample, text, strlen(text));
}

static inline void sample_field(struct sample *sample, const char *key, struct span value)
{
    size_t len = strlen(key);

    entry_add_field(sample->entry,
                    span_scan_key(sample->base, sample_place(sample, key, len), (uint32_t)len),
                    value);
}

/* A value that stood in JSON without quotes. */
static inline struct span sample_literal(struct sample *sample, const char *json)
{
    struct span value = sample_str(sample, json);

    value.literal = 1;
    return value;
}

/* All that an entry can have, none of it in need of an escape. */
static inline struct entry *sample_full(struct sample *sample)
{
    struct entry *entry = sample_begin(sample);

    entry->host = sample_str(sample, "web1");
    entry->app = sample_str(sample, "shop");
    entry->topic = sample_str(sample, "orders.eu");
    entry->text = sample_str(sample, "order placed");
    entry->source = sample_str(sample, "{\"message\":\"order placed\"}");
    sample_field(sample, "user", sample_str(sample, "ada"));
    sample_field(sample, "total", sample_literal(sample, "12.50"));
    return entry;
}

/* And what no client can set. */
static inline struct entry *sample_origin(struct sample *sample)
{
    struct entry *entry = sample_full(sample);

    entry->received_ns = SAMPLE_TIME_NS + 1000000000;
    entry->origin = (struct origin){
        .seq = 12,
        .peer = sample_str(sample, "uid:1000,pid:812"),
        .uid = sample_str(sample, "1000"),
    };
    return entry;
}

#endif
