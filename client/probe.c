/* probe.c - `logboom probe`: what does this client send, and how is logboomd configured for it? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/command.h"
#include "client/probe_look.h"
#include "client/probe_yaml.h"
#include "client/say.h"
#include "conf/units.h"

enum { STATUS_NOTHING_CAME = 1 };

/* ---- what came of it ---------------------------------------------------------------------- */

static void say_nothing_came(const char *patience)
{
    say("nothing came within %s; let the client log something, or look longer with --timeout",
        patience);
}

static void say_nobody(const struct probe_look *look, const char *patience)
{
    const char *address = probe_place_address(look->place);
    int error = probe_place_error(look->place);

    if (*look->said.text)
        say("no client that can be understood was at %s within %s", address, patience);
    else if (probe_place_way(look->place) == PROBE_BIND)
        say("nobody connected to %s within %s; does the client run, and has it this address? "
            "Where it listens itself, use --connect",
            address, patience);
    else if (error == 0)
        say("%s accepts connections, but nobody there spoke ZeroMQ within %s; is it another "
            "program?",
            address, patience);
    else
        say("nobody listens at %s (%s) within %s; does the client run? Where it connects itself, "
            "use --bind",
            address, strerror(error), patience);
}

static void print_yaml(const struct probe_look *look)
{
    const struct probe_yaml yaml = {.found = &look->show.found,
                                    .address = probe_place_address(look->place),
                                    .is_loopback = probe_place_is_loopback(look->place),
                                    .key = look->conf->encryption.key,
                                    .server_key = look->conf->encryption.server_key,
                                    .binds = probe_place_way(look->place) == PROBE_BIND};

    probe_yaml_print(&yaml, stdout);
}

/* The exit status, after what there is to say. */
static int conclude(const struct probe_look *look)
{
    char patience[UNITS_TEXT_MAX];

    if (look->show.found.messages > 0)
        print_yaml(look);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        say("cannot write to standard output: %s", strerror(errno));
        return EXIT_SYSTEM;
    }
    if (look->signal != 0)
        return EXIT_SIGNALLED + look->signal;
    if (look->show.found.messages > 0)
        return EXIT_SUCCESS;
    if (look->useless)
        return EXIT_UNAVAILABLE;
    units_show_ms((struct conf_ms){look->conf->timeout_ms}, patience);
    if (look->somebody_was_there)
        say_nothing_came(patience);
    else
        say_nobody(look, patience);
    return look->somebody_was_there ? STATUS_NOTHING_CAME : EXIT_UNAVAILABLE;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int fail(int status, const struct err *err)
{
    say("%s%s", err->text, status == EXIT_USAGE ? "; see 'logboom help probe'" : "");
    return status;
}

static int look_and_tell(struct probe_look *look, const struct probe_conf *conf)
{
    struct err err;
    int status;

    if (probe_look_open(look, conf, &status, &err) < 0)
        return fail(status, &err);
    if (probe_look(look, &err) < 0)
        return fail(EXIT_SYSTEM, &err);
    return conclude(look);
}

static int probe_run(int argc, char **argv)
{
    struct probe_conf conf;
    struct probe_look look;
    struct err err;
    bool help = false;
    int status;

    if (probe_options_parse(argc, argv, &conf, &help, &err) < 0)
        return fail(EXIT_USAGE, &err);
    if (help) {
        fputs(PROBE_HELP, stdout);
        return EXIT_SUCCESS;
    }
    status = look_and_tell(&look, &conf);
    probe_look_close(&look);
    return status;
}

const struct command probe_command = {
    .name = "probe",
    .summary = "shows what a client sends, and the configuration that fits",
    .help = PROBE_HELP,
    .run = probe_run,
};
