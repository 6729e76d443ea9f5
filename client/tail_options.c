#include "client/tail_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/control_options.h"
#include "client/options.h"
#include "conf/conf.h"
#include "conf/must.h"

enum { DEFAULT_LAST = 10 };

const char TAIL_HELP[] =
    "usage: logboom tail [OPTION...]\n"
    "\n"
    "Shows the last entries that logboomd took, and then each one as it comes, whatever sinks\n"
    "there are and whatever they look like: as in the format text, one line each, safe for a\n"
    "terminal. With several filters an entry must be like all of them.\n"
    "\n"
    "  -n, --last N       begin with the last N that are kept ('control.keep'; default 10)\n"
    "  --min-level LEVEL  only entries of this level or above; those without one are not shown\n"
    "  --app NAME         only of this app; may have * and ?, and be given several times, for\n"
    "  --host NAME        any of them. The same of a host\n"
    "  --grep REGEX       only where this is found in the message (PCRE2)\n"
    "  --json             entries as in the format json, for programs; {\"_logboom\":{...}} is\n"
    "                     what is no entry\n"
    "  --color WHEN       colors for levels: auto (on a terminal, unless $NO_COLOR is set;\n"
    "                     the default), always or never\n" CONTROL_OPTION_HELP
    "  -h, --help         this text\n"
    "\n"
    "logboomd never waits for whoever reads along. Whoever is too slow, or stops the terminal,\n"
    "is told how many entries have passed meanwhile, of whatever kind:\n"
    "  --- logboom tail: missed 812 entries\n"
    "\n"
    "Exit status:\n"
    "  0    logboomd stopped, and said so\n"
    "  1    logboomd refused; standard error says why\n"
    "  2    logboomd could not be reached, or has hung up\n"
    "  64   wrong usage\n"
    "  130  interrupted (SIGINT), which is the usual end\n";

enum {
    OPTION_MIN_LEVEL = OPTION_LONG,
    OPTION_APP,
    OPTION_HOST,
    OPTION_GREP,
    OPTION_JSON,
    OPTION_COLOR,
    OPTION_CONTROL,
};

static const struct option options[] = {
    {"last", required_argument, NULL, 'n'},
    {"min-level", required_argument, NULL, OPTION_MIN_LEVEL},
    {"app", required_argument, NULL, OPTION_APP},
    {"host", required_argument, NULL, OPTION_HOST},
    {"grep", required_argument, NULL, OPTION_GREP},
    {"json", no_argument, NULL, OPTION_JSON},
    {"color", required_argument, NULL, OPTION_COLOR},
    {"control", required_argument, NULL, OPTION_CONTROL},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const struct option_set option_set = {":hn:", options,
                                             sizeof(options) / sizeof(options[0]) - 1};

static int parse_last(const char *text, uint64_t *last_out, struct err *err)
{
    struct conf_count count;

    if (units_parse_count(text, &count, err) < 0)
        return err_set(err, "--last is '%s', but must be a number", text);
    *last_out = count.count;
    return 0;
}

static int add_name(const char *option, const char *name, const char **names, unsigned *count,
                    struct err *err)
{
    if (*count == TAIL_NAMES_MAX)
        return err_set(err, "there are more than %d %s", TAIL_NAMES_MAX, option);
    names[(*count)++] = name;
    return 0;
}

static int parse_color(const char *text, enum tail_color *color_out, struct err *err)
{
    static const char *const words[] = {"auto", "always", "never"};

    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(text, words[i]) == 0) {
            *color_out = (enum tail_color)i;
            return 0;
        }
    }
    return err_set(err, "--color is '%s', but must be auto, always or never", text);
}

static int parse_option(int option, struct tail_conf *conf, struct err *err)
{
    switch (option) {
    case 'n':
        return parse_last(optarg, &conf->last, err);
    case OPTION_MIN_LEVEL:
        conf->min_level = optarg;
        return 0;
    case OPTION_APP:
        return add_name("--app", optarg, conf->app, &conf->app_count, err);
    case OPTION_HOST:
        return add_name("--host", optarg, conf->host, &conf->host_count, err);
    case OPTION_GREP:
        conf->grep = optarg;
        return 0;
    case OPTION_JSON:
        conf->json = true;
        return 0;
    case OPTION_COLOR:
        return parse_color(optarg, &conf->color, err);
    case OPTION_CONTROL:
        conf->path = optarg;
        return 0;
    default:
        must(!"an option of the table is not parsed");
        return -1;
    }
}

int tail_options_parse(int argc, char **argv, struct tail_conf *conf_out, bool *help_out,
                       struct err *err)
{
    struct tail_conf conf = {.path = control_default_path(), .last = DEFAULT_LAST};
    enum option_answer answer;
    int option;

    *help_out = false;
    while ((answer = option_next(&option_set, argc, argv, &option, err)) == OPTION_FOUND) {
        if (option == 'h') {
            *help_out = true;
            return 0;
        }
        if (parse_option(option, &conf, err) < 0)
            return -1;
    }
    if (answer == OPTION_REFUSED)
        return -1;
    if (optind < argc)
        return err_set(err,
                       "'%s' is too much: what is shown is logboomd's, not a file's; see "
                       "--app and --grep",
                       argv[optind]);
    *conf_out = conf;
    return 0;
}
