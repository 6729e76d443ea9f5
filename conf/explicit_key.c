#include "conf/explicit_key.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

/* Words behind which a key may begin, where one might have begun before them. */
static bool may_precede(const char *word, size_t len)
{
    return word[0] == '&' || word[0] == '!' || (len == 1 && word[0] == '-') ||
           (len == 3 && memcmp(word, "---", 3) == 0);
}

/* Of a text in quotes the bytes up to its end on the same line, else of its quote alone. */
static size_t quoted_len(const char *text)
{
    size_t len = 1 + strcspn(text + 1, text[0] == '"' ? "\"\r\n" : "'\r\n");

    return text[len] == text[0] ? len + 1 : 1;
}

/* The `?`, or NULL. The text ends in a NUL, so each line ends in a blank. */
static const char *find_in_line(const char *at)
{
    bool key_may_begin = true;

    for (;;) {
        size_t len;

        at += strspn(at, " \t");
        len = strcspn(at, " \t\r\n[{,");
        if (key_may_begin && at[0] == '?' && is_blank(at[1]))
            return at;
        if (at[0] == '"' || at[0] == '\'') {
            len = quoted_len(at);
            key_may_begin = false;
        } else if (len > 0) {
            key_may_begin = at[len - 1] == ':' || (key_may_begin && may_precede(at, len));
        } else if (is_blank(at[0])) {
            return NULL;
        } else {
            key_may_begin = true; /* behind [ { or , */
            len = 1;
        }
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
