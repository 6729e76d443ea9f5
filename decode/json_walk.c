#include "decode/json_walk.h"

#include <string.h>

uint32_t json_walk_trim(const struct json_walk *walk, uint32_t end)
{
    while (walk->text[end - 1] == ' ' || walk->text[end - 1] == '\t' ||
           walk->text[end - 1] == '\n' || walk->text[end - 1] == '\r')
        end--;
    return end;
}

/* Skips the digits from `at`; false when there are none. */
static bool skip_digits(const char *text, uint32_t *at, uint32_t end)
{
    uint32_t begin = *at;

    while (*at < end && (unsigned char)(text[*at] - '0') <= 9)
        ++*at;
    return *at > begin;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool is_number(const char *text, uint32_t at, uint32_t end)
{
    at += text[at] == '-';
    if (at < end && text[at] == '0')
        at++;
    else if (!skip_digits(text, &at, end))
        return false;
    if (at < end && text[at] == '.') {
        at++;
        if (!skip_digits(text, &at, end))
            return false;
    }
    if (at < end && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < end && (text[at] == '+' || text[at] == '-'))
            at++;
        if (!skip_digits(text, &at, end))
            return false;
    }
    return at == end;
}

static bool is_word(const char *text, uint32_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

static bool is_scalar(const char *text, uint32_t begin, uint32_t end)
{
    uint32_t len = end - begin;

    switch (text[begin]) {
    case 't':
        return is_word(text + begin, len, "true");
    case 'f':
        return is_word(text + begin, len, "false");
    case 'n':
        return is_word(text + begin, len, "null");
    default:
        return is_number(text, begin, end);
    }
}

static bool skip_string(struct json_walk *walk)
{
    uint32_t begin, len;

    return json_walk_string(walk, &begin, &len) &&
           (!memchr(walk->text + begin, '\\', len) ||
            json_unescape(walk->index, walk->text + begin, walk->scratch));
}

/* A string or scalar that is only passed on. */
static bool skip_leaf(struct json_walk *walk)
{
    if (json_walk_peek(walk) == '"')
        return skip_string(walk);
    if (walk->at == walk->count ||
        !is_scalar(walk->text, walk->tokens[walk->at], json_walk_token_end(walk)))
        return false;
    walk->at++;
    return true;
}

static bool skip_key(struct json_walk *walk)
{
    if (json_walk_peek(walk) != '"' || !skip_leaf(walk) || json_walk_peek(walk) != ':')
        return false;
    walk->at++;
    return true;
}

/* One bit a level that is open: set for an object. */
struct nesting {
    uint64_t objects;
    unsigned depth;
};

static bool in_object(const struct nesting *nesting)
{
    return nesting->objects & 1;
}

static bool open_level(struct nesting *nesting, bool object)
{
    if (nesting->depth == JSON_DEPTH_MAX)
        return false;
    nesting->objects = nesting->objects << 1 | object;
    nesting->depth++;
    return true;
}

static void close_level(struct nesting *nesting)
{
    nesting->objects >>= 1;
    nesting->depth--;
}

/* Goes in through brackets to the next leaf, and over it. An empty container is a
 * leaf. In an object the key comes first. */
static bool skip_to_leaf(struct json_walk *walk, struct nesting *nesting)
{
    for (;;) {
        char bracket = json_walk_peek(walk);

        if (bracket != '{' && bracket != '[')
            return skip_leaf(walk);
        if (!open_level(nesting, bracket == '{'))
            return false;
        walk->at++;
        if (json_walk_peek(walk) == (bracket == '{' ? '}' : ']')) {
            walk->at++;
            close_level(nesting);
            return true;
        }
        if (bracket == '{' && !skip_key(walk))
            return false;
    }
}

static bool skip_container(struct json_walk *walk, unsigned depth)
{
    struct nesting nesting = {.depth = depth};

    for (;;) {
        if (!skip_to_leaf(walk, &nesting))
            return false;
        while (nesting.depth > depth && json_walk_peek(walk) == (in_object(&nesting) ? '}' : ']')) {
            walk->at++;
            close_level(&nesting);
        }
        if (nesting.depth == depth)
            return true;
        if (json_walk_peek(walk) != ',')
            return false;
        walk->at++;
        if (in_object(&nesting) && !skip_key(walk))
            return false;
    }
}

bool json_walk_value(struct json_walk *walk, unsigned depth, uint32_t *begin_out, uint32_t *len_out)
{
    uint32_t begin, end;

    if (walk->at == walk->count)
        return false;
    begin = walk->tokens[walk->at];
    if (walk->text[begin] == '{' || walk->text[begin] == '[') {
        if (!skip_container(walk, depth))
            return false;
        end = walk->tokens[walk->at - 1] + 1;
    } else {
        end = json_walk_token_end(walk);
        if (!skip_leaf(walk))
            return false;
    }
    *begin_out = begin;
    *len_out = end - begin;
    return true;
}
