#include <stdlib.h>
#include <string.h>

#include "aggregate/path_parts.h"
#include "conf/alloc.h"
#include "conf/must.h"
#include "conf/suggest.h"

static const char *const part_names[PART_KINDS] = {
    [PART_LITERAL] = "",    [PART_APP] = "app",   [PART_HOST] = "host", [PART_LEVEL] = "level",
    [PART_TOPIC] = "topic", [PART_DATE] = "date", [PART_HOUR] = "hour",
};

/* ---- compiling -------------------------------------------------------------------------- */

size_t path_template_placeholder_len(const char *text)
{
    size_t len = text[0] == '{' ? strcspn(text + 1, "{}/") : 0;

    return len > 0 && text[len + 1] == '}' ? len : 0;
}

/* The first placeholder, or the path's end. */
static const char *first_placeholder(const char *path)
{
    while (*path && path_template_placeholder_len(path) == 0)
        path++;
    return path;
}

bool path_template_is_one(const char *path)
{
    return *first_placeholder(path) != '\0';
}

static struct part *add_part(struct path_template *template, enum part_kind kind, struct err *err)
{
    struct part *part;

    if (template->part_count == PARTS_MAX) {
        err_set(err, "'%s' has more than %d parts", template->path, PARTS_MAX);
        return NULL;
    }
    part = &template->parts[template->part_count++];
    *part = (struct part){.kind = kind};
    return part;
}

static int add_literal_byte(struct path_template *template, const char *at, struct err *err)
{
    unsigned count = template->part_count;
    struct part *last = count ? &template->parts[count - 1] : NULL;

    if (!last || last->kind != PART_LITERAL)
        last = add_part(template, PART_LITERAL, err);
    if (!last)
        return -1;
    if (last->len == 0)
        last->text = at;
    last->len++;
    return 0;
}

static int unknown_placeholder(const char *name, size_t len, struct err *err)
{
    char word[SUGGEST_WORD_MAX];
    const char *nearest = suggest_nearest_part(name, len, part_names + 1, PART_KINDS - 1, word);

    if (nearest)
        return err_set(err, "a path has no '{%s}'; did you mean '{%s}'?", word, nearest);
    return err_set(err,
                   "a path has no '{%s}'; there are {app} {host} {level} {topic} {date} and {hour}",
                   word);
}

static int add_placeholder(struct path_template *template, const char *name, size_t len,
                           struct err *err)
{
    for (unsigned kind = PART_LITERAL + 1; kind < PART_KINDS; kind++) {
        if (strlen(part_names[kind]) != len || memcmp(part_names[kind], name, len) != 0)
            continue;
        if (kind == PART_HOUR || (kind == PART_DATE && template->unit == PATH_PERIOD_NONE))
            template->unit = kind == PART_HOUR ? PATH_PERIOD_HOUR : PATH_PERIOD_DAY;
        return add_part(template, (enum part_kind)kind, err) ? 0 : -1;
    }
    return unknown_placeholder(name, len, err);
}

static int add_parts(struct path_template *template, const char *relative, struct err *err)
{
    while (*relative) {
        size_t name_len = path_template_placeholder_len(relative);

        if (name_len == 0) {
            if (add_literal_byte(template, relative++, err) < 0)
                return -1;
        } else {
            if (add_placeholder(template, relative + 1, name_len, err) < 0)
                return -1;
            relative += name_len + 2;
        }
    }
    return 0;
}

/* ---- what every path of it must be ------------------------------------------------------ */

static unsigned longest_part(const struct part *part)
{
    switch (part->kind) {
    case PART_LITERAL:
        return part->len;
    case PART_LEVEL:
        return LEVEL_NAME_PADDED;
    case PART_DATE:
        return PATH_DATE_LEN;
    case PART_HOUR:
        return PATH_HOUR_LEN;
    case PART_APP:
    case PART_HOST:
    case PART_TOPIC:
    case PART_KINDS:
        break;
    }
    return VALUE_MAX;
}

/* A name between two slashes that consists of literals alone. */
static bool leads_elsewhere(const char *name, size_t len)
{
    return len == 0 || (len == 1 && name[0] == '.') || (len == 2 && memcmp(name, "..", 2) == 0);
}

/* Names are as they stand in the template, placeholders included. */
static int judge_names(const char *relative, struct err *err)
{
    for (const char *name = relative;;) {
        size_t len = strcspn(name, "/");

        if (leads_elsewhere(name, len) && name[len])
            return err_set(err,
                           "'%s' has an empty folder, '.' or '..' behind its first placeholder",
                           relative);
        if (name[len] == '\0')
            return leads_elsewhere(name, len)
                       ? err_set(err, "'%s' names a folder; name a file in it", relative)
                       : 0;
        name += len + 1;
    }
}

/* What the longest values make of it. */
static int judge_lengths(struct path_template *template, struct err *err)
{
    size_t name_len = 0;

    for (unsigned i = 0; i < template->part_count; i++) {
        const struct part *part = &template->parts[i];

        template->longest += longest_part(part);
        for (unsigned k = 0; k < longest_part(part); k++) {
            name_len = part->kind == PART_LITERAL && part->text[k] == '/' ? 0 : name_len + 1;
            if (name_len > NAME_LONGEST)
                return err_set(err, "'%s' could make a name of more than %d bytes", template->path,
                               NAME_LONGEST);
        }
    }
    if (template->longest > LABEL_MAX)
        return err_set(err, "'%s' could make a path of more than %d bytes", template->path,
                       LABEL_MAX);
    return 0;
}

size_t path_template_base_len(const char *path)
{
    const char *relative = first_placeholder(path);

    while (relative > path && relative[-1] != '/')
        relative--;
    return (size_t)(relative - path);
}

/* What stands for the placeholder in a pattern. */
static const char *pattern_of(const char *name, size_t len)
{
#define DIGITS2 "\1\1"
    _Static_assert(PATH_PATTERN_DIGIT == 1, "DIGITS2 has them");
    if (len == strlen("date") && memcmp(name, "date", len) == 0)
        return DIGITS2 DIGITS2 "-" DIGITS2 "-" DIGITS2;
    return len == strlen("hour") && memcmp(name, "hour", len) == 0 ? DIGITS2 : "*";
}

bool path_template_pattern(const char *path, char to[LABEL_MAX + 1])
{
    size_t len = 0;

    path += path_template_base_len(path);
    while (*path) {
        size_t name_len = path_template_placeholder_len(path);
        const char *stands = name_len > 0 ? pattern_of(path + 1, name_len) : path;
        size_t stands_len = name_len > 0 ? strlen(stands) : 1;

        if (LABEL_MAX - len < stands_len || *path == '*' || *path == PATH_PATTERN_DIGIT)
            return false;
        memcpy(to + len, stands, stands_len);
        len += stands_len;
        path += name_len > 0 ? name_len + 2 : 1;
    }
    to[len] = '\0';
    return true;
}

enum path_lasts path_template_lasts(const char *path)
{
    if (!strstr(path, "{date}"))
        return PATH_LASTS; /* an hour alone comes again the next day */
    return strstr(path, "{hour}") ? PATH_LASTS_AN_HOUR : PATH_LASTS_A_DAY;
}

int path_compile(struct path_template *template, const char *path, struct err *err)
{
    const char *relative;

    template->path = alloc_text(path, strlen(path));
    relative = template->path + path_template_base_len(path);
    if (add_parts(template, relative, err) < 0 || judge_names(relative, err) < 0)
        return -1;
    return judge_lengths(template, err);
}
