/* Text, and what it may be understood as.
 *
 * The first byte, under the rules of the endpoint, opens at most one door; behind it one
 * decoder is asked. What it does not take, and what stands before no door, is plain text, which
 * therefore pays one look into a table. */
#include "aggregate/span.h"
#include "decode/decode_parts.h"
#include "decode/text_parts.h"

/* A cut goes between two characters, where the text is UTF-8. */
static uint32_t cut_len(const char *text, uint32_t max)
{
    uint32_t len = max;

    for (unsigned back = 0; back < 3 && len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;
         back++)
        len--;
    return ((unsigned char)text[len] & 0xc0) == 0x80 ? max : len;
}

void decode_text(const struct decode_rules *rules, const struct message *message, uint32_t begin,
                 uint32_t end, struct entry *entry)
{
    uint32_t len = end - begin;

    entry_reset(entry, message);
    if (len > rules->max_entry) {
        len = cut_len(message->bytes + begin, (uint32_t)rules->max_entry);
        entry->cut = true;
    }
    entry->text = span_scan(message->bytes, begin, len);
    entry->source = entry->text;
}

/* What may begin with a byte. */
enum door { DOOR_NONE, DOOR_SYSLOG, DOOR_LETTER, DOOR_UWSGI, DOOR_GLUED };

static const unsigned char doors[256] = {
    ['<'] = DOOR_SYSLOG,
    ['['] = DOOR_UWSGI,
    ['*'] = DOOR_GLUED,
    ['/'] = DOOR_GLUED,
    ['P'] = DOOR_GLUED,
    /* levels of czmq and Ruby, and the first letters of days */
    ['A'] = DOOR_LETTER,
    ['D'] = DOOR_LETTER,
    ['E'] = DOOR_LETTER,
    ['F'] = DOOR_LETTER,
    ['I'] = DOOR_LETTER,
    ['M'] = DOOR_LETTER,
    ['N'] = DOOR_LETTER,
    ['S'] = DOOR_LETTER,
    ['T'] = DOOR_LETTER,
    ['W'] = DOOR_LETTER,
};

typedef bool decoder_of_text(struct text_line *line);

/* A door that many texts stand before: more bytes are looked at, of which there may be fewer in
 * the line than in the message. */
static decoder_of_text *behind_letter(const char *bytes)
{
    if (bytes[1] == ':' && bytes[2] == ' ')
        return text_czmq;
    if (bytes[1] == ',' && bytes[2] == ' ' && bytes[3] == '[')
        return text_ruby;
    return bytes[3] == ' ' && bytes[13] == ':' && bytes[16] == ':' ? text_uwsgi_dated : NULL;
}

static decoder_of_text *behind(enum door door, const char *bytes)
{
    switch (door) {
    case DOOR_NONE:
        return NULL;
    case DOOR_SYSLOG:
        return bytes[1] >= '0' && bytes[1] <= '9' ? text_syslog : NULL;
    case DOOR_LETTER:
        return behind_letter(bytes);
    case DOOR_UWSGI:
        return bytes[1] == 'p' ? text_uwsgi_request : NULL;
    case DOOR_GLUED:
        return text_glued;
    }
    return NULL;
}

/* The one that is asked, if any. */
static decoder_of_text *who_reads(const struct decode_rules *rules,
                                  const struct decode_cursor *cursor, const char *bytes)
{
    decoder_of_text *ask;

    if (rules->decode == CONF_DECODE_RFC5424)
        return text_only_rfc5424;
    if (rules->decode == CONF_DECODE_RFC3164)
        return text_only_rfc3164;
    if (rules->decode != CONF_DECODE_AUTO)
        return NULL;
    ask = behind(doors[(unsigned char)*bytes], bytes);
    return !ask && cursor->is_process ? text_zlogger : ask;
}

/* Cut first, so that there is never more in an entry than max_entry. */
static bool understand(decoder_of_text *ask, struct decoder *decoder,
                       const struct decode_rules *rules, struct message *message, uint32_t begin,
                       uint32_t end, struct entry *entry)
{
    uint32_t len = end - begin;
    bool cut = len > rules->max_entry;
    struct text_line line = {decoder, message, entry, begin, end, message->scratch_offset};

    if (cut) {
        if (ask == text_glued)
            return false;
        len = cut_len(message->bytes + begin, (uint32_t)rules->max_entry);
        line.end = begin + len;
    }
    entry_reset(entry, message);
    if (!ask(&line))
        return false;
    entry->cut = cut;
    entry->source = span_make(begin, len, 0);
    return true;
}

void decode_text_line(struct decoder *decoder, const struct decode_rules *rules,
                      const struct decode_cursor *cursor, struct message *message, uint32_t begin,
                      uint32_t end, struct entry *entry)
{
    decoder_of_text *ask = who_reads(rules, cursor, message->bytes + begin);

    if (ask && understand(ask, decoder, rules, message, begin, end, entry))
        return;
    decode_text(rules, message, begin, end, entry);
    entry->malformed |= rules->decode != CONF_DECODE_AUTO && rules->decode != CONF_DECODE_TEXT;
}
