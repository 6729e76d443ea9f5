/* push.c - `logboom push`: lines of files or standard input to the daemon.
 *
 * Input is read into a chunk, cut into lines there, and sent from there; a batch is
 * the stretch of a chunk from the first of its lines to the last. Nothing is copied
 * but the begun line at the end of a chunk, and nothing grows with the input. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/chunks.h"
#include "client/command.h"
#include "client/line_reader.h"
#include "client/push_options.h"
#include "client/say.h"
#include "client/signals.h"
#include "client/uplink.h"
#include "conf/units.h"

enum {
    READ_BYTES = 256 * 1024,     /* what a chunk has beyond one longest line or batch */
    READ_ROOM_BYTES = 16 * 1024, /* with less room, go on in the next chunk */
    CUTS_TOLD = 5,               /* a file; the others are counted */
    STATUS_INCOMPLETE = 1,
};

struct push {
    struct push_conf conf;
    int signal_fd;
    struct chunks *chunks;
    struct uplink *uplink;
    struct line_reader reader;
    char *batch; /* begins here, in the current chunk */
    size_t batch_used_bytes;
    uint64_t line_count;
    uint64_t cut_lines; /* of this file */
    bool incomplete;
};

/* ---- lines to messages ------------------------------------------------------ */

static int send_batch(struct push *push, struct err *err)
{
    char *bytes = push->batch;
    size_t len = push->batch_used_bytes;

    if (!bytes)
        return 0;
    /* The daemon takes one newline off the end; it must not be the only sign of an empty line. */
    if (len > 0 && bytes[len - 1] == '\n')
        len++;
    push->batch = NULL;
    return uplink_send(push->uplink, bytes, len, err);
}

/* Only lines that lie next to each other, parted by their newline, make a batch. */
static bool fits_batch(const struct push *push, const struct line *line)
{
    const char *batch_end = push->batch + push->batch_used_bytes;

    return line->bytes == batch_end + 1 &&
           push->batch_used_bytes + 1 + line->len + 1 <= push->conf.batch_bytes;
}

static int add_to_batch(struct push *push, const struct line *line, struct err *err)
{
    if (push->batch && fits_batch(push, line)) {
        push->batch_used_bytes += 1 + line->len;
        return 0;
    }
    if (send_batch(push, err) < 0)
        return -1;
    push->batch = line->bytes;
    push->batch_used_bytes = line->len;
    return 0;
}

static void tell_cut(struct push *push, const struct line *line, const char *name)
{
    char max_line[UNITS_TEXT_MAX];

    push->incomplete = true;
    if (++push->cut_lines > CUTS_TOLD)
        return;
    units_show_bytes((struct conf_bytes){push->conf.max_line_bytes}, max_line);
    say("%s:%" PRIu64 ": the line is longer than %s; its last %" PRIu64 " bytes were cut off", name,
        line->number, max_line, line->cut_bytes);
}

static int push_line(struct push *push, const struct line *line, const char *name, struct err *err)
{
    push->line_count++;
    if (line->cut_bytes > 0)
        tell_cut(push, line, name);
    if (push->conf.batch_bytes > 0)
        return add_to_batch(push, line, err);
    return uplink_send(push->uplink, line->bytes, line->len, err);
}

static int push_lines(struct push *push, const char *name, struct err *err)
{
    struct line line;

    while (line_reader_next(&push->reader, &line))
        if (push_line(push, &line, name, err) < 0)
            return -1;
    return 0;
}

/* ---- input ------------------------------------------------------------------ */

static int make_room(struct push *push, struct err *err)
{
    if (line_reader_room_bytes(&push->reader) >= READ_ROOM_BYTES)
        return 0;
    if (send_batch(push, err) < 0 || uplink_await_chunk(push->uplink, err) < 0)
        return -1;
    chunks_turn(push->chunks);
    line_reader_move(&push->reader, chunks_bytes(push->chunks));
    return 0;
}

static bool would_block(int fd)
{
    struct pollfd input = {.fd = fd, .events = POLLIN};

    return poll(&input, 1, 0) == 0;
}

/* One read and what follows from it. *more_out is false at the end of the input. */
static int push_some(struct push *push, int fd, const char *name, bool *more_out, struct err *err)
{
    ssize_t count;

    *more_out = true;
    if (push->batch && would_block(fd) && send_batch(push, err) < 0)
        return -1;
    if (make_room(push, err) < 0 || uplink_await_input(push->uplink, fd, err) < 0)
        return -1;
    if (uplink_signal(push->uplink) != 0) {
        *more_out = false;
        return 0;
    }
    count = read(fd, line_reader_room(&push->reader), line_reader_room_bytes(&push->reader));
    if (count > 0) {
        line_reader_filled(&push->reader, (size_t)count);
        return push_lines(push, name, err);
    }
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (count < 0) {
        say("cannot read %s: %s", name, strerror(errno));
        push->incomplete = true;
    }
    *more_out = false;
    return 0;
}

