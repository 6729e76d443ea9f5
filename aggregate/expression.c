/* How the time of a search is bounded.
 *
 * PCRE2 tries a match at each place of the text where one may begin, and its match limit is
 * for one such attempt: 64 KiB of text with 9,000 steps at every second place held the loop
 * for 300 ms. So there is a budget for the whole text:
 *
 *  - A callout in front of the expression is told of each attempt before it begins. It
 *    charges the attempt with the limit that it runs under, as if it used all of it.
 *  - Attempts begin with a small limit, so that the charge of a usual one is small. Where it
 *    does not do, the search goes on from that place with a larger one, up to MATCH_LIMIT,
 *    and behind it with the small one again.
 *  - When nothing is left, the search is over.
 *
 * This counts steps, not time, so the answer does not depend on how busy the machine is.
 * PCRE2's machine code counts fewer steps than its interpreter does for the same search: near
 * the limit one may find what the other gives up. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "aggregate/expression.h"

#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/escape.h"
#include "conf/must.h"

enum {
    MATCH_LIMIT = 10000,
    STEPS = 200000,    /* of one search, and */
    STEPS_A_BYTE = 32, /* for each byte of the text */
    STEPS_A_RUN = 64,  /* for going on from another place */
    HEAP_KIB = 512,    /* what the interpreter may remember */
    JIT_STACK_LEAST = 32 * 1024,
    JIT_STACK = 512 * 1024,
};

/* The limits of an attempt, and how many attempts have it before it is the first again. */
static const struct level {
    uint32_t limit;
    uint32_t attempts;
} levels[] = {{32, UINT32_MAX}, {256, 2}, {2048, 1}, {MATCH_LIMIT, 1}};
enum { LEVELS = sizeof levels / sizeof levels[0] };

/* In front of every expression; a sentence about it must not count it. */
#define CALLOUT "(?C1)"
enum { CALLOUT_LEN = sizeof CALLOUT - 1 };

struct expression {
    pcre2_code *code;
    bool has_jit;
};

/* ---- compiling ------------------------------------------------------------------------- */

static pcre2_code *compile(const char *source, int *error, size_t *offset)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    pcre2_code *code;

    must(context);
    must(pcre2_set_newline(context, PCRE2_NEWLINE_LF) == 0);
    code = pcre2_compile((PCRE2_SPTR)source, PCRE2_ZERO_TERMINATED,
                         PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, error, offset, context);
    pcre2_compile_context_free(context);
    return code;
}

static int refuse(const char *source, int error, size_t offset, struct err *err)
{
    char why[128];

    pcre2_get_error_message(error, (PCRE2_UCHAR *)why, sizeof why);
    return err_set(err, "the expression '%s' is wrong at character %zu: %s", source, offset + 1,
                   why);
}

/* `\G` is where a search begins, and ours begin several times. It would also be found in
 * `\Q\G\E`, where it means nothing. */
static bool has_search_begin(const char *source)
{
    for (const char *at = source; (at = strchr(at, '\\')) && at[1] != '\0'; at += 2) {
        if (at[1] == 'G')
            return true;
    }
    return false;
}

/* As the user wrote it, so that what is wrong is told in those terms. */
static int check(const char *source, struct err *err)
{
    size_t offset;
    int error;
    pcre2_code *code;

    if (strlen(source) > EXPRESSION_SOURCE_MAX)
        return err_set(err, "the expression has %zu bytes, above the largest allowed %d",
                       strlen(source), EXPRESSION_SOURCE_MAX);
    if (strncmp(source, "(*", 2) == 0)
        return err_set(err,
                       "the expression '%s' begins with '(*', which is for settings of PCRE2 "
                       "that are not free here",
                       source);
    code = compile(source, &error, &offset);
    if (!code)
        return refuse(source, error, offset, err);
    pcre2_code_free(code);
    if (has_search_begin(source))
        return err_set(err,
                       "the expression '%s' has \\G, which is always the beginning here; write "
                       "\\A for it",
                       source);
    return 0;
}

