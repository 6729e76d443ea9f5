/* main.c - `logboom COMMAND [OPTION…]`: finds the command and lets it run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/command.h"
#include "client/say.h"
#include "conf/descriptors.h"
#include "conf/err.h"
#include "conf/suggest.h"

static const struct command *const commands[] = {
    &push_command,  &probe_command, &keygen_command,   &stat_command,
    &drops_command, &sink_command,  &reopen_command,   &reload_command,
    &check_command, &tail_command,  &unescape_command, &top_command,
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static const struct command *find_command_or_say(const char *name)
{
    const struct command *command = find_command(name);
    const char *names[COMMAND_COUNT];
    const char *meant;

    if (command)
        return command;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i]->name;
    meant = suggest_nearest(name, names, COMMAND_COUNT);
    if (meant)
        say("there is no command '%s'; did you mean '%s'?", name, meant);
    else
        say("there is no command '%s'; see 'logboom --help'", name);
    return NULL;
}

static void print_usage(FILE *out)
{
    fputs("usage: logboom COMMAND [OPTION...]\n"
          "\n"
          "commands:\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("  help       shows what a command does: logboom help COMMAND\n"
          "\n"
          "options:\n"
          "  -h, --help      this text\n"
          "  -V, --version   the version\n",
          out);
}

static int print_help(const char *name)
{
    const struct command *command;

    if (!name) {
        print_usage(stdout);
        return EXIT_SUCCESS;
    }
    command = find_command_or_say(name);
    if (!command)
        return EXIT_USAGE;
    fputs(command->help, stdout);
    return EXIT_SUCCESS;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    static char speaker[64];

    snprintf(speaker, sizeof(speaker), "logboom %s", command->name);
    say_as(speaker);
    return command->run(argc, argv);
}

int main(int argc, char **argv)
{
    const struct command *command;
    struct err err;

    if (descriptors_fill_standard(&err) < 0) {
        say("%s", err.text);
        return EXIT_SYSTEM;
    }
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("logboom " LOGBOOM_VERSION);
        return EXIT_SUCCESS;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print_help(NULL);
    if (strcmp(argv[1], "help") == 0)
        return print_help(argc > 2 ? argv[2] : NULL);
    command = find_command_or_say(argv[1]);
    return command ? run_command(command, argc - 1, argv + 1) : EXIT_USAGE;
}
