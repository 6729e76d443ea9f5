/* keygen.c - `logboom keygen`: makes the key pair of one who speaks CURVE, and says what to
 * write on the other side. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/command.h"
#include "client/say.h"
#include "zeromq/curve_file.h"

static const char HELP[] =
    "usage: logboom keygen [--name NAME] FILE\n"
    "       logboom keygen --public FILE\n"
    "\n"
    "Makes a key pair for CURVE, the encryption of ZeroMQ, and writes it to FILE, which only\n"
    "its owner can read. Whoever has that file can pass for its owner; it need not leave the\n"
    "machine on which it was made. What is there already is never written over.\n"
    "\n"
    "Prints one line, 'NAME KEY' with the public key, which is no secret: for a client, it\n"
    "goes into 'allow' of logboomd's endpoint; of a daemon, clients get the key itself.\n"
    "\n"
    "  --name NAME    what the owner is called, in logs and entries (default: the name of\n"
    "                 FILE, less what follows its last dot)\n"
    "  --public FILE  prints that line once more, from a file that was made before\n"
    "  -h, --help     this text\n"
    "\n"
    "A name has 1 to 64 letters, digits, '_', '.' and '-'. In a shell and in YAML a key\n"
    "needs 'single quotes' around it; it never has one in it.\n"
    "\n"
    "Exit status:\n"
    "  0    the pair was made, or its public key printed\n"
    "  64   wrong usage\n"
    "  71   the file could not be made or read, or others can read it\n";

enum { OPTION_NAME = 256, OPTION_PUBLIC, OPTION_HELP };

struct keygen {
    const char *name;   /* NULL: after the file */
    const char *public; /* the file to read; NULL: to make one */
    const char *path;
    bool help;
};

/* ---- the command line -------------------------------------------------------------------- */

static int wrong_usage(const char *what, const char *word)
{
    say("%s%s%s; see 'logboom help keygen'", what, word ? " " : "", word ? word : "");
    return EXIT_USAGE;
}

/* 0, or the exit status. */
static int parse(int argc, char **argv, struct keygen *keygen)
{
    static const struct option options[] = {
        {"name", required_argument, NULL, OPTION_NAME},
        {"public", required_argument, NULL, OPTION_PUBLIC},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0; /* we say it ourselves */
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == OPTION_NAME)
            keygen->name = optarg;
        else if (option == OPTION_PUBLIC)
            keygen->public = optarg;
        else if (option == 'h' || option == OPTION_HELP)
            keygen->help = true;
        else
            return wrong_usage(option == ':' ? "a value is missing behind" : "there is no option",
                               argv[optind - 1]);
    }
    if (keygen->help)
        return 0;
    keygen->path = argv[optind];
    if (argc - optind != (keygen->public ? 0 : 1))
        return wrong_usage(keygen->public ? "--public takes one file, and nothing else"
                                          : "one FILE is needed, to write the key pair to",
                           NULL);
    if (keygen->public && keygen->name)
        return wrong_usage("the name of a pair stands in its file, so --public takes no --name",
                           NULL);
    return 0;
}

/* ---- doing it ---------------------------------------------------------------------------- */

/* The file's own name up to its last dot: server.key is the key of `server`. */
static int name_pair(struct curve_pair *pair, const struct keygen *keygen)
{
    const char *slash = strrchr(keygen->path, '/');
    const char *from = keygen->name ? keygen->name : slash ? slash + 1 : keygen->path;
    const char *dot = keygen->name ? NULL : strrchr(from, '.');
    size_t len = dot && dot > from ? (size_t)(dot - from) : strlen(from);

    if (len < sizeof pair->name)
        memcpy(pair->name, from, len);
    if (curve_name_is_right(pair->name))
        return 0;
    return wrong_usage("a name has 1 to 64 letters, digits, '_', '.' and '-'; give one with --name",
                       NULL);
}

static void print_public(const struct curve_pair *pair)
{
    char key[CURVE_KEY_CHARS + 1];

    printf("%s%s%s\n", pair->name, *pair->name ? " " : "", curve_key_show(&pair->public_key, key));
}

static int make(const struct keygen *keygen, struct curve_pair *pair)
{
    struct err err;

    if (curve_pair_make(pair, &err) < 0) {
        say("%s", err.text);
        return EXIT_SYSTEM;
    }
    if (name_pair(pair, keygen) != 0)
        return EXIT_USAGE;
    if (curve_file_write(keygen->path, pair, &err) < 0) {
        say("%s", err.text);
        return EXIT_SYSTEM;
    }
    print_public(pair);
    return EXIT_SUCCESS;
}

static int show(const struct keygen *keygen, struct curve_pair *pair)
{
    struct err err;

    if (curve_file_read(keygen->public, pair, &err) < 0) {
        say("%s", err.text);
        return EXIT_SYSTEM;
    }
    print_public(pair);
    return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
    struct keygen keygen = {.name = NULL};
    struct curve_pair pair = {.name = ""};
    int status = parse(argc, argv, &keygen);

    if (status != 0)
        return status;
    if (keygen.help) {
        fputs(HELP, stdout);
        return EXIT_SUCCESS;
    }
    status = keygen.public ? show(&keygen, &pair) : make(&keygen, &pair);
    curve_pair_wipe(&pair);
    if (fflush(stdout) != 0) {
        say("cannot print the public key: %s", strerror(errno));
        return EXIT_SYSTEM;
    }
    return status;
}

const struct command keygen_command = {
    .name = "keygen",
    .summary = "makes a key pair, for CURVE",
    .help = HELP,
    .run = run,
};
