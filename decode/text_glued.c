/* A JSON document behind something that its client puts in front of it:
 *
 *     ***|*|{"level":…}                      winston-zmq: the more stars, the graver, mostly
 *     POST|/logstash-2026.11.23/data|{…}     winston-zeromq-elasticsearch
 *     /topic/{"status":…}                    nginx-log-zmq: a topic, without a frame of its own
 *
 * The source of the entry stays the whole line. */
#include "decode/text_parts.h"

enum { TOPIC_MAX = 255, STARS_MAX = 6 };

/* As the client's `prefixMapping` has it, where the document has no level. */
static const uint8_t levels[STARS_MAX + 1] = {
    LEVEL_NONE, LEVEL_TRACE, LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_DEBUG, LEVEL_ERROR,
};

static uint8_t take_stars(struct text_line *line)
{
    unsigned stars = 0;

    while (TEXT_TAKE(line, "*"))
        stars++;
    return TEXT_TAKE(line, "|*|") && stars <= STARS_MAX ? levels[stars] : LEVEL_NONE;
}

static bool take_path(struct text_line *line)
{
    const char *end;

    if (!TEXT_TAKE(line, "POST|/"))
        return false;
    end = memchr(text_here(line), '|', text_left(line) < TOPIC_MAX ? text_left(line) : TOPIC_MAX);
    if (!end)
        return false;
    line->at = (uint32_t)(end - line->message->bytes) + 1;
    return true;
}

/* Without spaces: those would be prose. */
static struct span take_topic(struct text_line *line)
{
    const char *bytes = line->message->bytes;
    uint32_t begin = line->at;

    while (line->at < line->end && line->at - begin < TOPIC_MAX && bytes[line->at] > ' ' &&
           bytes[line->at] < 0x7f && bytes[line->at] != '{')
        line->at++;
    return text_span(line, begin, line->at);
}

/* The rest of the line is a document, which fills the entry. */
static bool document(struct text_line *line)
{
    struct decoder *decoder = line->decoder;
    struct decode_cursor cursor = {.base = line->at};

    cursor.build = ++decoder->build;
    return text_peek(line) == '{' &&
           json_index_build(decoder->index, text_here(line), text_left(line)) &&
           decode_document(decoder, &cursor, line->message, line->end, false, false, line->entry);
}

bool text_glued(struct text_line *line)
{
    struct entry *entry = line->entry;
    struct span topic = {.word = 0};
    uint8_t level = LEVEL_NONE;

    if (text_peek(line) == '/')
        topic = take_topic(line);
    else if (text_peek(line) == '*')
        level = take_stars(line);
    else if (!take_path(line))
        return false;
    if (!document(line))
        return false;
    if (entry->topic.len == 0 && !decode_has_field(line->message, entry, "topic", 5))
        entry->topic = topic; /* else there would be two */
    if (entry->level == LEVEL_NONE)
        decode_add_level(line->message, entry, level);
    return true;
}
