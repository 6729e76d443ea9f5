#include "conf/unclosed.h"

#include <string.h>

enum { OPEN_MAX = 64 };

struct walk {
    struct place place;
    const char *at;
    bool value_may_begin; /* where a quote or a bracket would mean something */
    unsigned open_count;
    struct {
        char bracket;
        struct place place;
    } open[OPEN_MAX];
};

static void step(struct walk *walk)
{
    if (*walk->at == '\n') {
        walk->place.line++;
        walk->place.column = 1;
    } else if ((walk->at[1] & 0xc0) != 0x80) { /* a character may have several bytes */
        walk->place.column++;
    }
    walk->at++;
}

static void skip_comment(struct walk *walk)
{
    while (*walk->at && *walk->at != '\n')
        step(walk);
}

/* Stops on the closing quote, or at the end. */
static void skip_quoted(struct walk *walk)
{
    char quote = *walk->at;

    for (step(walk); *walk->at; step(walk)) {
        bool escapes = quote == '"' ? walk->at[0] == '\\' && walk->at[1]
                                    : walk->at[0] == '\'' && walk->at[1] == '\'';

        if (escapes)
            step(walk);
        else if (*walk->at == quote)
            return;
    }
}

/* What the character means for the next one. */
static void note(struct walk *walk, char before)
{
    char c = *walk->at;

    if (c == '\n' || (walk->open_count > 0 && strchr("[{,:", c)))
        walk->value_may_begin = true;
    else if (c == ' ' || c == '\t')
        walk->value_may_begin |= before == ':' || before == '-';
    else if (c != '-' || !walk->value_may_begin)
        walk->value_may_begin = false;
}

static bool opens(const struct walk *walk)
{
    return (*walk->at == '[' || *walk->at == '{') &&
           (walk->value_may_begin || walk->open_count > 0);
}

/* False when a bracket is closed by one of the other kind. */
static bool close_one(struct walk *walk)
{
    if (walk->open_count == 0)
        return true;
    if (walk->open[walk->open_count - 1].bracket != (*walk->at == ']' ? '[' : '{'))
        return false;
    walk->open_count--;
    return true;
}

static bool is_after(struct place a, struct place b)
{
    return a.line > b.line || (a.line == b.line && a.column > b.column);
}

bool unclosed_find(struct place from, struct place noticed, struct place *where_out)
{
    struct walk walk = {.place = from, .at = source_at(from), .value_may_begin = true};
    char before = '\n';

    while (*walk.at) {
        if (*walk.at == '#' && strchr(" \t\n", before)) {
            skip_comment(&walk);
            before = '#';
            continue;
        }
        if ((*walk.at == '\'' || *walk.at == '"') && walk.value_may_begin) {
            skip_quoted(&walk);
        } else if (opens(&walk)) {
            if (walk.open_count == OPEN_MAX)
                return false;
            walk.open[walk.open_count].bracket = *walk.at;
            walk.open[walk.open_count++].place = walk.place;
        } else if ((*walk.at == ']' || *walk.at == '}') && !close_one(&walk)) {
            break;
        }
        if (!*walk.at)
            break;
        note(&walk, before);
        before = *walk.at;
        step(&walk);
    }
    if (walk.open_count == 0 || is_after(walk.open[walk.open_count - 1].place, noticed))
        return false;
    *where_out = walk.open[walk.open_count - 1].place;
    return true;
}
