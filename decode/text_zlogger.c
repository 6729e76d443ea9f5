/* Ruby's zlogger: a topic frame `program:pid`, and `LEVEL: text`. The topic stays, too. */
#include "decode/text_parts.h"

uint32_t text_program_len(const char *topic, uint32_t len)
{
    uint32_t at = len;

    while (at > 0 && topic[at - 1] >= '0' && topic[at - 1] <= '9')
        at--;
    return at < len && at > 1 && topic[at - 1] == ':' ? at - 1 : 0;
}

/* Ruby's five, and its two words for none of them. */
static bool take_severity(struct text_line *line)
{
    const char *word = text_here(line);
    uint32_t len = 0;

    while (len < text_left(line) && word[len] >= 'A' && word[len] <= 'Z')
        len++;
    line->at += len;
    line->entry->level = (uint8_t)level_parse(word, len);
    return line->entry->level != LEVEL_NONE || (len == 3 && memcmp(word, "ANY", 3) == 0) ||
           (len == 7 && memcmp(word, "UNKNOWN", 7) == 0);
}

bool text_zlogger(struct text_line *line)
{
    struct span topic = line->message->topic;
    uint32_t begin = topic.offset;
    uint32_t name_len = text_program_len(line->message->bytes + begin, topic.len);

    if (name_len == 0 || !take_severity(line) || !TEXT_TAKE(line, ": ") ||
        !TEXT_ADD(line, "pid", text_span(line, begin + name_len + 1, begin + topic.len)))
        return false;
    line->entry->app = text_span(line, begin, begin + name_len);
    return text_rest(line);
}
