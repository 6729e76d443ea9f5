#include "client/control_options.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/command.h"
#include "client/options.h"
#include "client/say.h"
#include "conf/conf.h"

enum { OPTION_CONTROL = OPTION_LONG, OPTION_HELP, OPTION_JSON };

/* --json is the last, so that it can be left out. */
static const struct option options[] = {
    {"control", required_argument, NULL, OPTION_CONTROL},
    {"help", no_argument, NULL, OPTION_HELP},
    {"json", no_argument, NULL, OPTION_JSON},
    {NULL, 0, NULL, 0},
};
static const struct option options_without_json[] = {
    {"control", required_argument, NULL, OPTION_CONTROL},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

const char *control_default_path(void)
{
    const char *path = getenv("LOGBOOM_CONTROL");

    return path && *path ? path : CONF_CONTROL_PATH;
}

int control_options_parse(int argc, char **argv, bool takes_json, struct control_conf *conf_out,
                          struct err *err)
{
    const struct option_set set = {":h", takes_json ? options : options_without_json,
                                   takes_json ? 3 : 2};
    struct control_conf conf = {.path = control_default_path()};
    enum option_answer answer;
    int option;

    while ((answer = option_next(&set, argc, argv, &option, err)) == OPTION_FOUND) {
        if (option == OPTION_CONTROL)
            conf.path = optarg;
        else if (option == OPTION_JSON)
            conf.json = true;
        else
            conf.help = true;
    }
    if (answer == OPTION_REFUSED)
        return -1;
    conf.arguments = argv + optind;
    conf.argument_count = argc - optind;
    *conf_out = conf;
    return 0;
}

int control_command_begin(int argc, char **argv, bool takes_json, const char *help,
                          struct control_conf *conf)
{
    struct err err;

    if (control_options_parse(argc, argv, takes_json, conf, &err) < 0) {
        say("%s; see 'logboom help %s'", err.text, argv[0]);
        return EXIT_USAGE;
    }
    if (conf->help) {
        fputs(help, stdout);
        return EXIT_SUCCESS;
    }
    return -1;
}

/* What the daemon wrote for people, which may be of several lines. */
static void print_text(struct control_answer *answer, FILE *out)
{
    static char text[64 * 1024];

    if (json_doc_text(answer->doc, json_doc_member(answer->doc, JSON_ROOT, CONTROL_TEXT), text,
                      sizeof text))
        fputs(text, out);
}

int control_command_ask(const struct control_conf *conf, struct control_request *request,
                        struct control_answer *answer)
{
    char sentence[1024];
    struct err err;

    if (control_ask(conf->path, request, CONTROL_ANSWER_MS, answer, &err) < 0) {
        say("%s", err.text);
        return CONTROL_UNREACHABLE;
    }
    print_text(answer, answer->ok ? stdout : stderr);
    if (answer->ok)
        return -1;
    say("%s", control_error(answer, sentence, sizeof sentence));
    control_answer_fini(answer);
    return CONTROL_REFUSED;
}

int control_command_ask_word(int argc, char **argv, bool takes_json, const char *what,
                             const char *help, const char *surplus, struct control_conf *conf,
                             struct control_answer *answer)
{
    struct control_request request;
    int status = control_command_begin(argc, argv, takes_json, help, conf);

    if (status >= 0)
        return status;
    if (conf->argument_count > 0) {
        say("'%s' is one too many: %s; see 'logboom help %s'", conf->arguments[0], surplus,
            argv[0]);
        return EXIT_USAGE;
    }
    control_request_begin(&request, what);
    return control_command_ask(conf, &request, answer);
}
