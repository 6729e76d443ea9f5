/* czmq's zsys_set_logsender: `I: (ident) 26-11-23 03:34:12 text`, without the ident too. Local
 * time, two digits of the year, no fraction. */
#include "decode/text_parts.h"

enum { STAMP_LEN = 17 };

static enum level level_of(char letter)
{
    switch (letter) {
    case 'E':
        return LEVEL_ERROR;
    case 'W':
        return LEVEL_WARNING;
    case 'N':
        return LEVEL_NOTICE;
    case 'I':
        return LEVEL_INFO;
    case 'D':
        return LEVEL_DEBUG;
    default:
        return LEVEL_NONE;
    }
}

/* `(ident) `. */
static bool take_ident(struct text_line *line)
{
    uint32_t begin = line->at + 1;
    const char *end;

    if (text_peek(line) != '(')
        return true;
    end = memmem(text_here(line), text_left(line), ") ", 2);
    if (!end)
        return false;
    line->at = (uint32_t)(end - line->message->bytes) + 2;
    line->entry->app = text_span(line, begin, line->at - 2);
    return true;
}

/* `26-11-23 03:34:12`, which is ISO without the century. */
static bool take_time(struct text_line *line)
{
    struct civil civil;
    char iso[CIVIL_ISO_LEN + 1] = "20";

    if (text_left(line) < STAMP_LEN || text_here(line)[STAMP_LEN - 9] != ' ')
        return false;
    memcpy(iso + 2, text_here(line), STAMP_LEN);
    if (!civil_read_iso(iso, &civil))
        return false;
    line->at += STAMP_LEN;
    line->entry->time_ns = local_time_seconds(&line->decoder->local, &civil) * 1000000000;
    return true;
}

bool text_czmq(struct text_line *line)
{
    line->entry->level = (uint8_t)level_of(text_peek(line));
    line->at++;
    if (line->entry->level == LEVEL_NONE || !TEXT_TAKE(line, ": ") || !take_ident(line) ||
        !take_time(line))
        return false;
    return (text_left(line) == 0 || TEXT_TAKE(line, " ")) && text_rest(line);
}
