#include "logfile/file_pattern.h"

#include <stdlib.h>
#include <string.h>

#include "conf/alloc.h"
#include "logfile/rotated_name.h"

static bool is_usable(const char *component)
{
    return component[0] != '\0' && strcmp(component, ".") != 0 && strcmp(component, "..") != 0;
}

/* Cuts the text at its slashes. */
static int cut(struct file_pattern *pattern, const char *text, struct err *err)
{
    char *rest = pattern->text, *component;
    struct rotated_name rotated;

    while ((component = strsep(&rest, "/"))) {
        if (!is_usable(component))
            return err_set(err, "'%s' has a part that is empty, '.' or '..'", text);
        if (pattern->depth == FILE_PATTERN_DEPTH_MAX)
            return err_set(err, "'%s' has more than %d parts", text, FILE_PATTERN_DEPTH_MAX);
        pattern->components[pattern->depth++] = component;
    }
    if (rotated_name_parse(pattern->components[pattern->depth - 1], &rotated))
        return err_set(err, "'%s' is the name of a rotated file", text);
    return 0;
}

int file_pattern_init(struct file_pattern *pattern, const char *text, struct err *err)
{
    *pattern = (struct file_pattern){.text = alloc_text(text, strlen(text))};
    if (cut(pattern, text, err) == 0)
        return 0;
    file_pattern_fini(pattern);
    return -1;
}

void file_pattern_fini(struct file_pattern *pattern)
{
    free(pattern->text);
    *pattern = (struct file_pattern){0};
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_safe(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           c == '.' || c == '-';
}

bool file_pattern_is_name(const char *component)
{
    return !strchr(component, '*') && !strchr(component, FILE_PATTERN_DIGIT);
}

/* One character that is no '*'. */
static bool fits(char component, char name)
{
    return component == FILE_PATTERN_DIGIT ? is_digit(name) : component == name;
}

/* The last '*' takes one more whenever what follows does not fit; what those before it took
 * need not be tried again, since the last can take whatever they could. */
bool file_pattern_matches(const char *component, const char *name, size_t len)
{
    const char *end = name + len, *star = NULL, *taken = NULL;

    if (component[0] == '*' && name[0] == '.')
        return false;
    while (name < end) {
        if (*component == '*') {
            star = component++;
            if (!is_safe(*name))
                return false;
            taken = ++name;
        } else if (fits(*component, *name)) {
            component++;
            name++;
        } else if (star && is_safe(*taken)) {
            component = star + 1;
            name = ++taken;
        } else {
            return false;
        }
    }
    return *component == '\0';
}