static size_t info(const pcre2_code *code, uint32_t what)
{
    size_t value;

    must(pcre2_pattern_info(code, what, &value) == 0);
    return value;
}

static int check_size(const struct expression *expression, struct err *err)
{
    size_t bytes =
        info(expression->code, PCRE2_INFO_SIZE) + info(expression->code, PCRE2_INFO_JITSIZE);

    if (bytes > EXPRESSION_BYTES_MAX)
        return err_set(err,
                       "the expression needs %zuKiB once it is compiled, above the largest "
                       "allowed %dKiB",
                       (bytes + 1023) / 1024, EXPRESSION_BYTES_MAX / 1024);
    return 0;
}

struct expression *expression_new(const char *source, enum expression_jit jit, struct err *err)
{
    char ours[CALLOUT_LEN + EXPRESSION_SOURCE_MAX + 1];
    struct expression *expression;
    size_t offset;
    int error;

    if (check(source, err) < 0)
        return NULL;
    expression = calloc(1, sizeof *expression);
    must(expression);
    snprintf(ours, sizeof ours, CALLOUT "%s", source);
    expression->code = compile(ours, &error, &offset);
    if (!expression->code) {
        refuse(source, error, offset > CALLOUT_LEN ? offset - CALLOUT_LEN : 0, err);
        expression_free(&expression);
        return NULL;
    }
    /* It fails where no memory may be both written and executed. */
    expression->has_jit = jit == EXPRESSION_JIT_IF_POSSIBLE &&
                          pcre2_jit_compile(expression->code, PCRE2_JIT_COMPLETE) == 0;
    if (check_size(expression, err) < 0)
        expression_free(&expression);
    return expression;
}

void expression_free(struct expression **expression_address)
{
    struct expression *expression = *expression_address;

    *expression_address = NULL;
    if (!expression)
        return;
    pcre2_code_free(expression->code);
    free(expression);
}

bool expression_has_jit(const struct expression *expression)
{
    return expression->has_jit;
}

/* ---- memory ------------------------------------------------------------------------------ */

/* The interpreter's memory grows by taking twice as much and giving back what it had. So two
 * halves are enough, and there is no malloc once the room is made. */
struct expression_room {
    pcre2_general_context *general;
    pcre2_match_context *context;
    pcre2_match_data *data;
    pcre2_jit_stack *jit_stack; /* NULL: this PCRE2 has no JIT */
    size_t text_max;
    char *text; /* that was made UTF-8 */
    bool made;
    bool in_use[2];
    char halves[2][HEAP_KIB * 1024];
};

static void *take_half(size_t size, void *context)
{
    struct expression_room *room = context;

    if (!room->made)
        return malloc(size);
    for (unsigned i = 0; i < 2; i++) {
        if (!room->in_use[i] && size <= sizeof room->halves[i]) {
            room->in_use[i] = true;
            return room->halves[i];
        }
    }
    return NULL;
}

static void give_half(void *memory, void *context)
{
    struct expression_room *room = context;

    for (unsigned i = 0; i < 2; i++) {
        if (memory == room->halves[i]) {
            room->in_use[i] = false;
            return;
        }
    }
    free(memory);
}

struct expression_room *expression_room_new(size_t text_max)
{
    struct expression_room *room = calloc(1, sizeof *room);

    must(room);
    room->text_max = text_max;
    room->text = malloc(text_max);
    must(room->text);
    room->general = pcre2_general_context_create(take_half, give_half, room);
    must(room->general);
    room->context = pcre2_match_context_create(room->general);
    room->data = pcre2_match_data_create(1, room->general);
    must(room->context && room->data);
    must(pcre2_set_heap_limit(room->context, HEAP_KIB) == 0);
    room->jit_stack = pcre2_jit_stack_create(JIT_STACK_LEAST, JIT_STACK, NULL);
    if (room->jit_stack)
        pcre2_jit_stack_assign(room->context, NULL, room->jit_stack);
    room->made = true;
    return room;
}

void expression_room_free(struct expression_room **room_address)
{
    struct expression_room *room = *room_address;

    *room_address = NULL;
    if (!room)
        return;
    pcre2_jit_stack_free(room->jit_stack);
    pcre2_match_data_free(room->data);
    pcre2_match_context_free(room->context);
    pcre2_general_context_free(room->general);
    free(room->text);
    free(room);
}

