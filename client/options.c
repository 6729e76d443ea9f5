#include "client/options.h"

#include <string.h>

#include "conf/must.h"
#include "conf/suggest.h"
#include "conf/units.h"

enum {
    OPTIONS_MAX = 16,
    SIZE_LIMIT_BYTES = 16 * 1024 * 1024, /* the largest max_message that logboomd takes */
};

static const uint64_t TIME_LIMIT_MS = UINT64_C(365) * 24 * 3600 * 1000;

/* The argument that getopt_long has just looked at. It passes one by with its last letter;
 * a letter that we do not know is the first, since those that we know end the parsing or
 * take what follows as their value. */
static const char *argument_looked_at(int argc, char **argv)
{
    bool stays = optopt != 0 && optind < argc && argv[optind][0] == '-' &&
                 argv[optind][1] == optopt; /* both are plain char, maybe negative */

    return argv[stays ? optind : optind - 1];
}

/* getopt_long answered '?', or ':' when the value is missing. */
static int refuse(const struct option_set *set, int answer, const char *given, struct err *err)
{
    const char *names[OPTIONS_MAX];
    const char *meant;

    must(set->count <= OPTIONS_MAX);
    if (answer == ':')
        return err_set(err, "option '%s' needs a value", given);
    if (optopt >= OPTION_LONG)
        return err_set(err, "option '%s' takes no value", given);
    for (size_t i = 0; i < set->count; i++)
        names[i] = set->options[i].name;
    meant = suggest_nearest(given + strspn(given, "-"), names, set->count);
    if (meant)
        return err_set(err, "there is no option '%s'; did you mean '--%s'?", given, meant);
    return err_set(err, "there is no option '%s'", given);
}

enum option_answer option_next(const struct option_set *set, int argc, char **argv, int *option_out,
                               struct err *err)
{
    int option;

    opterr = 0; /* we say it ourselves */
    option = getopt_long(argc, argv, set->letters, set->options, NULL);
    if (option == -1)
        return OPTION_END;
    if (option == '?' || option == ':') {
        refuse(set, option, argument_looked_at(argc, argv), err);
        return OPTION_REFUSED;
    }
    *option_out = option;
    return OPTION_FOUND;
}

int option_size(const char *option, const char *text, size_t *bytes_out, struct err *err)
{
    struct conf_bytes size;
    struct err why;

    if (units_parse_bytes(text, &size, &why) < 0)
        return err_set(err, "%s: %s", option, why.text);
    if (size.bytes < 1 || size.bytes > SIZE_LIMIT_BYTES)
        return err_set(err, "%s is '%s', but must be from 1B to 16MiB", option, text);
    *bytes_out = (size_t)size.bytes;
    return 0;
}

int option_time(const char *option, const char *text, uint64_t *ms_out, struct err *err)
{
    struct conf_ms time;
    struct err why;

    if (units_parse_ms(text, &time, &why) < 0)
        return err_set(err, "%s: %s", option, why.text);
    if (time.ms < 1 || time.ms > TIME_LIMIT_MS)
        return err_set(err, "%s is '%s', but must be from 1ms to 365d", option, text);
    *ms_out = time.ms;
    return 0;
}
