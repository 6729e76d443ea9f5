/* What the benchmarks work on, made once. */
#include <stdlib.h>
#include <string.h>

#include "bench/micro.h"
#include "conf/must.h"

enum { TEXT_LEN = 88 };

static const char json_line[] = JSON_LINE;

struct micro_world world;
volatile size_t sink_for_results;
const struct decode_rules micro_rules = {.max_entry = 65536};

/* One line of NDJSON; its message ends early by up to TEXT_LEN / 2 bytes, as real ones
 * differ in length: equal ones would teach the branch predictor too much. */
static size_t write_line(char *to, unsigned *seed)
{
    const char *text_end = strstr(json_line, "\",\"user\"");
    size_t shorter, head_len;

    *seed = *seed * 1103515245 + 12345;
    shorter = (*seed >> 16) % (TEXT_LEN / 2);
    head_len = (size_t)(text_end - json_line) - shorter;
    memcpy(to, json_line, head_len);
    strcpy(to + head_len, text_end);
    strcat(to, "\n");
    return strlen(to);
}

struct message *micro_message(size_t lines)
{
    char *text = malloc(lines * (sizeof json_line + 1) + 1);
    struct message *message;
    unsigned seed = 1;
    size_t len = 0;

    must(text);
    for (size_t i = 0; i < lines; i++)
        len += write_line(text + len, &seed);
    message = message_take(world.messages, &(struct message_parts){.payload = {text, len}});
    must(message);
    message->received_ns = 1;
    free(text);
    return message;
}

static void decode_world(void)
{
    struct decode_cursor cursor = {0};

    for (unsigned i = 0; i < ENTRIES; i++) {
        world.entries[i] = entry_take(world.entry_pool);
        must(world.entries[i]);
        must(decode_next(world.decoder, &micro_rules, &cursor, world.message, world.entries[i]));
        world.rendered_len[i] = format_len(world.line, world.entries[i], world.message->bytes);
        must(world.rendered_len[i] + FORMAT_SPARE <= sizeof world.rendered[i] + 64);
        format_write(world.line, world.entries[i], world.message->bytes, world.buffer);
        memcpy(world.rendered[i], world.buffer, world.rendered_len[i]);
    }
}

void micro_make_world(void)
{
    struct err err;
    struct format_options options = {0};

    budget_init(&world.budget, 1u << 30);
    world.messages = message_pool_new(&world.budget, 1 << 20, 4, &err);
    world.shapes = message_pool_new(&world.budget, 1024, 16, &err);
    world.entry_pool = entry_pool_new(&world.budget, 16, ENTRIES + 8, &err);
    world.blocks = pool_new(&world.budget, BUDGET_BLOCKS, block_slot_bytes(BLOCK_CAP), 8, &err);
    world.slots = pool_new(&world.budget, BUDGET_ENTRIES, sizeof(struct entry) + 64, 16, &err);
    world.room = expression_room_new(micro_rules.max_entry);
    world.decoder = decoder_new(&world.budget, 1 << 20, &err);
    world.line = format_new("line", &options, &err);
    world.json = format_new("json", &options, &err);
    world.buffer = malloc(BLOCK_CAP * 4);
    world.message = micro_message(ENTRIES);
    world.batch = micro_message(65536 / sizeof json_line);
    world.block = block_take(world.blocks, BLOCK_CAP);
    decode_world();
}

void micro_empty(struct block *block)
{
    block->len = 0;
    block->entry_count = 0;
}

void micro_render(struct format *format, struct block *block)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        size_t len = format_len(format, world.entries[i], world.message->bytes);

        format_write(format, world.entries[i], world.message->bytes, block_add(block, len, i, 0));
    }
}