size_t expression_room_bytes(size_t text_max)
{
    return sizeof(struct expression_room) + text_max + JIT_STACK;
}

/* ---- making a text UTF-8 ----------------------------------------------------------------- */

/* PCRE2's own ways differ: its interpreter and its machine code do not agree on what is found
 * at the end of a text that ends in the middle of a character. */

static bool are_ascii(const char *bytes)
{
    uint64_t eight;

    memcpy(&eight, bytes, sizeof eight);
    return (eight & 0x8080808080808080u) == 0;
}

/* How many bytes from the first on are UTF-8. */
static size_t utf8_len(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len) {
        uint32_t code_point;
        unsigned count;

        if (at + 8 <= len && are_ascii(text + at)) {
            at += 8;
            continue;
        }
        count = utf8_sequence(text + at, len - at, &code_point);
        if (count == 0)
            return at;
        at += count;
    }
    return len;
}

/* The text itself or, where it is no UTF-8, a copy in the room. */
static const char *as_utf8(struct expression_room *room, const char *text, size_t *len)
{
    enum { SUBSTITUTE = 0x1a };
    size_t at = utf8_len(text, *len);

    if (at == *len)
        return text;
    if (*len > room->text_max)
        *len = room->text_max;
    memcpy(room->text, text, *len);
    for (at = 0; (at += utf8_len(room->text + at, *len - at)) < *len;)
        room->text[at] = SUBSTITUTE;
    return room->text;
}

/* ---- searching --------------------------------------------------------------------------- */

#define NOWHERE SIZE_MAX

struct search {
    int64_t steps_left;
    const struct level *level;
    uint32_t attempts_left; /* at this level */
    size_t from;            /* where the first attempt may begin */
    size_t at;              /* where the last one has begun, or wants to */
};

/* A recursion of the expression into itself comes by here, too, but is no attempt. */
static int on_attempt(pcre2_callout_block *block, void *context)
{
    struct search *search = context;

    if (block->start_match == search->at)
        return 0;
    search->at = block->start_match;
    if (search->attempts_left-- == 0)
        return PCRE2_ERROR_CALLOUT;
    search->steps_left -= search->level->limit;
    return search->steps_left < 0 ? PCRE2_ERROR_CALLOUT : 0;
}

static int run(const struct expression *expression, struct expression_room *room,
               struct search *search, const char *text, size_t len)
{
    must(pcre2_set_callout(room->context, on_attempt, search) == 0);
    must(pcre2_set_match_limit(room->context, search->level->limit) == 0);
    search->attempts_left = search->level->attempts;
    search->at = NOWHERE;
    search->steps_left -= STEPS_A_RUN;
    return pcre2_match(expression->code, (PCRE2_SPTR)text, len, search->from, PCRE2_NO_UTF_CHECK,
                       room->data, room->context);
}

/* The level at which to go on after such a result, or NULL. */
static const struct level *next_level(const struct search *search, int result)
{
    if (search->steps_left < 0 || search->at == NOWHERE)
        return NULL;
    if (result == PCRE2_ERROR_CALLOUT)
        return levels;
    if (result == PCRE2_ERROR_MATCHLIMIT && search->level + 1 < levels + LEVELS)
        return search->level + 1;
    return NULL;
}

enum expression_answer expression_search(const struct expression *expression,
                                         struct expression_room *room, const char *text, size_t len)
{
    struct search search = {.steps_left = STEPS + STEPS_A_BYTE * (int64_t)len, .level = levels};

    text = as_utf8(room, text, &len);
    for (;;) {
        int result = run(expression, room, &search, text, len);

        if (result >= 0)
            return EXPRESSION_FOUND;
        if (result == PCRE2_ERROR_NOMATCH)
            return EXPRESSION_NOT_FOUND;
        search.level = next_level(&search, result);
        if (!search.level)
            return EXPRESSION_LIMIT;
        search.from = search.at;
    }
}
