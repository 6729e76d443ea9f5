#include "aggregate/span.h"
#include "decode/decode_parts.h"

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
