/* Ruby's Logger: `I, [2026-11-23T03:34:12.123456 #17]  INFO -- prog: text`. Local time; the
 * name of the program may be missing. */
#include "decode/text_parts.h"

/* ANY is what Ruby calls a level that it does not know. */
static bool take_severity(struct text_line *line, char letter)
{
    const char *word;
    uint32_t len;

    while (text_peek(line) == ' ')
        line->at++;
    word = text_here(line);
    for (len = 0; len < text_left(line) && word[len] >= 'A' && word[len] <= 'Z'; len++)
        ;
    line->entry->level = (uint8_t)level_parse(word, len);
    line->at += len;
    return len > 0 && word[0] == letter &&
           (line->entry->level != LEVEL_NONE || (len == 3 && memcmp(word, "ANY", 3) == 0));
}

static bool take_time(struct text_line *line)
{
    struct entry *entry = line->entry;
    struct civil civil;
    const char *text = text_here(line) + CIVIL_ISO_LEN;
    int64_t fraction_ns;

    if (text_left(line) < CIVIL_ISO_LEN || !civil_read_iso(text_here(line), &civil) ||
        !civil_read_fraction(&text, line->message->bytes + line->end, &fraction_ns,
                             &entry->time_digits))
        return false;
    entry->time_ns = local_time_seconds(&line->decoder->local, &civil) * 1000000000 + fraction_ns;
    line->at = (uint32_t)(text - line->message->bytes);
    return true;
}

static bool take_pid(struct text_line *line)
{
    uint32_t begin = line->at;
    unsigned pid;

    return text_number(line, 9, &pid) && TEXT_ADD(line, "pid", text_span(line, begin, line->at));
}

static bool take_program(struct text_line *line)
{
    const char *end = memmem(text_here(line), text_left(line), ": ", 2);
    uint32_t begin = line->at;

    if (!end)
        return false;
    line->at = (uint32_t)(end - line->message->bytes) + 2;
    line->entry->app = text_span(line, begin, line->at - 2);
    return true;
}

bool text_ruby(struct text_line *line)
{
    char letter = text_peek(line);

    line->at++;
    return TEXT_TAKE(line, ", [") && take_time(line) && TEXT_TAKE(line, " #") && take_pid(line) &&
           TEXT_TAKE(line, "] ") && take_severity(line, letter) && TEXT_TAKE(line, " -- ") &&
           take_program(line) && text_rest(line);
}
