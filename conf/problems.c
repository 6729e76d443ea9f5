#include "conf/problems.h"

#include <stdlib.h>
#include <string.h>

#include "conf/alloc.h"
#include "conf/must.h"
#include "conf/printable.h"

enum { KEPT_MAX = 1000, SENTENCE_MAX = 1024, SHOWN_MAX = 160 };

struct problem {
    unsigned order, line, column;
    char *text;
};

struct conf_problems {
    struct problem *items;
    unsigned kept;
    unsigned count; /* all that were added */
};

struct conf_problems *conf_problems_new(void)
{
    return alloc_zeroed(1, sizeof(struct conf_problems));
}

void conf_problems_free(struct conf_problems **problems)
{
    if (!*problems)
        return;
    for (unsigned i = 0; i < (*problems)->kept; i++)
        free((*problems)->items[i].text);
    free((*problems)->items);
    free(*problems);
    *problems = NULL;
}

unsigned conf_problems_count(const struct conf_problems *problems)
{
    return problems->count;
}

void conf_problems_print(const struct conf_problems *problems, FILE *out)
{
    for (unsigned i = 0; i < problems->kept; i++)
        fputs(problems->items[i].text, out);
    if (problems->count > problems->kept)
        fprintf(out, "and %u more problems\n", problems->count - problems->kept);
}

bool conf_problems_sentence(const struct conf_problems *problems, unsigned index, char *text,
                            size_t size)
{
    const char *all;

    if (index >= problems->kept)
        return false;
    all = problems->items[index].text;
    snprintf(text, size, "%.*s", (int)strcspn(all, "\n"), all);
    return true;
}

static size_t char_bytes(const char *at, size_t left)
{
    size_t len = printable_char(at, left);

    return len ? len : 1;
}

/* Leaves of a very long line the part around the column. Returns the column there. */
static unsigned crop_line(const char **line, size_t *len, unsigned column)
{
    size_t shown = 0;

    while (column > SHOWN_MAX / 2 && *len > SHOWN_MAX) {
        size_t skipped = char_bytes(*line, *len);

        *line += skipped;
        *len -= skipped;
        column--;
    }
    while (shown < *len && shown < SHOWN_MAX)
        shown += char_bytes(*line + shown, *len - shown);
    *len = shown;
    return column;
}

/* A tab stays a tab, above the caret and before it, so that both lines match. */
static void show_line(FILE *out, const char *line, size_t len)
{
    char shown[8];

    for (size_t at = 0; at < len; at += char_bytes(line + at, len - at)) {
        if (line[at] == '\t') {
            fputc('\t', out);
            continue;
        }
        printable_copy(shown, sizeof shown, line + at, char_bytes(line + at, len - at));
        fputs(shown, out);
    }
    fputc('\n', out);
}

static void show_caret(FILE *out, const char *line, size_t len, unsigned column)
{
    size_t at = 0;

    for (unsigned i = 1; i < column && at < len; i++) {
        size_t char_len = printable_char(line + at, len - at);

        fputs(line[at] == '\t' ? "\t" : char_len ? " " : "    ", out);
        at += char_len ? char_len : 1;
    }
    fputs("^\n", out);
}

static char *show_problem(struct place place, const char *sentence)
{
    const char *line;
    char name[2 * SENTENCE_MAX];
    char *text = NULL;
    size_t text_len = 0, len;
    FILE *out = open_memstream(&text, &text_len);

    must(out != NULL);
    if (place.source)
        printable_copy(name, sizeof name, place.source->name, strlen(place.source->name));
    if (place.source)
        fprintf(out, "%s:", name);
    if (place.source && place.line > 0)
        fprintf(out, "%u:%u:", place.line, place.column);
    fprintf(out, "%s%s\n", place.source ? " " : "", sentence);
    if (place.source && place.line > 0) {
        line = source_line(place.source, place.line, &len);
        place.column = crop_line(&line, &len, place.column);
        show_line(out, line, len);
        show_caret(out, line, len, place.column);
    }
    must(fclose(out) == 0 && text != NULL);
    return text;
}

static bool comes_before(const struct problem *a, const struct problem *b)
{
    if (a->order != b->order)
        return a->order < b->order;
    if (a->line != b->line)
        return a->line < b->line;
    return a->column < b->column;
}

void problems_vadd(struct conf_problems *problems, struct place place, const char *format,
                   va_list args)
{
    char sentence[SENTENCE_MAX], clean[2 * SENTENCE_MAX];
    struct problem problem = {place.source ? place.source->order : 0, place.line, place.column,
                              NULL};
    unsigned at;

    problems->count++;
    if (problems->kept == KEPT_MAX)
        return;
    vsnprintf(sentence, sizeof sentence, format, args);
    printable_copy(clean, sizeof clean, sentence, strlen(sentence));
    problem.text = show_problem(place, clean);
    problems->items = alloc_room(problems->items, problems->kept, sizeof problem);
    for (at = problems->kept++; at > 0 && comes_before(&problem, &problems->items[at - 1]); at--)
        problems->items[at] = problems->items[at - 1];
    problems->items[at] = problem;
}

void problems_add(struct conf_problems *problems, struct place place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    problems_vadd(problems, place, format, args);
    va_end(args);
}
