#include "conf/explicit_key.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

/* Words that may stand before a key on its line. */
static bool may_precede(const char *word, size_t len)
{
    return word[0] == '&' || word[0] == '!' || (len == 1 && word[0] == '-') ||
           (len == 3 && memcmp(word, "---", 3) == 0);
}

/* The `?`, or NULL. The text ends in a NUL, so each line ends in a blank. */
static const char *find_in_line(const char *at)
{
    for (;;) {
        size_t len = 0;

        at += strspn(at, " \t");
        while (!is_blank(at[len]))
            len++;
        if (len == 1 && at[0] == '?')
            return at;
        if (len == 0 || !may_precede(at, len))
            return NULL;
        at += len;
    }
}

static unsigned column_of(const char *line, const char *found)
{
    unsigned column = 1;

    for (; line < found; line++)
        column += (*line & 0xc0) != 0x80;
    return column;
}

bool explicit_key_find(const struct source *source, struct place *where_out)
{
    const char *line = source->text;

    for (unsigned number = 1; line; number++) {
        const char *found = find_in_line(line);

        if (found) {
            *where_out = (struct place){source, number, column_of(line, found)};
            return true;
        }
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return false;
}
