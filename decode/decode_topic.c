/* A topic frame that tells the level, as pyzmq, ipyparallel, log4j and CMDP write it:
 *
 *     INFO   shop.ERROR.db   engine.0.INFO   WARN.org.example.Shop   LOG/STATUS/FILE
 *
 * It is the first piece between dots or slashes that is a level in capitals; in other letters
 * it is somebody's word. The topic itself stays what it is. */
#include "decode/text_parts.h"

static bool in_capitals(const char *piece, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (piece[i] < 'A' || piece[i] > 'Z')
            return false;
    }
    return len > 0;
}

static size_t piece_len(const char *piece, size_t left)
{
    size_t len = 0;

    while (len < left && piece[len] != '.' && piece[len] != '/')
        len++;
    return len;
}

static enum level find_level(const char *topic, size_t len)
{
    size_t begin = 0, end;

    do {
        end = begin + piece_len(topic + begin, len - begin);
        if (in_capitals(topic + begin, end - begin)) {
            enum level level = level_parse(topic + begin, end - begin);

            if (level != LEVEL_NONE)
                return level;
        }
        begin = end + 1;
    } while (begin < len);
    return LEVEL_NONE;
}

/* CMDP has a level between INFO and WARNING, which nobody else calls that. */
static bool is_status(const char *topic, size_t len)
{
    static const char word[] = "LOG/STATUS";

    return len >= sizeof word - 1 && memcmp(topic, word, sizeof word - 1) == 0 &&
           (len == sizeof word - 1 || topic[sizeof word - 1] == '/');
}

void decode_topic(struct decode_cursor *cursor, const struct message *message)
{
    const char *topic = message->bytes + message->topic.offset;

    cursor->is_process = text_program_len(topic, message->topic.len) > 0;
    cursor->level =
        (uint8_t)(is_status(topic, message->topic.len) ? LEVEL_NOTICE
                                                       : find_level(topic, message->topic.len));
}

bool decode_has_field(const struct message *message, const struct entry *entry, const char *name,
                      size_t len)
{
    for (unsigned i = 0; i < entry->field_count; i++) {
        struct span key = entry->fields[i].key;

        if (key.len == len && memcmp(message->bytes + key.offset, name, len) == 0)
            return true;
    }
    return false;
}

void decode_add_level(const struct message *message, struct entry *entry, uint8_t level)
{
    if (!decode_has_field(message, entry, "level", 5))
        entry->level = level;
}
