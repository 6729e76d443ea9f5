/* top.c - `logboom top`: how the daemon is, second by second. */
#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/command.h"
#include "client/control.h"
#include "client/control_options.h"
#include "client/options.h"
#include "client/say.h"
#include "client/screen.h"
#include "client/signals.h"
#include "client/terminal.h"
#include "client/top_draw.h"
#include "conf/conf.h"
#include "conf/must.h"

static const char HELP[] =
    "usage: logboom top [OPTION...]\n"
    "\n"
    "Shows once a second how logboomd is: memory against its cap, what ZeroMQ holds, and of each\n"
    "endpoint and sink its rate, what is lost, and the last minute as a curve. Without a\n"
    "terminal it prints the same as plain text, a blank line between two seconds.\n"
    "\n"
    "  --by WHAT        also the 32 who send most, counted from now on: client, app or host\n"
    "  -n, --count N    ends after N seconds\n" CONTROL_OPTION_HELP "  -h, --help       this text\n"
    "\n"
    "q or ^C ends it.\n"
    "\n"
    "Exit status:\n"
    "  0    ended by q, ^C, SIGTERM or --count\n"
    "  1    logboomd refused; standard error says why\n"
    "  2    logboomd could not be reached, has ended, or said nothing for 10 s\n"
    "  64   wrong usage\n"
    "  71   the system did not let it work\n";

/* ---- the command line ---------------------------------------------------------------------- */

struct top_conf {
    const char *path; /* of the control socket */
    const char *by;   /* NULL: not asked for */
    uint64_t count;   /* of seconds; 0: without end */
    bool help;
};

enum { OPTION_BY = OPTION_LONG, OPTION_CONTROL };

static const struct option options[] = {
    {"by", required_argument, NULL, OPTION_BY},
    {"control", required_argument, NULL, OPTION_CONTROL},
    {"count", required_argument, NULL, 'n'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const struct option_set set = {":n:h", options, 4};

static int take_by(const char *text, struct top_conf *conf, struct err *err)
{
    static const char *const names[] = {CONTROL_BY_CLIENT, CONTROL_BY_APP, CONTROL_BY_HOST};

    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            conf->by = names[i];
            return 0;
        }
    }
    return err_set(err, "--by is '%s', but must be client, app or host", text);
}

static int take_count(const char *text, struct top_conf *conf, struct err *err)
{
    char *end;

    errno = 0;
    conf->count = strtoull(text, &end, 10);
    if (errno != 0 || *end || end == text || text[0] == '-' || conf->count == 0)
        return err_set(err, "--count is '%s', but must be a number from 1 on", text);
    return 0;
}

static int take_option(int option, struct top_conf *conf, struct err *err)
{
    switch (option) {
    case OPTION_BY:
        return take_by(optarg, conf, err);
    case 'n':
        return take_count(optarg, conf, err);
    case OPTION_CONTROL:
        conf->path = optarg;
        return 0;
    default:
        conf->help = true;
        return 0;
    }
}

static int parse(int argc, char **argv, struct top_conf *conf, struct err *err)
{
    enum option_answer answer;
    int option;

    *conf = (struct top_conf){.path = control_default_path()};
    while ((answer = option_next(&set, argc, argv, &option, err)) == OPTION_FOUND) {
        if (take_option(option, conf, err) < 0)
            return -1;
    }
    if (answer == OPTION_REFUSED)
        return -1;
    if (optind < argc && !conf->help)
        return err_set(err, "'%s' is one too many: top takes options only", argv[optind]);
    return 0;
}

/* ---- what is shown ------------------------------------------------------------------------- */

struct top {
    const struct top_conf *conf;
    struct control_reader *reader;
    struct json_doc *doc;
    size_t doc_room;
    struct top_look look;
    struct top_text text;
    bool is_screen;
    bool utf8;
    int signals;
    uint64_t shown;
    bool is_silent; /* the daemon is there, but says nothing any more */
};

/* A line is as long as there are sinks and endpoints. */
static bool read_line(struct top *top, const char *line, size_t len)
{
    if (len > top->doc_room) {
        json_doc_free(&top->doc);
        top->doc = json_doc_new(2 * len);
        must(top->doc);
        top->doc_room = 2 * len;
    }
    return json_doc_read(top->doc, line, len);
}

static void show_screen(struct top *top)
{
    struct terminal_size size = terminal_size(STDOUT_FILENO);
    struct top_style style = {.columns = size.columns,
                              .lines = size.lines,
                              .colours = !terminal_refuses_color(),
                              .utf8 = top->utf8};

    top_draw(&top->look, &style, &top->text);
    screen_show(top->text.bytes, top->text.len);
}

/* False: nobody takes it. */
static bool show_plain(struct top *top)
{
    struct top_style style = {.columns = 80, .utf8 = top->utf8};

    top_draw(&top->look, &style, &top->text);
    if (top->shown > 0)
        putchar('\n');
    fwrite(top->text.bytes, 1, top->text.len, stdout);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    say("cannot write to standard output: %s", strerror(errno));
    return false;
}