/* The begun line counts at the end of a file; after a signal it may be torn, and goes. */
static int end_input(struct push *push, const char *name, struct err *err)
{
    struct line line;

    if (line_reader_end(&push->reader, &line) && uplink_signal(push->uplink) == 0 &&
        push_line(push, &line, name, err) < 0)
        return -1;
    if (push->cut_lines > CUTS_TOLD)
        say("%s: %" PRIu64 " more lines were cut", name, push->cut_lines - CUTS_TOLD);
    push->cut_lines = 0;
    return 0;
}

static int push_fd(struct push *push, int fd, const char *name, struct err *err)
{
    bool more = true;

    while (more)
        if (push_some(push, fd, name, &more, err) < 0)
            return -1;
    return end_input(push, name, err);
}

static int push_input(struct push *push, const char *path, struct err *err)
{
    int fd, result;

    if (strcmp(path, "-") == 0)
        return push_fd(push, STDIN_FILENO, "standard input", err);

    /* Not blocking: a FIFO without a writer must not keep signals from us. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        say("cannot open '%s': %s", path, strerror(errno));
        push->incomplete = true;
        return 0;
    }
    result = push_fd(push, fd, path, err);
    close(fd);
    return result;
}

static int push_inputs(struct push *push, struct err *err)
{
    if (push->conf.path_count == 0)
        return push_input(push, "-", err);
    for (int i = 0; i < push->conf.path_count && uplink_signal(push->uplink) == 0; i++)
        if (push_input(push, push->conf.paths[i], err) < 0)
            return -1;
    return 0;
}

/* ---- the whole -------------------------------------------------------------- */

static int push_open(struct push *push, struct err *err)
{
    const struct push_conf *conf = &push->conf;
    struct uplink_conf uplink_conf = {.address = conf->address,
                                      .timeout_ms = (int64_t)conf->timeout_ms,
                                      .encryption = conf->encryption};
    size_t longest =
        conf->batch_bytes > conf->max_line_bytes ? conf->batch_bytes : conf->max_line_bytes;

    signal(SIGPIPE, SIG_IGN);
    uplink_conf.signal_fd = push->signal_fd = signals_open(err);
    if (push->signal_fd < 0)
        return -1;
    push->chunks = chunks_new(longest + READ_BYTES, err);
    if (!push->chunks)
        return -1;
    push->uplink = uplink_new(&uplink_conf, push->chunks, err);
    if (!push->uplink)
        return -1;
    line_reader_init(&push->reader, chunks_bytes(push->chunks), chunks_chunk_bytes(push->chunks),
                     conf->max_line_bytes);
    return 0;
}

static void push_close(struct push *push)
{
    uplink_free(&push->uplink);
    chunks_free(&push->chunks);
    if (push->signal_fd >= 0)
        close(push->signal_fd);
}

static void say_failed(const struct push *push, const char *why)
{
    const char *messages = push->conf.batch_bytes > 0 ? "batches" : "entries";

    if (push->line_count == 0)
        say("%s", why);
    else
        say("%s; %" PRIu64 " %s were handed over (of the last, some may not have arrived), "
            "%" PRIu64 " were not",
            why, uplink_handed_over_count(push->uplink), messages, uplink_held_count(push->uplink));
}

static int push_all(struct push *push)
{
    struct err err;
    bool failed = uplink_await_daemon(push->uplink, &err) < 0 || push_inputs(push, &err) < 0 ||
                  send_batch(push, &err) < 0 || uplink_drain(push->uplink, &err) < 0;

    if (failed)
        say_failed(push, err.text);
    if (uplink_signal(push->uplink) != 0)
        return EXIT_SIGNALLED + uplink_signal(push->uplink);
    if (failed)
        return EXIT_UNAVAILABLE;
    return push->incomplete || uplink_break_count(push->uplink) > 0 ? STATUS_INCOMPLETE
                                                                    : EXIT_SUCCESS;
}

static int refuse_usage(const struct err *err)
{
    say("%s; see 'logboom help push'", err->text);
    return EXIT_USAGE;
}

static int push_run(int argc, char **argv)
{
    struct push push = {.signal_fd = -1};
    struct err err;
    bool help = false;
    int status = EXIT_SYSTEM;

    if (push_options_parse(argc, argv, &push.conf, &help, &err) < 0)
        return refuse_usage(&err);
    if (help) {
        fputs(PUSH_HELP, stdout);
        return EXIT_SUCCESS;
    }
    if (push_open(&push, &err) < 0)
        say("%s", err.text);
    else if (uplink_connect(push.uplink, &err) < 0)
        status = refuse_usage(&err);
    else
        status = push_all(&push);
    push_close(&push);
    return status;
}

const struct command push_command = {
    .name = "push",
    .summary = "sends the lines of files or of standard input to the daemon",
    .help = PUSH_HELP,
    .run = push_run,
};
