/* json_check.h - whether a line is one JSON object (RFC 8259), a newline, and nothing
 * that a terminal would obey. A reader of our own, so that it shares no mistake. */
#ifndef TESTS_AGGREGATE_JSON_CHECK_H
#define TESTS_AGGREGATE_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "aggregate/escape.h"

static inline const char *json_string(const char *at, const char *end)
{
    if (at == end || *at++ != '"')
        return NULL;
    while (at < end && *at != '"') {
        uint32_t code_point;
        unsigned count = utf8_sequence(at, (size_t)(end - at), &code_point);

        if (count == 0 || (unsigned char)*at < 0x20 || *at == 0x7f)
            return NULL;
        if (*at != '\\') {
            at += count;
        } else if (end - at > 5 && at[1] == 'u' && strspn(at + 2, "0123456789abcdefABCDEF") >= 4) {
            at += 6;
        } else if (end - at > 1 && at[1] && strchr("\"\\/bfnrt", at[1])) {
            at += 2;
        } else {
            return NULL;
        }
    }
    return at < end ? at + 1 : NULL;
}

/* A value's end, or NULL. Numbers and words by their letters only. */
static inline const char *json_value(const char *at, const char *end)
{
    char opening = at < end ? *at : '\0', closing = opening == '{' ? '}' : ']';
    size_t word;

    if (opening == '"')
        return json_string(at, end);
    if (opening != '{' && opening != '[') {
        word = strspn(at, "-+.0123456789eEaflnrstu");
        return word && word <= (size_t)(end - at) ? at + word : NULL;
    }
    do {
        at += 1 + strspn(at + 1, " ");
        if (at < end && *at == closing)
            return at + 1;
        if (opening == '{') {
            at = json_string(at, end);
            if (!at || at == end || *at++ != ':')
                return NULL;
            at += strspn(at, " ");
        }
        at = json_value(at, end);
    } while (at && at < end && *at == ',');
    return at && at < end && *at == closing ? at + 1 : NULL;
}

/* text[len] is readable and zero. */
static inline bool is_json_line(const char *text, size_t len)
{
    return len > 2 && *text == '{' && text[len - 1] == '\n' &&
           json_value(text, text + len - 1) == text + len - 1;
}

#endif
