/* control_options.h - the command line of those commands that ask a running logboomd. */
#ifndef CLIENT_CONTROL_OPTIONS_H
#define CLIENT_CONTROL_OPTIONS_H

#include <stdbool.h>

#include "client/control.h"

struct control_conf {
    const char *path; /* --control, $LOGBOOM_CONTROL or where it is by default */
    bool json;        /* --json */
    bool help;
    char **arguments; /* the rest */
    int argument_count;
};

/* What all of their helps say. */
#define CONTROL_OPTION_HELP                                                                        \
    "  --control PATH   the control socket of logboomd\n"                                          \
    "                   (default: $LOGBOOM_CONTROL, else " CONF_CONTROL_PATH ")\n"

/* 0, or -1 and a sentence. Without `takes_json` there is no --json. */
int control_options_parse(int argc, char **argv, bool takes_json, struct control_conf *conf_out,
                          struct err *err);

/* The path without an option: $LOGBOOM_CONTROL, or the default. */
const char *control_default_path(void);

/* The beginning of such a command: parses, and shows the help. -1: go on; else the exit
 * status. */
int control_command_begin(int argc, char **argv, bool takes_json, const char *help,
                          struct control_conf *conf);

/* Asks, and says what is wrong. -1: the answer is there, and says ok; it may hold a text for
 * people even if it does not. Else the exit status. */
int control_command_ask(const struct control_conf *conf, struct control_request *request,
                        struct control_answer *answer);

/* Both, for a command that takes no arguments: `surplus` says so of one that was given. */
int control_command_ask_word(int argc, char **argv, bool takes_json, const char *what,
                             const char *help, const char *surplus, struct control_conf *conf,
                             struct control_answer *answer);

#endif