/* ---- second by second ------------------------------------------------------------------------ */

/* A picture that is older than this is no picture of now. */
enum { GO_ON = -1, SILENCE_MS = 10 * 1000 };

/* The daemon refuses in one line, as it does everywhere. */
static int refused(struct top *top)
{
    char sentence[SHOWN_MAX];

    say("%s", shown_text(top->doc, JSON_ROOT, CONTROL_ERROR, sentence));
    return CONTROL_REFUSED;
}

static int take_line(struct top *top, const char *line, size_t len)
{
    if (!read_line(top, line, len)) {
        say("logboomd at '%s' answers with what is not JSON", top->conf->path);
        return CONTROL_UNREACHABLE;
    }
    if (!json_doc_truth(top->doc, json_doc_member(top->doc, JSON_ROOT, CONTROL_OK)))
        return refused(top);
    if (top->shown == 0 && top->is_screen)
        screen_open();
    top_look_take(&top->look, top->doc);
    if (top->is_screen)
        show_screen(top);
    else if (!show_plain(top))
        return EXIT_SYSTEM;
    top->shown++;
    return top->conf->count > 0 && top->shown >= top->conf->count ? CONTROL_DONE : GO_ON;
}

/* All lines that are there. */
static int take_lines(struct top *top)
{
    const char *line;
    size_t len;
    int status = GO_ON;

    while (status == GO_ON) {
        switch (control_reader_next(top->reader, 0, &line, &len)) {
        case CONTROL_LINE:
            status = take_line(top, line, len);
            break;
        case CONTROL_NOT_YET:
            return GO_ON;
        case CONTROL_END:
        case CONTROL_BROKEN:
        default:
            return CONTROL_UNREACHABLE;
        }
    }
    return status;
}

/* Returns whether it was a q, or the end of all keys. */
static bool read_keys(void)
{
    char keys[64];
    ssize_t count = read(STDIN_FILENO, keys, sizeof keys);

    return count <= 0 || memchr(keys, 'q', (size_t)count) || memchr(keys, 'Q', (size_t)count);
}

/* Until it ends, or the daemon does, or says nothing for too long.
 *
 * A new size needs no signal: the next picture, a second later at most, has it. */
static int watch(struct top *top)
{
    struct pollfd from[] = {
        {.fd = control_reader_fd(top->reader), .events = POLLIN},
        {.fd = top->signals, .events = POLLIN},
        {.fd = top->is_screen && isatty(STDIN_FILENO) ? STDIN_FILENO : -1, .events = POLLIN}};
    int status = take_lines(top);

    while (status == GO_ON) {
        int ready = poll(from, 3, SILENCE_MS);

        if (ready < 0 && errno != EINTR)
            return EXIT_SYSTEM;
        top->is_silent = ready == 0;
        if (top->is_silent)
            return CONTROL_UNREACHABLE;
        if (from[1].revents || (from[2].revents && read_keys()))
            return CONTROL_DONE;
        if (from[0].revents)
            status = take_lines(top);
    }
    return status;
}

static int ask(struct top *top, struct err *err)
{
    struct control_request request;

    control_request_begin(&request, CONTROL_WATCH);
    if (top->conf->by)
        json_text(&request.json, CONTROL_BY, top->conf->by);
    top->reader = control_reader_open(top->conf->path, &request, CONTROL_ANSWER_MS, err);
    return top->reader ? 0 : -1;
}

static int run_top(struct top *top)
{
    struct err err;
    int status;

    if (ask(top, &err) < 0) {
        say("%s", err.text);
        return CONTROL_UNREACHABLE;
    }
    status = watch(top);
    if (top->shown > 0 && top->is_screen)
        screen_close();
    if (status == CONTROL_UNREACHABLE)
        say("logboomd at '%s' %s", top->conf->path,
            top->is_silent   ? "does not answer"
            : top->shown > 0 ? "has ended"
                             : "closed the connection without an answer");
    return status;
}

static int run(int argc, char **argv)
{
    struct top_conf conf;
    struct top top = {.conf = &conf, .is_screen = terminal_obeys(STDOUT_FILENO)};
    struct err err;
    int status;

    if (parse(argc, argv, &conf, &err) < 0) {
        say("%s; see 'logboom help top'", err.text);
        return EXIT_USAGE;
    }
    if (conf.help) {
        fputs(HELP, stdout);
        return EXIT_SUCCESS;
    }
    top.signals = signals_open(&err);
    if (top.signals < 0) {
        say("%s", err.text);
        return EXIT_SYSTEM;
    }
    setlocale(LC_CTYPE, "");
    top.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    status = run_top(&top);
    close(top.signals);
    control_reader_free(&top.reader);
    json_doc_free(&top.doc);
    top_look_fini(&top.look);
    top_text_fini(&top.text);
    return status;
}

const struct command top_command = {
    .name = "top",
    .summary = "shows how logboomd is, second by second",
    .help = HELP,
    .run = run,
};
