/* tell.c - the commands that tell a running logboomd what to do: sink, reopen, reload, check. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/command.h"
#include "client/control_options.h"
#include "client/say.h"
#include "conf/conf.h"

#define EXIT_HELP(done, refused)                                                                   \
    "\n"                                                                                           \
    "Exit status:\n"                                                                               \
    "  0    " done "\n"                                                                            \
    "  1    " refused "; standard error says why\n"                                                \
    "  2    logboomd could not be reached\n"                                                       \
    "  64   wrong usage\n"

/* After asking, which has shown what there is to be shown. */
static int end(int status, struct control_answer *answer)
{
    if (status >= 0)
        return status;
    control_answer_fini(answer);
    return CONTROL_DONE;
}

/* A command that is one word. */
static int run_word(int argc, char **argv, const char *what, const char *help)
{
    struct control_answer answer;
    struct control_conf conf;

    return end(control_command_ask_word(argc, argv, false, what, help, "there is nothing to name",
                                        &conf, &answer),
               &answer);
}

/* ---- reopen, reload, check ---------------------------------------------------------------------
 */

static const char REOPEN_HELP[] =
    "usage: logboom reopen [OPTION...]\n"
    "\n"
    "Lets logboomd open its log files anew, after they were moved away, as SIGUSR1 does.\n"
    "\n" CONTROL_OPTION_HELP "  -h, --help       this text\n" EXIT_HELP("done", "logboomd refused");

static int run_reopen(int argc, char **argv)
{
    return run_word(argc, argv, CONTROL_REOPEN, REOPEN_HELP);
}

const struct command reopen_command = {
    .name = "reopen",
    .summary = "lets logboomd open its log files anew",
    .help = REOPEN_HELP,
    .run = run_reopen,
};

static const char RELOAD_HELP[] =
    "usage: logboom reload [OPTION...]\n"
    "\n"
    "Lets logboomd read its configuration file anew, as SIGHUP does. If it is not right, the\n"
    "configuration that is in force stays, and the problems are shown.\n"
    "\n" CONTROL_OPTION_HELP "  -h, --help       this text\n" EXIT_HELP(
        "the new configuration is in force", "it was refused, and nothing has changed");

static int run_reload(int argc, char **argv)
{
    return run_word(argc, argv, CONTROL_RELOAD, RELOAD_HELP);
}

const struct command reload_command = {
    .name = "reload",
    .summary = "lets logboomd read its configuration anew",
    .help = RELOAD_HELP,
    .run = run_reload,
};

static const char CHECK_HELP[] =
    "usage: logboom check [OPTION...]\n"
    "\n"
    "Lets logboomd judge its configuration file as it is now, as 'logboomd --check' does. Since\n"
    "the running logboomd is asked, it knows which addresses are in use by itself, and sees what\n"
    "its user may see. Nothing is changed.\n"
    "\n" CONTROL_OPTION_HELP "  -h, --help       this text\n" EXIT_HELP(
        "a reload or a start would take it", "it would be refused");

static int run_check(int argc, char **argv)
{
    return run_word(argc, argv, CONTROL_CHECK, CHECK_HELP);
}

const struct command check_command = {
    .name = "check",
    .summary = "lets logboomd judge its configuration as it is now",
    .help = CHECK_HELP,
    .run = run_check,
};

/* ---- sink --------------------------------------------------------------------------------------
 */

static const char SINK_HELP[] =
    "usage: logboom sink [OPTION...] NAME drop|resume\n"
    "\n"
    "  drop     what is queued for this sink and what comes for it is dropped from now on,\n"
    "           and counted as 'operator', but for what is just being written. So a sink that\n"
    "           stands still stops nobody. 'logboom stat' shows it until it is undone\n"
    "  resume   undoes that; what was dropped is told in the sink's output\n"
    "\n"
    "It lasts until logboomd ends, if nobody resumes the sink.\n"
    "\n" CONTROL_OPTION_HELP "  -h, --help       this text\n" EXIT_HELP("done", "logboomd refused");

static int wrong_words(void)
{
    say("name the sink and what to do, as in 'logboom sink all drop' or 'logboom sink all "
        "resume'");
    return EXIT_USAGE;
}

static int run_sink(int argc, char **argv)
{
    struct control_request request;
    struct control_answer answer;
    struct control_conf conf;
    int status = control_command_begin(argc, argv, false, SINK_HELP, &conf);
    bool drop;

    if (status >= 0)
        return status;
    if (conf.argument_count != 2)
        return wrong_words();
    drop = strcmp(conf.arguments[1], "drop") == 0;
    if (!drop && strcmp(conf.arguments[1], "resume") != 0)
        return wrong_words();
    control_request_begin(&request, CONTROL_SINK);
    json_text(&request.json, CONTROL_NAME, conf.arguments[0]);
    json_truth(&request.json, CONTROL_DROP, drop);
    return end(control_command_ask(&conf, &request, &answer), &answer);
}

const struct command sink_command = {
    .name = "sink",
    .summary = "lets a sink drop everything, or take entries again",
    .help = SINK_HELP,
    .run = run_sink,
};
