/* match.c - any pattern and any bytes: globs agree with their plain definition, expressions
 * say the same with JIT and without, and no search takes more than its steps. */
#include "aggregate/expression.h"
#include "aggregate/glob.h"

#include <stdlib.h>
#include <string.h>

#include "conf/must.h"

enum { PATTERN_MAX = 24, TEXT_MAX = 512, PLAIN_MAX = 16, PLAIN_STARS_MAX = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct expression_room *room;

/* Only for patterns of bytes and a few stars: other steps are tried by the unit test, and of
 * the stars each doubles the attempts. */
static bool is_plain(const char *pattern)
{
    unsigned stars = 0;

    for (const char *at = pattern; *at != '\0'; at++)
        stars += *at == '*';
    return stars <= PLAIN_STARS_MAX && !strpbrk(pattern, "?[\\");
}

static bool plainly(const char *pattern, const char *at, const char *end)
{
    if (*pattern == '\0')
        return at == end;
    if (*pattern == '*')
        return plainly(pattern + 1, at, end) || (at < end && plainly(pattern, at + 1, end));
    return at < end && *pattern == *at && plainly(pattern + 1, at + 1, end);
}

static void check_glob(const char *pattern, const char *text, size_t len)
{
    struct glob glob;
    char *name;
    bool is;

    if (glob_init(&glob, pattern, NULL) < 0)
        return;
    name = malloc(len + GLOB_HEAD);
    memcpy(name, text, len);
    memset(name + len, '*', GLOB_HEAD);
    is = glob_matches(&glob, glob_name(name, len));
    must(!glob_is_any(&glob) || is);
    if (len <= PLAIN_MAX && is_plain(pattern))
        must(is == plainly(pattern, name, name + len));
    free(name);
    glob_fini(&glob);
}

static enum expression_answer answer_of(const char *pattern, enum expression_jit jit,
                                        const char *text, size_t len)
{
    struct expression *expression = expression_new(pattern, jit, NULL);
    enum expression_answer answer = EXPRESSION_LIMIT;
    char *exact = malloc(len ? len : 1);

    memcpy(exact, text, len);
    if (expression)
        answer = expression_search(expression, room, exact, len);
    expression_free(&expression);
    free(exact);
    return answer;
}

static void check_expression(const char *pattern, const char *text, size_t len)
{
    enum expression_answer fast = answer_of(pattern, EXPRESSION_JIT_IF_POSSIBLE, text, len);
    enum expression_answer plain = answer_of(pattern, EXPRESSION_WITHOUT_JIT, text, len);

    must(fast == plain || fast == EXPRESSION_LIMIT || plain == EXPRESSION_LIMIT);
}

/* The pattern ends with the first NUL, or as it must; the text is the rest. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char pattern[PATTERN_MAX + 1] = "";
    size_t pattern_len = strnlen((const char *)data, size < PATTERN_MAX ? size : PATTERN_MAX);
    size_t begin = pattern_len < size ? pattern_len + 1 : size;
    size_t len = size - begin < TEXT_MAX ? size - begin : TEXT_MAX;

    if (!room)
        room = expression_room_new(TEXT_MAX);
    memcpy(pattern, data, pattern_len);
    check_glob(pattern, (const char *)data + begin, len);
    check_expression(pattern, (const char *)data + begin, len);
    return 0;
}
