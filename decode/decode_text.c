/* Text, and what it may be understood as.
 *
 * The first two bytes say which decoder is asked; what it does not take, and what begins like
 * nothing that we know, is plain text. So plain text pays for two looks into tables. */
#include "aggregate/span.h"
#include "decode/decode_parts.h"
#include "decode/text_beginning.h"
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

const unsigned char text_first[256] = {
    ['<'] = MAYBE_SYSLOG,
    ['['] = MAYBE_UWSGI,
    ['*'] = MAYBE_STARS,
    ['P'] = MAYBE_PATH,
    ['/'] = MAYBE_TOPIC,
    ['A'] = MAYBE_LETTER,
    ['D'] = MAYBE_LETTER,
    ['E'] = MAYBE_LETTER,
    ['F'] = MAYBE_LETTER | MAYBE_DAY,
    ['I'] = MAYBE_LETTER,
    ['M'] = MAYBE_DAY,
    ['N'] = MAYBE_LETTER,
    ['S'] = MAYBE_DAY,
    ['W'] = MAYBE_LETTER | MAYBE_DAY,
    ['T'] = MAYBE_DAY,
};

const unsigned char text_second[256] = {
    ['0' ... '9'] = MAYBE_SYSLOG,
    [':'] = MAYBE_LETTER,
    [','] = MAYBE_LETTER,
    ['a'] = MAYBE_DAY,
    ['e'] = MAYBE_DAY,
    ['h'] = MAYBE_DAY,
    ['o'] = MAYBE_DAY,
    ['r'] = MAYBE_DAY,
    ['u'] = MAYBE_DAY,
    ['p'] = MAYBE_UWSGI,
    ['*'] = MAYBE_STARS,
    ['|'] = MAYBE_STARS,
    ['O'] = MAYBE_PATH,
};

typedef bool decoder_of_text(struct text_line *line);

/* The one that is asked, if any. */
static decoder_of_text *who_may_read(unsigned beginning, const char *bytes)
{
    switch (beginning) {
    case MAYBE_SYSLOG:
        return text_syslog;
    case MAYBE_LETTER:
        return bytes[1] == ':' ? text_czmq : text_ruby;
    case MAYBE_DAY:
        return bytes[3] == ' ' && bytes[13] == ':' ? text_uwsgi_dated : NULL;
    case MAYBE_UWSGI:
        return text_uwsgi_request;
    case MAYBE_STARS:
    case MAYBE_PATH:
    case MAYBE_TOPIC:
        return text_glued;
    default:
        return NULL;
    }
}

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
    ask = who_may_read(text_beginning(bytes), bytes);
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
    entry->source = (struct span){.offset = begin, .len = len};
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
