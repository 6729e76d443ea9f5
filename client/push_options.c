#include "client/push_options.h"

#include <stdlib.h>
#include <string.h>

#include "client/options.h"
#include "conf/must.h"

enum {
    DEFAULT_BATCH_BYTES = 64 * 1024,
    DEFAULT_MAX_LINE_BYTES = 256 * 1024, /* logboomd's max_message */
    DEFAULT_TIMEOUT_MS = 5000,
};

const char PUSH_HELP[] =
    "usage: logboom push [OPTION...] [FILE...]\n"
    "\n"
    "Sends each line of the files to logboomd as one entry, without its newline. Without\n"
    "a file, and for '-', reads standard input; lines of a pipe are sent as they come.\n"
    "An empty line is an empty entry; a last line without a newline counts, too; a\n"
    "carriage return, NUL and all other bytes are sent as they are.\n"
    "\n"
    "  --to ADDRESS       where logboomd listens: tcp://HOST:PORT or ipc://PATH\n"
    "                     (default: $LOGBOOM_ADDRESS, else tcp://127.0.0.1:5514)\n"
    "  -f, --follow       go on as the files grow, for ever: through rotation, and when they\n"
    "                     become shorter, or are not there yet\n"
    "  --new              with --follow: of files that are there already, only what will\n"
    "                     be added\n"
    "  --level LEVEL      each of these makes the lines entries of JSON, which have this\n"
    "  --app NAME         level, app or host, and the line as their message. Bytes that are\n"
    "  --host NAME        no UTF-8 become U+FFFD\n"
    "  --batch            many lines in one message: several times faster, for lines of\n"
    "                     JSON, or for an endpoint with 'split: lines'\n"
    "  --batch-size SIZE  at most this much in one message (default 64KiB); only a\n"
    "                     longer line goes beyond it. Implies --batch\n"
    "  --max-line SIZE    cut longer lines after SIZE (default 256KiB, which is also\n"
    "                     the default of logboomd's 'max_message')\n"
    "  --timeout TIME     how long logboomd may be away, at the start or in between, and\n"
    "                     how long to go on after a signal (default 5s)\n"
    "  --key FILE         encrypt, with our key pair in FILE, as 'logboom keygen' makes it;\n"
    "                     for an endpoint with 'encryption: curve'\n"
    "  --server-key KEY   the endpoint's public key; nobody else is talked to\n"
    "  -q, --quiet        no progress bar. There is one while standard error is a terminal\n"
    "  -h, --help         this text\n"
    "\n"
    "logboomd itself cuts an entry at its 'max_entry' (64KiB by default), and marks and\n"
    "counts it: a longer line arrives cut, though push ends with 0.\n"
    "\n"
    "When logboomd reads slowly, push waits for it, however long that takes. Memory stays\n"
    "at a few MiB for files of any size.\n"
    "\n"
    "Exit status:\n"
    "  0    everything was handed over\n"
    "  1    all that could be was handed over, but a line was cut or had bytes replaced, an\n"
    "       input could not be read (the others were), or the connection broke and came\n"
    "       back, so that what was under way may be missing; standard error says which\n"
    "  64   wrong usage\n"
    "  69   logboomd was not there, or did not come back, within --timeout; or it does not\n"
    "       know our key, wants one, or does not encrypt: standard error says which\n"
    "  71   the system refused something\n"
    "  130  interrupted (SIGINT), 143 (SIGTERM): sends the whole lines that were read,\n"
    "       then leaves; a second signal leaves at once\n"
    "\n"
    "'Handed over' means: acknowledged by the kernel of logboomd's machine (tcp), or read\n"
    "by logboomd (ipc). It does not mean written: should logboomd be killed just then,\n"
    "entries can still be lost. A PUSH socket cannot know more.\n";

enum {
    OPTION_TO = OPTION_LONG,
    OPTION_NEW,
    OPTION_LEVEL,
    OPTION_APP,
    OPTION_HOST,
    OPTION_BATCH,
    OPTION_BATCH_SIZE,
    OPTION_MAX_LINE,
    OPTION_TIMEOUT,
    OPTION_KEY,
    OPTION_SERVER_KEY,
    OPTION_HELP,
};

