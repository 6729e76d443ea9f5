#include "conf/check_text.h"

#include <string.h>
#include <strings.h>

#include "conf/conf.h"
#include "conf/count_of.h"
#include "conf/suggest.h"

enum { NAME_MAX_BYTES = 64, FORMAT_WORDS = 7, GLOB_MAX_BYTES = 128 };

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

int check_format(const struct setting *setting, const char *text, struct err *err)
{
    static const char *const words[FORMAT_WORDS] = {"text",    "line",    "json", "logfmt",
                                                    "rfc5424", "rfc3164", "raw"};
    const char *nearest = suggest_nearest(text, words, FORMAT_WORDS);

    if (strchr(text, '{'))
        return 0;
    for (unsigned i = 0; i < FORMAT_WORDS; i++)
        if (strcmp(words[i], text) == 0)
            return 0;
    if (nearest)
        return err_set(err, "'%s' is '%s'; did you mean '%s'?", setting->name, text, nearest);
    return err_set(
        err,
        "'%s' is '%s', but can only be text, line, json, logfmt, rfc5424, rfc3164, raw or a "
        "template such as '{time} {message}'",
        setting->name, text);
}

const char *const check_level_words[] = {
    "emerg",     "alert", "crit",   "error",       "warning",       "notice",   "info",   "debug",
    "trace",     "warn",  "err",    "panic",       "fatal",         "critical", "severe", "verbose",
    "emergency", "fine",  "finest", "information", "informational", NULL,
};

int check_level(const struct setting *setting, const char *text, struct err *err)
{
    const char *nearest;

    for (unsigned i = 0; check_level_words[i]; i++)
        if (strcasecmp(check_level_words[i], text) == 0)
            return 0;
    nearest = suggest_nearest(text, check_level_words, COUNT_OF(check_level_words) - 1);
    if (nearest)
        return err_set(err, "'%s' is '%s'; did you mean '%s'?", setting->name, text, nearest);
    return err_set(err,
                   "'%s' is '%s', but can only be emerg, alert, crit, error, warning, notice, "
                   "info, debug or trace",
                   setting->name, text);
}

int check_field_name(const struct setting *setting, const char *text, struct err *err)
{
    static const char *const taken[] = {"time",  "level",   "host", "app",
                                        "topic", "message", "msg",  "_logboom"};
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "_0123456789.-";

    if (text[0] == '\0' || strlen(text) > CONF_FIELD_NAME_MAX)
        return err_set(err, "a name in '%s' has 1 to %d characters; '%.40s' has %zu", setting->name,
                       CONF_FIELD_NAME_MAX, text, strlen(text));
    if (text[strspn(text, allowed)] != '\0')
        return err_set(err, "'%s' in '%s' may only have letters, digits, '_', '.' and '-'", text,
                       setting->name);
    for (unsigned i = 0; i < COUNT_OF(taken); i++)
        if (strcmp(taken[i], text) == 0)
            return err_set(err, "'%s' cannot set '%s': that is no field, but a part of every entry",
                           setting->name, text);
    return 0;
}

int check_glob(const struct setting *setting, const char *text, struct err *err)
{
    if (strlen(text) > GLOB_MAX_BYTES)
        return err_set(err, "'%s' has a glob of %zu bytes, above the largest allowed %d",
                       setting->name, strlen(text), GLOB_MAX_BYTES);
    return 0;
}
