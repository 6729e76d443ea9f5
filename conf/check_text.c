#include "conf/check_text.h"

#include <string.h>

#include "conf/suggest.h"

enum { NAME_MAX_BYTES = 64, FORMAT_WORDS = 4 };

int check_name(const struct setting *setting, const char *text, struct err *err)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789_.-";

    if (strlen(text) > NAME_MAX_BYTES)
        return err_set(err, "'%s' has %zu characters, above the largest allowed %d", setting->name,
                       strlen(text), NAME_MAX_BYTES);
    if (text[strspn(text, allowed)] != '\0')
        return err_set(err, "'%s' is '%s', but may only have letters, digits, '_', '.' and '-'",
                       setting->name, text);
    return 0;
}

int check_path(const struct setting *setting, const char *text, struct err *err)
{
    const char *brace = strchr(text, '{');
    size_t len = brace ? strcspn(brace, "}") : 0;

    if (len > 1 && brace[len] == '}')
        return err_set(err, "'%s' holds '%.*s'; file names made from entries are not supported yet",
                       setting->name, (int)len + 1, brace);
    return 0;
}

int check_format(const struct setting *setting, const char *text, struct err *err)
{
    static const char *const words[FORMAT_WORDS] = {"text", "line", "json", "raw"};
    const char *nearest = suggest_nearest(text, words, FORMAT_WORDS);

    if (strchr(text, '{'))
        return 0;
    for (unsigned i = 0; i < FORMAT_WORDS; i++)
        if (strcmp(words[i], text) == 0)
            return 0;
    if (nearest)
        return err_set(err, "'%s' is '%s'; did you mean '%s'?", setting->name, text, nearest);
    return err_set(err,
                   "'%s' is '%s', but can only be text, line, json, raw or a template such as "
                   "'{time} {message}'",
                   setting->name, text);
}