static const struct option options[] = {
    {"to", required_argument, NULL, OPTION_TO},
    {"follow", no_argument, NULL, 'f'},
    {"new", no_argument, NULL, OPTION_NEW},
    {"level", required_argument, NULL, OPTION_LEVEL},
    {"app", required_argument, NULL, OPTION_APP},
    {"host", required_argument, NULL, OPTION_HOST},
    {"batch", no_argument, NULL, OPTION_BATCH},
    {"batch-size", required_argument, NULL, OPTION_BATCH_SIZE},
    {"max-line", required_argument, NULL, OPTION_MAX_LINE},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"key", required_argument, NULL, OPTION_KEY},
    {"server-key", required_argument, NULL, OPTION_SERVER_KEY},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static const struct option_set option_set = {":hfq", options,
                                             sizeof(options) / sizeof(options[0]) - 1};

static const char *default_address(void)
{
    const char *address = getenv("LOGBOOM_ADDRESS");

    return address && *address ? address : "tcp://127.0.0.1:5514";
}

static int parse_flag(int option, struct push_conf *conf)
{
    switch (option) {
    case 'f':
        conf->follow = true;
        return 0;
    case OPTION_NEW:
        conf->new_only = true;
        return 0;
    case 'q':
        conf->quiet = true;
        return 0;
    case OPTION_BATCH:
        if (conf->shipment.batch_bytes == 0)
            conf->shipment.batch_bytes = DEFAULT_BATCH_BYTES;
        return 0;
    default:
        must(!"an option of the table is not parsed");
        return -1;
    }
}

static int parse_option(int option, struct push_conf *conf, struct err *err)
{
    switch (option) {
    case OPTION_TO:
        conf->address = optarg;
        return 0;
    case OPTION_LEVEL:
        conf->shipment.wrap.level = optarg;
        return 0;
    case OPTION_APP:
        conf->shipment.wrap.app = optarg;
        return 0;
    case OPTION_HOST:
        conf->shipment.wrap.host = optarg;
        return 0;
    case OPTION_BATCH_SIZE:
        return option_size("--batch-size", optarg, &conf->shipment.batch_bytes, err);
    case OPTION_MAX_LINE:
        return option_size("--max-line", optarg, &conf->shipment.max_line_bytes, err);
    case OPTION_TIMEOUT:
        return option_time("--timeout", optarg, &conf->timeout_ms, err);
    case OPTION_KEY:
        conf->encryption.key = optarg;
        return 0;
    case OPTION_SERVER_KEY:
        conf->encryption.server_key = optarg;
        return 0;
    default:
        return parse_flag(option, conf);
    }
}

/* An address where a file is meant; a file of such a name can be written ./tcp://x. */
static const char *find_address(char **paths)
{
    for (; *paths; paths++)
        if (strncmp(*paths, "tcp://", 6) == 0 || strncmp(*paths, "ipc://", 6) == 0)
            return *paths;
    return NULL;
}

/* Files have names by which they can be found again; pipes have not. */
static int judge_follow(const struct push_conf *conf, struct err *err)
{
    if (conf->new_only && !conf->follow)
        return err_set(err, "--new needs --follow");
    if (!conf->follow)
        return 0;
    if (conf->path_count == 0)
        return err_set(err, "--follow needs a file; a pipe is followed without it");
    for (int i = 0; i < conf->path_count; i++)
        if (strcmp(conf->paths[i], "-") == 0)
            return err_set(err, "--follow is for files; a pipe is followed without it");
    return 0;
}

int push_options_parse(int argc, char **argv, struct push_conf *conf_out, bool *help_out,
                       struct err *err)
{
    struct push_conf conf = {.address = default_address(),
                             .shipment = {.max_line_bytes = DEFAULT_MAX_LINE_BYTES},
                             .timeout_ms = DEFAULT_TIMEOUT_MS};
    const char *address;
    enum option_answer answer;
    int option;

    while ((answer = option_next(&option_set, argc, argv, &option, err)) == OPTION_FOUND) {
        if (option == 'h' || option == OPTION_HELP) {
            *help_out = true;
            return 0;
        }
        if (parse_option(option, &conf, err) < 0)
            return -1;
    }
    if (answer == OPTION_REFUSED)
        return -1;
    if (encryption_judge(&conf.encryption, err) < 0)
        return -1;
    address = find_address(argv + optind);
    if (address)
        return err_set(err, "'%s' stands where a file is meant; did you mean --to %s?", address,
                       address);
    conf.paths = argv + optind;
    conf.path_count = argc - optind;
    if (judge_follow(&conf, err) < 0 ||
        wrap_judge(&conf.shipment.wrap, conf.shipment.max_line_bytes, err) < 0)
        return -1;
    *conf_out = conf;
    *help_out = false;
    return 0;
}
