/* RFC 3164 §4.1, from the time on, as it is written in the wild:
 *
 *     Oct 11 22:14:15 host tag[pid]: text         also without a host
 *     Oct 11 2003 22:14:15 …                      a year; a fraction behind the seconds
 *     2003-10-11T22:14:15.003+02:00 …             what rsyslog forwards
 *
 * Nobody writes the zone of the first two: it is taken to be that of this machine. Of the
 * year see local_time_find_year. What does not end like a tag is none, and stays text. */
#include "decode/text_parts.h"

enum { CLOCK_LEN = 8, DAY_LEN = 7 /* "Oct 11 " */, YEAR_LEN = 5 /* "2003 " */ };
enum { TAG_MAX = 64, PID_MAX = 128 };

/* ---- time ---------------------------------------------------------------------------------- */

static bool read_day(const char *text, struct civil *civil)
{
    unsigned tens = text[4] == ' ' ? 0 : (unsigned)(text[4] - '0');
    unsigned ones = (unsigned)(text[5] - '0');

    civil->month = civil_month(text);
    civil->day = tens * 10 + ones;
    return civil->month > 0 && text[3] == ' ' && tens <= 3 && ones <= 9 && text[6] == ' ';
}

static bool take_year(struct text_line *line, struct civil *civil)
{
    struct text_line ahead = *line;
    unsigned year;

    if (!text_number(&ahead, 4, &year) || ahead.at != line->at + 4 || text_peek(&ahead) != ' ')
        return false;
    civil->year = year;
    line->at = ahead.at + 1;
    return true;
}

/* The entry learns of it when all of it is good. */
struct moment {
    int64_t time_ns;
    uint8_t digits;
};

static bool take_bsd_time(struct text_line *line, struct moment *moment)
{
    struct local_time *local = &line->decoder->local;
    struct civil civil;
    const char *text;
    int64_t fraction_ns;
    bool year_is_known;

    if (text_left(line) < DAY_LEN + CLOCK_LEN || !read_day(text_here(line), &civil))
        return false;
    line->at += DAY_LEN;
    year_is_known = take_year(line, &civil);
    if (text_left(line) < CLOCK_LEN || !civil_read_clock(text_here(line), &civil))
        return false;
    text = text_here(line) + CLOCK_LEN;
    if (!civil_read_fraction(&text, line->message->bytes + line->end, &fraction_ns,
                             &moment->digits))
        return false;
    if (year_is_known ? !civil_is_real(&civil)
                      : !local_time_find_year(local, &civil, line->message->received_ns))
        return false;
    moment->time_ns = local_time_seconds(local, &civil) * 1000000000 + fraction_ns;
    line->at = (uint32_t)(text - line->message->bytes);
    return true;
}

static bool take_iso_time(struct text_line *line, struct moment *moment)
{
    struct span word;

    return text_word(line, &word) && word.len > CIVIL_ISO_LEN &&
           timestamp_parse(&line->decoder->times, line->message->bytes + word.offset, word.len,
                           &moment->time_ns, &moment->digits);
}

static bool take_time(struct text_line *line)
{
    bool is_iso = text_peek(line) >= '0' && text_peek(line) <= '9';
    struct moment moment;

    if (!(is_iso ? take_iso_time(line, &moment) : take_bsd_time(line, &moment)) ||
        !TEXT_TAKE(line, " "))
        return false;
    line->entry->time_ns = moment.time_ns;
    line->entry->time_digits = moment.digits;
    return true;
}

/* ---- host and tag -------------------------------------------------------------------------- */

/* `[pid]`; without it, pid is empty. */
static bool take_pid(struct text_line *line, struct span *pid_out)
{
    const char *end;

    *pid_out = (struct span){.offset = line->at};
    if (!TEXT_TAKE(line, "["))
        return true;
    end = memchr(text_here(line), ']', text_left(line) < PID_MAX ? text_left(line) : PID_MAX);
    if (!end || memchr(text_here(line), ' ', (size_t)(end - text_here(line))))
        return false;
    *pid_out = text_span(line, line->at, (uint32_t)(end - line->message->bytes));
    line->at += pid_out->len + 1;
    return true;
}

/* `tag: `, `tag[pid]: `, and without the colon `tag[pid] `. False: it is no tag, and nothing
 * was taken. */
static bool take_tag(struct text_line *line)
{
    struct text_line ahead = *line;
    struct span tag, pid;
    unsigned seen;
    bool colon;

    ahead.at = text_run(line, line->at, BYTE_NO_NAME, &seen);
    if (ahead.at == line->at || ahead.at - line->at > TAG_MAX)
        return false;
    tag = text_span_of(line->at, ahead.at, seen);
    if (!take_pid(&ahead, &pid))
        return false;
    colon = TEXT_TAKE(&ahead, ":");
    if ((!colon && pid.len == 0) || (text_left(&ahead) > 0 && !TEXT_TAKE(&ahead, " ")))
        return false;
    if (pid.len > 0 && !TEXT_ADD(&ahead, "pid", pid))
        return false;
    line->entry->app = text_or_nil(line, tag);
    *line = ahead;
    return true;
}

/* A name or an address, and something behind it. */
static bool take_host(struct text_line *line)
{
    struct span host;
    unsigned seen;
    uint32_t end = text_run(line, line->at, BYTE_NO_NAME & ~BYTE_COLON, &seen);

    if (end == line->at || end == line->end || line->message->bytes[end] != ' ')
        return false;
    host = text_span_of(line->at, end, seen);
    line->entry->host = text_or_nil(line, host);
    line->at = end + 1;
    return true;
}

bool text_rfc3164(struct text_line *line)
{
    if (!take_time(line))
        return false;
    if (!take_tag(line) && take_host(line))
        take_tag(line);
    return text_rest(line);
}
