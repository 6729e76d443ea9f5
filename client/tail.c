/* tail.c - `logboom tail`: the last entries, and then each one as it comes. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/command.h"
#include "client/control.h"
#include "client/say.h"
#include "client/tail_options.h"
#include "client/tail_print.h"
#include "conf/must.h"

enum { LINE_MAX_BYTES = 128 * 1024 }; /* longer than any that the daemon sends */

static const char CUT[] = " \\[cut]";
static const char OURS_END[] = "{\"" CONTROL_OURS "\":{\"" CONTROL_ENDED "\"";

enum tail_event { TAIL_ON, TAIL_OVER, TAIL_FAILED };

struct tail {
    struct tail_conf conf;
    struct control_reader *reader;
    struct json_doc *event;
    char text[LINE_MAX_BYTES];
};

/* ---- asking ---------------------------------------------------------------------------------- */

static void write_text(struct json_out *out, const char *name, const char *text)
{
    if (text)
        json_text(out, name, text);
}

static void write_names(struct json_out *out, const char *name, const char *const *names,
                        unsigned count)
{
    if (count == 0)
        return;
    json_array(out, name);
    for (unsigned i = 0; i < count; i++)
        json_text(out, NULL, names[i]);
    json_end_array(out);
}

static int ask(struct tail *tail, struct err *err)
{
    const struct tail_conf *conf = &tail->conf;
    struct control_request request;

    control_request_begin(&request, CONTROL_TAIL);
    json_number(&request.json, CONTROL_LAST, conf->last);
    write_text(&request.json, CONTROL_MIN_LEVEL, conf->min_level);
    write_text(&request.json, CONTROL_MESSAGE, conf->grep);
    write_names(&request.json, CONTROL_APP, conf->app, conf->app_count);
    write_names(&request.json, CONTROL_HOST, conf->host, conf->host_count);
    json_truth(&request.json, CONTROL_JSON, conf->json);
    tail->reader = control_reader_open(conf->path, &request, CONTROL_ANSWER_MS, err);
    return tail->reader ? 0 : -1;
}

static bool read_member(struct tail *tail, const char *name)
{
    return json_doc_text(tail->event, json_doc_member(tail->event, JSON_ROOT, name), tail->text,
                         sizeof tail->text);
}

static int no_answer(const struct tail *tail, enum control_read read)
{
    say("logboomd at '%s' %s", tail->conf.path,
        read == CONTROL_NOT_YET ? "does not answer" : "has hung up");
    return CONTROL_UNREACHABLE;
}

/* Before anything else the daemon says whether it will. -1: it will; else the exit status. */
static int hear_whether(struct tail *tail)
{
    enum control_read read;
    const char *line;
    size_t len;

    read = control_reader_next(tail->reader, CONTROL_ANSWER_MS, &line, &len);
    if (read != CONTROL_LINE || !json_doc_read(tail->event, line, len))
        return no_answer(tail, read);
    if (json_doc_truth(tail->event, json_doc_member(tail->event, JSON_ROOT, CONTROL_OK)))
        return -1;
    say("%s", read_member(tail, CONTROL_ERROR) ? tail->text : "logboomd refused");
    return CONTROL_REFUSED;
}

/* ---- what comes ------------------------------------------------------------------------------ */

static int print_missed(struct tail *tail, struct err *err)
{
    char sentence[96];
    uint64_t missed = 0;

    json_doc_number(tail->event, json_doc_member(tail->event, JSON_ROOT, CONTROL_MISSED), &missed);
    snprintf(sentence, sizeof sentence, "--- logboom tail: missed %" PRIu64 " entr%s", missed,
             missed == 1 ? "y" : "ies");
    return tail_print("notice", sentence, strlen(sentence), err);
}

static int print_entry(struct tail *tail, struct err *err)
{
    char level[16];
    size_t len = strlen(tail->text);

    if (json_doc_truth(tail->event, json_doc_member(tail->event, JSON_ROOT, CONTROL_CUT))) {
        must(len + sizeof CUT <= sizeof tail->text);
        memcpy(tail->text + len, CUT, sizeof CUT - 1);
        len += sizeof CUT - 1;
    }
    json_doc_text(tail->event, json_doc_member(tail->event, JSON_ROOT, CONTROL_LEVEL), level,
                  sizeof level);
    return tail_print(level, tail->text, len, err);
}

