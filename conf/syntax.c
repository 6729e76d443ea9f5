#include "conf/syntax.h"

#include <string.h>

#include "conf/quoting.h"
#include "conf/unclosed.h"

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool is_one_of(const char *text, const char *const *texts)
{
    while (*texts && strcmp(text, *texts) != 0)
        texts++;
    return *texts != NULL;
}

/* ---- quotes -------------------------------------------------------------- */

static bool is_quote(char c)
{
    return c == '\'' || c == '"';
}

/* The place of libfyaml is at the quote or behind it. */
static bool find_lone_quote(const struct syntax_error *error, struct place *where_out)
{
    static const char *const said[] = {
        "single-quoted scalar without closing quote", "double-quoted scalar without closing quote",
        "wrongly indented single-quoted scalar", "wrongly indented double-quoted scalar", NULL};
    const char *at = source_at(error->at);

    if (!is_one_of(error->said, said))
        return false;
    *where_out = error->at;
    if (!is_quote(*at) && error->at.column > 1 && is_quote(at[-1]))
        where_out->column--;
    return is_quote(*source_at(*where_out));
}

/* In ['a, 'b'] the quote in front of b closes what begins in front of a. */
static bool find_early_quote(const struct syntax_error *error, struct place *where_out)
{
    struct place place = error->at;
    const char *line, *end = source_at(error->at);
    unsigned quotes = 0;

    place.column = 1;
    line = source_at(place);
    if (end - line < 2 || !is_quote(end[-1]) || !strchr(" ,[{", end[-2]))
        return false;
    for (const char *at = line; at < end - 1; at++) {
        if (*at == end[-1]) {
            quotes++;
            *where_out = place;
        }
        place.column += (at[1] & 0xc0) != 0x80;
    }
    return quotes % 2 == 1;
}

static bool tell_quote(struct conf_problems *problems, const struct syntax_error *error)
{
    struct place where;

    if (!find_lone_quote(error, &where) && !find_early_quote(error, &where))
        return false;
    problems_add(problems, where, "the %c in line %u is not closed", *source_at(where), where.line);
    return true;
}

/* ---- brackets ------------------------------------------------------------ */

static bool tell_bracket(struct conf_problems *problems, const struct syntax_error *error)
{
    struct place where;

    if (!error->flow.source && !strstr(error->said, "flow"))
        return false;
    if (unclosed_find(error->value, error->at, &where))
        problems_add(problems, where, "the '%c' of line %u is not closed", *source_at(where),
                     where.line);
    else if (error->flow.source && begins_with(error->said, "wrongly indented"))
        problems_add(problems, error->at, "indent this line; it belongs to the '%c' of line %u",
                     *source_at(error->flow), error->flow.line);
    else
        return false;
    return true;
}

/* ---- colons -------------------------------------------------------------- */

size_t syntax_glued_key(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz_");

    if (len == 0 || text[len] != ':' || strchr(" \t\r\n", text[len + 1]) || /* or the end */
        begins_with(text + len, "://"))
        return 0;
    return len;
}

static bool tell_colon(struct conf_problems *problems, const struct syntax_error *error)
{
    static const char *const said[] = {"invalid multiline plain key", "could not find expected ':'",
                                       "invalid value after mapping", NULL};
    size_t key_len = syntax_glued_key(source_at(error->at));
    struct place colon = error->at;

    if (key_len == 0 || !is_one_of(error->said, said))
        return false;
    colon.column += (unsigned)key_len;
    problems_add(problems, colon, "put a space behind ':'");
    return true;
}

/* ---- indentation --------------------------------------------------------- */

/* The column of what a line says, behind `- `; 0: nothing. */
static unsigned content_column(const char *line)
{
    const char *at = line;

    while (*at == ' ' || (at[0] == '-' && at[1] == ' '))
        at++;
    return strchr("#\r\n", *at) ? 0 : (unsigned)(at - line) + 1; /* or the end */
}

/* Of the nearest line above that says something; 0: none. */
static unsigned column_above(struct place place)
{
    const char *text = place.source->text, *line;

    place.column = 1;
    line = source_at(place);
    while (line > text) {
        line--;
        while (line > text && line[-1] != '\n')
            line--;
        if (content_column(line) > 0)
            return content_column(line);
    }
    return 0;
}

/* Moves to the nearest line below that says something; false: none. */
static bool move_below(struct place *place)
{
    const char *line = source_at(*place);

    do {
        line = strchr(line, '\n');
        if (!line)
            return false;
        place->line++;
        place->column = content_column(++line);
    } while (place->column == 0);
    return true;
}

/* The line that is meant: of a text that goes on where it should not, the next. */
static bool find_indented(const struct syntax_error *error, struct place *where_out)
{
    static const char *const said[] = {"did not find expected '-' indicator",
                                       "invalid scalar at the end of block sequence",
                                       "wrong indendation in sequence while in mapping",
                                       "wrongly indented sequence item",
                                       "invalid mapping in plain multiline",
                                       "invalid indentation in mapping",
                                       NULL};
    *where_out = error->at;
    if (is_one_of(error->said, said))
        return true;
    return strcmp(error->said, "invalid multiline plain key") == 0 && move_below(where_out);
}

static bool tell_indentation(struct conf_problems *problems, const struct syntax_error *error)
{
    struct place where, line;
    unsigned above;

    if (!find_indented(error, &where))
        return false;
    line = (struct place){where.source, where.line, 1};
    above = column_above(where);
    if (above == 0 || above == content_column(source_at(line)))
        return false;
    problems_add(problems, where, "this line is indented differently from the one above");
    return true;
}

/* ---- all ----------------------------------------------------------------- */

void syntax_tell(struct conf_problems *problems, const struct syntax_error *error)
{
    const char *hint = quoting_hint(error->at);

    if (tell_quote(problems, error) || tell_bracket(problems, error) ||
        tell_colon(problems, error) || tell_indentation(problems, error))
        return;
    if (!*hint && error->flow.source)
        hint = quoting_hint(error->flow);
    problems_add(problems, error->at, "%s%s", error->said, hint);
}
