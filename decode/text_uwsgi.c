/* uWSGI's own lines (plugins/logzmq sends them as they are). Both have local time:
 *
 *     [pid: 17|app: 0|req: 1/1] 127.0.0.1 () {30 vars in 400 bytes} [Mon Nov 23 03:34:12 2026] GET
 * … Mon Nov 23 03:34:12 2026 - text                                  with log-date
 *
 * Of the first, which says more than we have parts for, the whole line stays the text. */
#include "decode/text_parts.h"

/* ctime(3) without its newline. */
enum { CTIME_LEN = 24 };

static bool is_weekday(const char *text)
{
    static const char days[] = "MonTueWedThuFriSatSun";

    for (unsigned i = 0; i < 7; i++) {
        if (memcmp(text, days + 3 * i, 3) == 0)
            return text[3] == ' ';
    }
    return false;
}

/* `Mon Nov 23 03:34:12 2026` */
static bool take_ctime(struct text_line *line)
{
    const char *text = text_here(line);
    struct text_line year = *line;
    struct civil civil;

    if (text_left(line) < CTIME_LEN || !is_weekday(text) || text[7] != ' ' || text[10] != ' ' ||
        !civil_read_clock(text + 11, &civil) || text[19] != ' ')
        return false;
    year.at += 20;
    civil.month = civil_month(text + 4);
    civil.day = (text[8] == ' ' ? 0 : (unsigned)(text[8] - '0') * 10) + (unsigned)(text[9] - '0');
    if (!text_number(&year, 4, &civil.year) || !civil_is_real(&civil))
        return false;
    line->entry->time_ns = local_time_seconds(&line->decoder->local, &civil) * 1000000000;
    line->at += CTIME_LEN;
    return true;
}

static bool set_app(struct text_line *line)
{
    return text_copy(line, "uwsgi", 5, &line->entry->app);
}

static bool take_pid(struct text_line *line)
{
    uint32_t begin = line->at;
    unsigned pid;

    return text_number(line, 9, &pid) && TEXT_ADD(line, "pid", text_span(line, begin, line->at));
}

bool text_uwsgi_request(struct text_line *line)
{
    uint32_t begin = line->at;
    const char *time;

    if (!TEXT_TAKE(line, "[pid: ") || !take_pid(line) || !TEXT_TAKE(line, "|app: "))
        return false;
    time = memmem(text_here(line), text_left(line), "} [", 3);
    if (!time)
        return false;
    line->at = (uint32_t)(time - line->message->bytes) + 3;
    if (!take_ctime(line) || !TEXT_TAKE(line, "] ") || !set_app(line))
        return false;
    line->at = begin;
    return text_rest(line);
}

bool text_uwsgi_dated(struct text_line *line)
{
    return take_ctime(line) && TEXT_TAKE(line, " - ") && set_app(line) && text_rest(line);
}
