#include "conf/quoting.h"

#include <string.h>

static const char *skip_spaces(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* `[` and `{` are meant as YAML when a quote or the end follows. */
static bool means_something(const char *at, const char *end)
{
    const char *then = at < end ? skip_spaces(at + 1, end) : end;

    if (at == end || !strchr("{[*!%@`&", *at))
        return false;
    return (*at != '[' && *at != '{') || (then < end && !strchr("'\"]}", *then));
}

const char *quoting_hint(struct place place)
{
    static const char hint[] = "; if it is meant as text, put the value in 'single quotes'";
    size_t len;
    const char *at = source_line(place.source, place.line, &len), *end = at + len;

    at = skip_spaces(at, end);
    while (at + 1 < end && at[0] == '-' && at[1] == ' ')
        at = skip_spaces(at + 1, end);
    if (means_something(at, end))
        return hint;
    for (; at + 1 < end && !(at[0] == ' ' && at[1] == '#'); at++)
        if (at[0] == ':' && at[1] == ' ' && means_something(skip_spaces(at + 1, end), end))
            return hint;
    return "";
}
