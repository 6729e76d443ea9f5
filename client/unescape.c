/* unescape.c - `logboom unescape`: the bytes behind the escapes of a text file.
 *
 * Each read is undone where it stands and written at once, so that it can stand behind `tail -F`.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregate/unescape.h"
#include "client/command.h"
#include "client/options.h"
#include "client/say.h"
#include "conf/write_all.h"

enum { ROOM_BYTES = 64 * 1024, STATUS_INCOMPLETE = 1 };

static const char HELP[] =
    "usage: logboom unescape [FILE...]\n"
    "\n"
    "Undoes the escapes of logboomd's formats text and line, and of templates, so that what\n"
    "clients sent is there byte for byte. Without a file, and for '-', reads standard input;\n"
    "what comes through a pipe is written as it comes. Memory stays the same for files of\n"
    "any size.\n"
    "\n"
    "  \\n \\r \\t \\\\    newline, carriage return, tab, backslash\n"
    "  \\xHH           the byte with this number\n"
    "  \\u{H...}       the character with this number\n"
    "\n"
    "The marks \\[cut] and \\[torn] stay, as does a backslash that begins none of these. JSON,\n"
    "logfmt and raw have escapes of their own.\n"
    "\n"
    "What comes out may be anything, control characters for a terminal included.\n"
    "\n"
    "  -h, --help     this text\n"
    "\n"
    "Exit status:\n"
    "  0    everything was written\n"
    "  1    the same, but an input could not be read (the others were), or there were\n"
    "       backslashes that logboomd does not write; standard error says which\n"
    "  64   wrong usage\n"
    "  71   standard output could not be written\n";

struct unescaping {
    char room[ROOM_BYTES];
    size_t held; /* of an escape that is not all there, at the beginning of the room */
    size_t strange;
    bool incomplete;
};

static int undo(struct unescaping *all, size_t len, bool is_last)
{
    struct unescaped done = unescape_piece(all->room, len, is_last, all->room);

    all->strange += done.strange;
    if (write_all(STDOUT_FILENO, all->room, done.written) < 0) {
        say("cannot write to standard output: %s", strerror(errno));
        return -1;
    }
    all->held = len - done.taken;
    memmove(all->room, all->room + done.taken, all->held);
    return 0;
}

/* An escape ends with its file at the latest. */
static int unescape_fd(struct unescaping *all, int fd, const char *name)
{
    ssize_t count;

    while ((count = read(fd, all->room + all->held, ROOM_BYTES - all->held)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            say("cannot read %s: %s", name, strerror(errno));
            all->incomplete = true;
            break;
        }
        if (undo(all, all->held + (size_t)count, false) < 0)
            return -1;
    }
    return undo(all, all->held, true);
}

static int unescape_input(struct unescaping *all, const char *path)
{
    int fd, result;

    if (strcmp(path, "-") == 0)
        return unescape_fd(all, STDIN_FILENO, "standard input");
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        say("cannot open '%s': %s", path, strerror(errno));
        all->incomplete = true;
        return 0;
    }
    result = unescape_fd(all, fd, path);
    close(fd);
    return result;
}

static int unescape_inputs(struct unescaping *all, char **paths)
{
    if (!*paths && unescape_input(all, "-") < 0)
        return EXIT_SYSTEM;
    for (; *paths; paths++)
        if (unescape_input(all, *paths) < 0)
            return EXIT_SYSTEM;
    if (all->strange > 0)
        say("left %zu backslashes as they were that logboomd does not write; is this text?",
            all->strange);
    return all->incomplete || all->strange > 0 ? STATUS_INCOMPLETE : EXIT_SUCCESS;
}

static int unescape_run(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    static const struct option_set option_set = {":h", options, 1};
    static struct unescaping all;
    struct err err;
    int option;

    switch (option_next(&option_set, argc, argv, &option, &err)) {
    case OPTION_REFUSED:
        say("%s; see 'logboom help unescape'", err.text);
        return EXIT_USAGE;
    case OPTION_FOUND:
        fputs(HELP, stdout);
        return EXIT_SUCCESS;
    case OPTION_END:
        break;
    }
    return unescape_inputs(&all, argv + optind);
}

const struct command unescape_command = {
    .name = "unescape",
    .summary = "gives the bytes back behind the escapes of a text file",
    .help = HELP,
    .run = unescape_run,
};