static enum tail_event hear_text(struct tail *tail, const char *line, size_t len, struct err *err)
{
    if (!json_doc_read(tail->event, line, len)) {
        err_set(err, "logboomd sent something that is no JSON");
        return TAIL_FAILED;
    }
    if (read_member(tail, CONTROL_ENDED)) {
        say("%s", tail->text);
        return TAIL_OVER;
    }
    if (read_member(tail, CONTROL_TEXT))
        return print_entry(tail, err) < 0 ? TAIL_FAILED : TAIL_ON;
    return print_missed(tail, err) < 0 ? TAIL_FAILED : TAIL_ON;
}

static enum tail_event hear_json(const char *line, size_t len, struct err *err)
{
    bool is_end = len >= sizeof OURS_END - 1 && memcmp(line, OURS_END, sizeof OURS_END - 1) == 0;

    if (tail_print(NULL, line, len, err) < 0)
        return TAIL_FAILED;
    if (is_end)
        say("logboomd stops");
    return is_end ? TAIL_OVER : TAIL_ON;
}

/* Sleeps until there is something to read; false: nobody reads what we write any more. */
static bool await_event(const struct tail *tail)
{
    struct pollfd ends[] = {{.fd = control_reader_fd(tail->reader), .events = POLLIN},
                            {.fd = STDOUT_FILENO, .events = 0}};

    return poll(ends, 2, -1) < 0 || !(ends[1].revents & (POLLERR | POLLHUP));
}

/* All lines that are there. */
static enum tail_event hear_some(struct tail *tail, struct err *err)
{
    enum tail_event event = TAIL_ON;
    enum control_read read = CONTROL_NOT_YET;
    const char *line;
    size_t len;

    while (event == TAIL_ON &&
           (read = control_reader_next(tail->reader, 0, &line, &len)) == CONTROL_LINE)
        event = tail->conf.json ? hear_json(line, len, err) : hear_text(tail, line, len, err);
    if (tail_print_flush(err) < 0)
        return TAIL_FAILED;
    if (event == TAIL_ON && (read == CONTROL_END || read == CONTROL_BROKEN)) {
        err_set(err, "logboomd at '%s' has hung up", tail->conf.path);
        return TAIL_FAILED;
    }
    return event;
}

static int read_along(struct tail *tail)
{
    enum tail_event event = TAIL_ON;
    struct err err;

    tail_print_begin(tail_print_wants_color(tail->conf.color) && !tail->conf.json);
    while (event == TAIL_ON) {
        event = hear_some(tail, &err);
        if (event == TAIL_ON && !await_event(tail))
            return EXIT_SUCCESS;
    }
    if (event == TAIL_OVER)
        return EXIT_SUCCESS;
    say("%s", err.text);
    return CONTROL_UNREACHABLE;
}

static int run(struct tail *tail)
{
    struct err err;
    int status;

    tail->event = json_doc_new(LINE_MAX_BYTES);
    must(tail->event);
    if (ask(tail, &err) < 0) {
        say("%s", err.text);
        return CONTROL_UNREACHABLE;
    }
    status = hear_whether(tail);
    return status < 0 ? read_along(tail) : status;
}

static int tail_run(int argc, char **argv)
{
    static struct tail tail;
    struct err err;
    bool help;
    int status;

    if (tail_options_parse(argc, argv, &tail.conf, &help, &err) < 0) {
        say("%s; see 'logboom help tail'", err.text);
        return EXIT_USAGE;
    }
    if (help) {
        fputs(TAIL_HELP, stdout);
        return EXIT_SUCCESS;
    }
    status = run(&tail);
    control_reader_free(&tail.reader);
    json_doc_free(&tail.event);
    return status;
}

const struct command tail_command = {
    .name = "tail",
    .summary = "shows the last entries, and then each one as it comes",
    .help = TAIL_HELP,
    .run = tail_run,
};
