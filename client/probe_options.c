#include "client/probe_options.h"

#include "client/options.h"
#include "conf/must.h"
#include "conf/suggest.h"
#include "conf/units.h"

enum { DEFAULT_COUNT = 10, COUNT_LIMIT = 1000000, DEFAULT_TIMEOUT_MS = 30 * 1000 };

const char PROBE_HELP[] =
    "usage: logboom probe [OPTION...] ADDRESS\n"
    "\n"
    "Looks at what a client sends that logs over ZeroMQ, in logboomd's place: shows each\n"
    "message frame by frame, what logboomd would make of it, and the configuration that\n"
    "fits. ADDRESS is tcp://HOST:PORT or ipc://PATH, as the client has it.\n"
    "\n"
    "  --connect        the client listens there (binds)\n"
    "  --bind           the client connects there, so listen. With neither option: connect,\n"
    "                   and where nobody listens at an address of this machine, listen\n"
    "  --socket TYPE    pull, sub, router, rep, pair, or auto (the default): whichever suits\n"
    "                   the client, which says what it is when it connects\n"
    "  -n, --count N    leave after N messages (default 10)\n"
    "  --timeout TIME   leave after TIME, however few came (default 30s)\n"
    "  --key FILE       speak CURVE: FILE has the key pair of the server that the client expects,\n"
    "                   as 'logboom keygen' makes it; any client with that key is let in\n"
    "  --server-key KEY\n"
    "                   the client is the server, and KEY its public key; FILE has a pair that\n"
    "                   it lets in. Its socket is found out by trying\n"
    "  --yaml           print only the configuration:\n"
    "                   logboom probe --yaml ADDRESS >probed.yaml\n"
    "                   logboomd --config probed.yaml\n"
    "  -h, --help       this text\n"
    "\n"
    "'as json' and so on name the decoder that was right for an entry; 'as auto' that only\n"
    "'decode: auto', which is the default, understands it.\n"
    "\n"
    "What is shown of a client's bytes is escaped, or hexadecimal where it is no text, and\n"
    "long frames and entries are cut; nothing in it reaches your terminal as a command.\n"
    "Memory stays at a few MiB, whatever comes.\n"
    "\n"
    "The probe takes part: messages that a PUSH, DEALER, REQ or PAIR sends to it go to nobody\n"
    "else. A PUB sends to all its subscribers, and the probe is one more. A PAIR that\n"
    "listens takes one peer only, so start it anew after the probe.\n"
    "\n"
    "Exit status:\n"
    "  0    messages came\n"
    "  1    a client was there, but sent nothing; standard error says what to try\n"
    "  64   wrong usage\n"
    "  69   nobody was there, or none that can be understood: no ZeroMQ, an old one, a wrong\n"
    "       kind of socket, encryption or other keys; standard error says which\n"
    "  71   the system refused something, such as an address in use\n"
    "  130  interrupted (SIGINT), 143 (SIGTERM), after the configuration for what came\n";

enum {
    OPTION_CONNECT = OPTION_LONG,
    OPTION_BIND,
    OPTION_SOCKET,
    OPTION_COUNT,
    OPTION_TIMEOUT,
    OPTION_KEY,
    OPTION_SERVER_KEY,
    OPTION_YAML,
    OPTION_HELP,
};

static const struct option options[] = {
    {"connect", no_argument, NULL, OPTION_CONNECT},
    {"bind", no_argument, NULL, OPTION_BIND},
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"count", required_argument, NULL, OPTION_COUNT},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"key", required_argument, NULL, OPTION_KEY},
    {"server-key", required_argument, NULL, OPTION_SERVER_KEY},
    {"yaml", no_argument, NULL, OPTION_YAML},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static const struct option_set option_set = {":hn:", options,
                                             sizeof(options) / sizeof(options[0]) - 1};

static int parse_way(enum probe_way way, struct probe_conf *conf, struct err *err)
{
    if (conf->way != PROBE_EITHER && conf->way != way)
        return err_set(err, "--connect and --bind exclude each other; without either, both are "
                            "tried");
    conf->way = way;
    return 0;
}

static int parse_socket(const char *text, enum probe_socket *socket_out, struct err *err)
{
    static const char *const words[] = {"pull", "sub", "router", "rep", "pair", "auto"};
    enum probe_socket socket = probe_socket_called(text);
    const char *meant;

    if (socket == PROBE_NONE) {
        meant = suggest_nearest(text, words, sizeof words / sizeof words[0]);
        return err_set(err, "--socket is '%s', but must be %s or auto%s%s%s", text,
                       probe_socket_words(), meant ? "; did you mean '" : "", meant ? meant : "",
                       meant ? "'?" : "");
    }
    *socket_out = socket;
    return 0;
}

static int parse_count(const char *text, unsigned *count_out, struct err *err)
{
    struct conf_count count;

    if (units_parse_count(text, &count, NULL) < 0 || count.count < 1 || count.count > COUNT_LIMIT)
        return err_set(err, "--count is '%s', but must be a number from 1 to %d", text,
                       COUNT_LIMIT);
    *count_out = count.count;
    return 0;
}

static int parse_option(int option, struct probe_conf *conf, struct err *err)
{
    switch (option) {
    case OPTION_CONNECT:
        return parse_way(PROBE_CONNECT, conf, err);
    case OPTION_BIND:
        return parse_way(PROBE_BIND, conf, err);
    case OPTION_SOCKET:
        return parse_socket(optarg, &conf->socket, err);
    case 'n':
    case OPTION_COUNT:
        return parse_count(optarg, &conf->count, err);
    case OPTION_TIMEOUT:
        return option_time("--timeout", optarg, &conf->timeout_ms, err);
    case OPTION_KEY:
        conf->encryption.key = optarg;
        return 0;
    case OPTION_SERVER_KEY:
        conf->encryption.server_key = optarg;
        return 0;
    case OPTION_YAML:
        conf->only_yaml = true;
        return 0;
    default:
        must(!"an option of the table is not parsed");
        return -1;
    }
}

static int take_address(char **arguments, int count, struct probe_conf *conf, struct err *err)
{
    if (count == 0)
        return err_set(err, "the address is missing: give tcp://HOST:PORT or ipc://PATH, as the "
                            "client has it");
    if (count > 1)
        return err_set(err, "one address at a time; '%s' is one more", arguments[1]);
    for (const char *at = arguments[0]; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return err_set(err, "address '%s' holds control characters", arguments[0]);
    conf->address = arguments[0];
    return 0;
}

int probe_options_parse(int argc, char **argv, struct probe_conf *conf_out, bool *help_out,
                        struct err *err)
{
    struct probe_conf conf = {
        .socket = PROBE_AUTO, .count = DEFAULT_COUNT, .timeout_ms = DEFAULT_TIMEOUT_MS};
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
    if (answer == OPTION_REFUSED || take_address(argv + optind, argc - optind, &conf, err) < 0)
        return -1;
    if (conf.encryption.server_key && !conf.encryption.key)
        return encryption_judge(&conf.encryption, err);
    *conf_out = conf;
    *help_out = false;
    return 0;
}
