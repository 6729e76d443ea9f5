/* json_walk.h - the grammar of RFC 8259 over the tokens of a json_index.
 *
 * The index knows where tokens begin and that strings are closed; the walk checks
 * everything else, also of values that are only passed on. Depth is bounded. */
#ifndef INGEST_JSON_WALK_H
#define INGEST_JSON_WALK_H

#include "ingest/json_index.h"

enum { JSON_DEPTH_MAX = 64 };

struct json_walk {
    const struct json_index *index;
    const char *text;
    const uint32_t *tokens;
    uint32_t count;
    uint32_t at;   /* the token that comes next */
    uint32_t len;  /* of text */
    char *scratch; /* where escapes are tried out: as long as the longest string + 64 */
};

/* The byte that the next token begins with, 0 at the end. */
static inline char json_walk_peek(const struct json_walk *walk)
{
    return walk->at < walk->count ? walk->text[walk->tokens[walk->at]] : '\0';
}

/* Where the next token ends: before the white space that precedes the one after it. */
static inline uint32_t json_walk_token_end(const struct json_walk *walk)
{
    uint32_t end = walk->at + 1 < walk->count ? walk->tokens[walk->at + 1] : walk->len;

    while (walk->text[end - 1] == ' ' || walk->text[end - 1] == '\t' ||
           walk->text[end - 1] == '\n' || walk->text[end - 1] == '\r')
        end--;
    return end;
}

/* The next token is a string: its content, without quotes. False: it is no string. */
static inline bool json_walk_string(struct json_walk *walk, uint32_t *begin_out, uint32_t *len_out)
{
    uint32_t begin, end;

    if (json_walk_peek(walk) != '"')
        return false;
    begin = walk->tokens[walk->at] + 1;
    end = json_walk_token_end(walk) - 1;
    if (end < begin || walk->text[end] != '"')
        return false;
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
