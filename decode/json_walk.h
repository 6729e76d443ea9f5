/* json_walk.h - the grammar of RFC 8259 over the tokens of a json_index.
 *
 * The index knows where tokens begin and that strings are closed; the walk checks
 * everything else, also of values that are only passed on. Depth is bounded. The byte
 * behind the text may be read; it must be none that JSON's tokens begin with. */
#ifndef DECODE_JSON_WALK_H
#define DECODE_JSON_WALK_H

#include "decode/json_index.h"

enum { JSON_DEPTH_MAX = 64 };

struct json_walk {
    const struct json_index *index;
    const char *text;
    const uint32_t *tokens;
    uint32_t count;
    uint32_t at;   /* the token that comes next; behind the last one: count */
    char *scratch; /* where escapes are tried out: as long as the longest string + 64 */
};

/* The byte that the next token begins with; at the end, the one behind the text. */
static inline char json_walk_peek(const struct json_walk *walk)
{
    return walk->text[walk->tokens[walk->at]];
}

/* Where what ends before `end` ends without the white space there. */
uint32_t json_walk_trim(const struct json_walk *walk, uint32_t end);

/* Where the next token, which there must be, ends: before the white space that precedes
 * the one after it. */
static inline uint32_t json_walk_token_end(const struct json_walk *walk)
{
    uint32_t end = walk->tokens[walk->at + 1];

    return walk->text[end - 1] > ' ' ? end : json_walk_trim(walk, end);
}

/* The next token is a string: its content, without quotes. False: it is no string. */
static inline bool json_walk_string(struct json_walk *walk, uint32_t *begin_out, uint32_t *len_out)
{
    uint32_t begin = walk->tokens[walk->at] + 1, end;

    if (walk->text[begin - 1] != '"')
        return false;
    end = json_walk_token_end(walk) - 1;
    if (end < begin || walk->text[end] != '"')
        return false;
    *begin_out = begin;
    *len_out = end - begin;
    walk->at++;
    return true;
}

/* The next token is a whole number without a sign, as most values other than strings are.
 * False: it is something else. */
static inline bool json_walk_integer(struct json_walk *walk, uint32_t *begin_out, uint32_t *len_out)
{
    uint32_t begin = walk->tokens[walk->at], at = begin, end;

    if ((unsigned char)(walk->text[begin] - '1') > 8)
        return false;
    end = json_walk_token_end(walk);
    while (++at < end) {
        if ((unsigned char)(walk->text[at] - '0') > 9)
            return false;
    }
    *begin_out = begin;
    *len_out = end - begin;
    walk->at++;
    return true;
}

/* Steps over the next value, a string included, checking it to its leaves; it stands
 * `depth` levels below the top. False: not JSON, or too deep. */
bool json_walk_value(struct json_walk *walk, unsigned depth, uint32_t *begin_out,
                     uint32_t *len_out);

#endif
