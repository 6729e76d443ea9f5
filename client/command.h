/* command.h - what the commands of `logboom` share. */
#ifndef CLIENT_COMMAND_H
#define CLIENT_COMMAND_H

#include <stddef.h>

/* After sysexits(3); each command's help says what they mean there. */
enum {
    EXIT_USAGE = 64,
    EXIT_UNAVAILABLE = 69,
    EXIT_SYSTEM = 71,
    EXIT_SIGNALLED = 128, /* plus the number of the signal, as a shell reports it */
};

struct command {
    const char *name;
    const char *summary;
    const char *help;
    /* Gets its own name as argv[0]; answers the exit status. */
    int (*run)(int argc, char **argv);
};

extern const struct command keygen_command;
extern const struct command push_command;
extern const struct command probe_command;
extern const struct command stat_command;
extern const struct command drops_command;
extern const struct command sink_command;
extern const struct command reopen_command;
extern const struct command reload_command;
extern const struct command check_command;
extern const struct command tail_command;
extern const struct command unescape_command;
extern const struct command top_command;

#endif
