/* command_line.h - arguments as a command gets them: getopt sorts them, so each parse has a copy.
 */
#ifndef TESTS_UNIT_CLIENT_COMMAND_LINE_H
#define TESTS_UNIT_CLIENT_COMMAND_LINE_H

#include <getopt.h>
#include <stdint.h>

enum { ARGUMENTS_MAX = 6 };

struct command_line {
    int argc;
    char *argv[ARGUMENTS_MAX + 2];
};

/* The words end with a NULL. The next getopt_long begins with them. */
static inline struct command_line command_line_of(const char *command, const char *const *words)
{
    struct command_line line = {.argc = 1, .argv = {(char *)(uintptr_t)command}};

    for (; words[line.argc - 1]; line.argc++)
        line.argv[line.argc] = (char *)(uintptr_t)words[line.argc - 1];
    optind = 0; /* glibc: begin anew */
    return line;
}

#endif
