/* `<PRI>` (RFC 5424 §6.2.1, RFC 3164 §4.1.1): eight times the facility, and the severity. What
 * follows decides which of the two syslogs it is, if any.
 *
 * The severity is the level. The facility becomes a field, but for `user`: that is the one of
 * programs, and the one that we write ourselves. */
#include "decode/text_parts.h"

enum { PRIORITY_MAX = 191, FACILITY_USER = 1, VERSION_DIGITS_MAX = 3 };

static const char *const facilities[] = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7",
};

static bool add_facility(struct text_line *line, unsigned facility)
{
    const char *name = facilities[facility];
    struct span value;

    return text_copy(line, name, (uint32_t)strlen(name), &value) &&
           TEXT_ADD(line, "facility", value);
}

/* No leading zeros: then it is no priority. */
static bool take_priority(struct text_line *line)
{
    uint32_t begin = line->at + 1;
    unsigned priority;

    if (!TEXT_TAKE(line, "<") || !text_number(line, 3, &priority) || priority > PRIORITY_MAX)
        return false;
    if (line->at > begin + 1 && line->message->bytes[begin] == '0')
        return false;
    line->entry->level = (uint8_t)(LEVEL_EMERG + priority % 8);
    return TEXT_TAKE(line, ">") &&
           (priority / 8 == FACILITY_USER || add_facility(line, priority / 8));
}

static bool has_later_version(const struct text_line *line)
{
    struct text_line ahead = *line;
    unsigned version;

    return text_peek(line) != '0' && text_number(&ahead, VERSION_DIGITS_MAX, &version) &&
           text_peek(&ahead) == ' ';
}

/* `1 `: RFC 5424's, or that of a later one, which we do not know. */
static bool has_version(const struct text_line *line)
{
    bool is_first = text_left(line) >= 2 && memcmp(text_here(line), "1 ", 2) == 0;

    return is_first || has_later_version(line);
}

/* RFC 3164 §4.3.2: no time that is one, so all of it is the message. A space there is
 * somebody's prose. */
static bool bare(struct text_line *line)
{
    return text_peek(line) != ' ' && text_rest(line);
}

static bool behind_priority(struct text_line *line)
{
    struct text_line dated = *line;

    return text_rfc3164(&dated) || bare(line);
}

bool text_syslog(struct text_line *line)
{
    if (!take_priority(line))
        return false;
    return has_version(line) ? text_rfc5424(line) : behind_priority(line);
}

bool text_only_rfc5424(struct text_line *line)
{
    return take_priority(line) && text_rfc5424(line);
}

/* As files have it, there need be no priority. */
bool text_only_rfc3164(struct text_line *line)
{
    if (text_peek(line) != '<')
        return text_rfc3164(line);
    return take_priority(line) && behind_priority(line);
}
