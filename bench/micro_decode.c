/* Decoding: JSON, and each shape of text. */
#include <string.h>

#include "bench/micro.h"
#include "conf/must.h"

static struct decode_rules named = {.max_entry = 65536}; /* the same, and a format by name */

static void decode_and_render_64_kib(void)
{
    struct decode_cursor cursor = {0};
    struct entry *entry = world.entries[0];

    micro_empty(world.block);
    while (decode_next(world.decoder, &micro_rules, &cursor, world.batch, entry)) {
        size_t len = format_len(world.line, entry, world.batch->bytes);

        format_write(world.line, entry, world.batch->bytes, block_add(world.block, len, 1, 1));
    }
}

/* One line each, of the same message and about the same length as json_line. */
#define SAYS                                                                                       \
    "order 0000000000 was paid by card in 35 ms and handed to the warehouse at once, as always"

static const struct {
    const char *topic, *line;
} shapes[] = {
    {NULL, "2026-11-23T03:34:12.123456Z web-01 checkout info: " SAYS " user=u-4821 ms=35"},
    {"checkout.INFO.orders", "2026-11-23T03:34:12.123456Z web-01: " SAYS " user=u-4821 ms=35\n"},
    {NULL, "<14>1 2026-11-23T03:34:12.123456Z web-01 checkout - - "
           "[fields@32473 user=\"u-4821\" ms=\"35\"] " SAYS},
    {NULL, "<165>1 2026-11-23T03:34:12.123456Z web-01 checkout 4711 ID47 "
           "[orders@32473 user=\"u-4821\" ms=\"35\"] " SAYS},
    {NULL, "<14>Nov 23 03:34:12 web-01 checkout[4711]: " SAYS " user=u-4821 ms=35"},
    {NULL, "<14>" SAYS " user=u-4821 ms=35"},
    {NULL, "I: (checkout) 26-11-23 03:34:12 " SAYS " user=u-4821 ms=35"},
    {NULL, "I, [2026-11-23T03:34:12.123456 #4711]  INFO -- checkout: " SAYS " u-4821"},
    {NULL, "I think " SAYS " user=u-4821 ms=35, and nobody else does"},
};

static void decode_shape_by(const struct decode_rules *by, size_t which)
{
    static struct message *messages[sizeof shapes / sizeof shapes[0]];
    struct decode_cursor cursor = {0};

    if (!messages[which]) {
        const char *line = shapes[which].line, *topic = shapes[which].topic;
        struct message_parts parts = {.payload = {line, strlen(line)},
                                      .topic = {topic, topic ? strlen(topic) : 0}};

        messages[which] = message_take(world.shapes, &parts);
        must(messages[which]);
        messages[which]->received_ns = 1795404852000000000;
    }
    must(decode_next(world.decoder, by, &cursor, messages[which], world.entries[0]));
}

static void decode_shape(size_t which)
{
    decode_shape_by(&micro_rules, which);
}

static void decode_text_line(void)
{
    decode_shape(0);
}
static void decode_pyzmq_topic(void)
{
    decode_shape(1);
}
static void decode_rfc5424(void)
{
    decode_shape(2);
}
static void decode_rfc5424_names(void)
{
    decode_shape(3);
}
static void decode_rfc3164(void)
{
    decode_shape(4);
}
static void decode_priority(void)
{
    decode_shape(5);
}
static void decode_czmq(void)
{
    decode_shape(6);
}
static void decode_ruby(void)
{
    decode_shape(7);
}
static void decode_text_like(void)
{
    decode_shape(8);
}

static void decode_one_by(const struct decode_rules *by)
{
    static struct message *one;
    struct decode_cursor cursor = {0};

    if (!one)
        one = micro_message(1);
    must(decode_next(world.decoder, by, &cursor, one, world.entries[0]));
}

static void decode_one(void)
{
    decode_one_by(&micro_rules);
}

/* The same with the format named: what `auto` costs is the difference. */
static void decode_shape_named(size_t which, enum conf_decode format)
{
    named.decode = format;
    decode_shape_by(&named, which);
}
static void decode_text_named(void)
{
    decode_shape_named(0, CONF_DECODE_TEXT);
}
static void decode_rfc5424_named(void)
{
    decode_shape_named(2, CONF_DECODE_RFC5424);
}
static void decode_rfc3164_named(void)
{
    decode_shape_named(4, CONF_DECODE_RFC3164);
}
static void decode_json_named(void)
{
    named.decode = CONF_DECODE_JSON;
    decode_one_by(&named);
}

/* What loggers in use send, with keys that need a second look. */
static void decode_text_of(struct message **message, const char *text)
{
    struct decode_cursor cursor = {0};

    if (!*message)
        *message =
            message_take(world.messages, &(struct message_parts){.payload = {text, strlen(text)}});
    must(*message && decode_next(world.decoder, &micro_rules, &cursor, *message, world.entries[0]));
}

static void decode_pino(void)
{
    static struct message *message;

    decode_text_of(&message,
                   "{\"level\":30,\"time\":1795404852123,\"pid\":4711,\"hostname\":\"web-01\","
                   "\"name\":\"checkout\",\"user\":\"u-4821\",\"ms\":35,"
                   "\"msg\":\"order was paid by card in 35 ms and handed over\"}");
}

static void decode_ecs(void)
{
    static struct message *message;

    decode_text_of(&message,
                   "{\"@timestamp\":\"2026-11-23T03:34:12.123Z\",\"log\":{\"level\":\"info\","
                   "\"logger\":\"shop.cart\"},\"host\":{\"name\":\"web-01\"},"
                   "\"service\":{\"name\":\"checkout\"},\"message\":\"order was paid by card\"}");
}

const struct micro micro_decode[] = {
    {"Decode/one", decode_one, 1},
    {"Decode/text", decode_text_line, 1},
    {"Decode/text+like", decode_text_like, 1},
    {"Decode/topic", decode_pyzmq_topic, 1},
    {"Decode/rfc5424", decode_rfc5424, 1},
    {"Decode/rfc5424+names", decode_rfc5424_names, 1},
    {"Decode/rfc3164", decode_rfc3164, 1},
    {"Decode/priority", decode_priority, 1},
    {"Decode/czmq", decode_czmq, 1},
    {"Decode/ruby", decode_ruby, 1},
    {"Decode/json+named", decode_json_named, 1},
    {"Decode/text+named", decode_text_named, 1},
    {"Decode/rfc5424+named", decode_rfc5424_named, 1},
    {"Decode/rfc3164+named", decode_rfc3164_named, 1},
    {"Decode/pino", decode_pino, 1},
    {"Decode/ecs", decode_ecs, 1},
    {"Decode/batch+render", decode_and_render_64_kib, 65536 / sizeof JSON_LINE},
    {NULL, NULL, 0},
};
