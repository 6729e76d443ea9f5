/* Whether two paths that are made from entries can be the same: a search for one text that
 * both patterns take. A placeholder takes one or more of the bytes that values may have;
 * what rotation adds to a name is `@` and more of them.
 *
 *     pattern: l o g / ◇ ◇* . l o g         ◇ such a byte, ◇* any number of them
 *
 * can[i][j] says that what is behind i of the one and behind j of the other can be the same
 * text. It follows from the three neighbours behind it, so one row is kept. */
#include <stdlib.h>
#include <string.h>

#include "aggregate/path_template.h"
#include "conf/alloc.h"

enum token_kind { TOKEN_BYTE, TOKEN_SAFE, TOKEN_MANY_SAFE };

struct token {
    enum token_kind kind;
    char byte;
};

struct pattern {
    struct token *tokens;
    size_t count;
};

static void add_token(struct pattern *pattern, enum token_kind kind, char byte)
{
    pattern->tokens[pattern->count++] = (struct token){kind, byte};
}

static void add_placeholder(struct pattern *pattern)
{
    add_token(pattern, TOKEN_SAFE, 0);
    add_token(pattern, TOKEN_MANY_SAFE, 0);
}

/* As path_template.c reads paths. */
static struct pattern pattern_of(const char *path, bool rotated)
{
    struct pattern pattern = {.tokens = alloc_zeroed(strlen(path) + 4, sizeof(struct token))};

    while (*path) {
        size_t len = path_template_placeholder_len(path);

        if (len > 0) {
            add_placeholder(&pattern);
            path += len + 2;
        } else {
            add_token(&pattern, TOKEN_BYTE, *path++);
        }
    }
    if (rotated) {
        add_token(&pattern, TOKEN_BYTE, '@');
        add_placeholder(&pattern);
    }
    return pattern;
}

/* Whether one byte can be what both stand for. */
static bool share_a_byte(const struct token *a, const struct token *b)
{
    if (a->kind == TOKEN_BYTE && b->kind == TOKEN_BYTE)
        return a->byte == b->byte;
    if (a->kind == TOKEN_BYTE)
        return path_template_is_safe(a->byte);
    return b->kind != TOKEN_BYTE || path_template_is_safe(b->byte);
}

static bool is_many(const struct pattern *pattern, size_t at)
{
    return at < pattern->count && pattern->tokens[at].kind == TOKEN_MANY_SAFE;
}

/* can[i][j]; `below` is row i + 1, `row` is row i from j + 1 on. */
static bool can_meet(const struct pattern *a, size_t i, const struct pattern *b, size_t j,
                     const bool *below, const bool *row)
{
    if (i == a->count && j == b->count)
        return true;
    if ((is_many(a, i) && below[j]) || (is_many(b, j) && row[j + 1]))
        return true; /* it takes no byte */
    if (i == a->count || j == b->count || !share_a_byte(&a->tokens[i], &b->tokens[j]))
        return false;
    if (is_many(a, i))
        return row[j + 1]; /* and may take more; where both may, the case above says it */
    return is_many(b, j) ? below[j] : below[j + 1];
}

static bool patterns_meet(const struct pattern *a, const struct pattern *b)
{
    bool *row = alloc_zeroed(b->count + 2, sizeof *row);
    bool *below = alloc_zeroed(b->count + 2, sizeof *below);
    bool meet;

    for (size_t i = a->count + 1; i-- > 0;) {
        memcpy(below, row, (b->count + 2) * sizeof *row);
        row[b->count + 1] = false;
        for (size_t j = b->count + 1; j-- > 0;)
            row[j] = can_meet(a, i, b, j, below, row);
    }
    meet = row[0];
    free(row);
    free(below);
    return meet;
}

static bool meet(const char *a, bool a_rotated, const char *b, bool b_rotated)
{
    struct pattern first = pattern_of(a, a_rotated), second = pattern_of(b, b_rotated);
    bool answer = patterns_meet(&first, &second);

    free(first.tokens);
    free(second.tokens);
    return answer;
}

bool path_template_overlap(const char *a, const char *b)
{
    return meet(a, false, b, false) || meet(a, true, b, false) || meet(a, false, b, true);
}
