/* micro.h - what the files of micro share: a world, and a table of benchmarks in each. */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

#include "aggregate/aggregate.h"
#include "decode/decode.h"

/* One benchmark. Each table ends with one without a name. */
struct micro {
    const char *name;
    void (*run)(void); /* one op */
    unsigned entries;  /* in it, for the rate */
};

extern const struct micro micro_build[], micro_memory[], micro_route[], micro_decode[];

/* ---- micro_world.c -------------------------------------------------------------------------- */

enum { ENTRIES = 1000, BLOCK_CAP = 256 * 1024 };

/* A line of NDJSON; most are shorter, see micro_world.c. */
#define JSON_LINE                                                                                  \
    "{\"time\":\"2026-11-23T03:34:12.123456Z\",\"level\":\"info\",\"host\":\"web-01\","            \
    "\"app\":\"checkout\",\"message\":\"order 0000000000 was paid by card in 35 ms and "           \
    "handed to the warehouse at once, as always\",\"user\":\"u-4821\",\"ms\":35}"

/* Everything a benchmark may need, made once. */
struct micro_world {
    struct budget budget;
    struct message_pool *messages;
    struct entry_pool *entry_pool;
    struct pool *blocks;
    struct pool *slots;
    struct decoder *decoder;
    struct expression_room *room;
    struct format *line;
    struct format *json;
    struct message_pool *shapes;
    struct message *message; /* 1,000 lines of NDJSON in one */
    struct message *batch;   /* 64 KiB of it */
    struct entry *entries[ENTRIES];
    struct block *block;
    char *buffer;
    char rendered[ENTRIES][160]; /* each entry as one finished line */
    size_t rendered_len[ENTRIES];
};

extern struct micro_world world;

/* What `auto` decodes by. */
extern const struct decode_rules micro_rules;

void micro_make_world(void);

/* So many lines of NDJSON. */
struct message *micro_message(size_t lines);

void micro_empty(struct block *block);

/* All entries. */
void micro_render(struct format *format, struct block *block);

/* Results go here, so that they are made. */
extern volatile size_t sink_for_results;

/* The compiler must believe that somebody looks at it. */
static inline void keep(void *object)
{
    __asm__ volatile("" : : "r"(object) : "memory");
}

#endif
