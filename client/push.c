/* push.c - `logboom push`: lines of files or standard input to the daemon.
 *
 * Reads the inputs one after the other, or with --follow all of them as they grow (follow.c). What
 * becomes of the bytes is the shipment's part. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/chunks.h"
#include "client/command.h"
#include "client/follow.h"
#include "client/progress.h"
#include "client/push_options.h"
#include "client/say.h"
#include "client/shipment.h"
#include "client/signals.h"
#include "client/uplink.h"

enum { STATUS_INCOMPLETE = 1 };

struct push {
    struct push_conf conf;
    int signal_fd;
    struct chunks *chunks;
    struct uplink *uplink;
    struct shipment shipment;
    struct progress progress;
    bool incomplete; /* an input could not be read */
};

/* ---- input ------------------------------------------------------------------ */

static bool would_block(int fd)
{
    struct pollfd input = {.fd = fd, .events = POLLIN};

    return poll(&input, 1, 0) == 0;
}

/* What can be read now, or 0 at the end of the input. */
static size_t read_input(struct push *push, int fd, const char *name, bool *more_out)
{
    struct line_reader *reader = &push->shipment.reader;
    ssize_t count = read(fd, line_reader_room(reader), line_reader_room_bytes(reader));

    *more_out = count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
    if (count < 0 && !*more_out) {
        say("cannot read %s: %s", name, strerror(errno));
        push->incomplete = true;
    }
    return count > 0 ? (size_t)count : 0;
}

/* One read and what follows from it. *more_out is false at the end of the input. */
static int push_some(struct push *push, int fd, const char *name, bool *more_out, struct err *err)
{
    struct shipment *shipment = &push->shipment;
    size_t bytes_read;

    *more_out = false;
    if (shipment_has_batch(shipment) && would_block(fd) && shipment_send_batch(shipment, err) < 0)
        return -1;
    if (shipment_make_room(shipment, err) < 0 || uplink_await_input(push->uplink, fd, err) < 0)
        return -1;
    if (uplink_signal(push->uplink) != 0)
        return 0;
    bytes_read = read_input(push, fd, name, more_out);
    if (bytes_read == 0)
        return 0;
    progress_add(&push->progress, bytes_read);
    return shipment_take(shipment, bytes_read, name, err);
}

/* The begun line counts at the end of a file; after a signal it may be torn, and goes. */
static int push_fd(struct push *push, int fd, const char *name, struct err *err)
{
    bool more = true;

    while (more)
        if (push_some(push, fd, name, &more, err) < 0)
            return -1;
    return shipment_end_input(&push->shipment, name, uplink_signal(push->uplink) == 0, err);
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

static int follow_inputs(struct push *push, struct err *err)
{
    struct follow *follow = follow_new(push->conf.paths, push->conf.path_count, push->conf.new_only,
                                       &push->shipment, err);
    int result = follow ? follow_run(follow, err) : -1;

    follow_free(&follow);
    return result;
}

/* ---- how far is it ------------------------------------------------------------ */

/* Adds the size of an input. False: it may be of any size. */
static bool add_size(const char *path, uint64_t *total, bool *is_typed)
{
    bool is_standard = strcmp(path, "-") == 0;
    struct stat st;

    *is_typed = *is_typed || (is_standard && isatty(STDIN_FILENO));
    if ((is_standard ? fstat(STDIN_FILENO, &st) : stat(path, &st)) < 0)
        return true; /* nothing will come from it */
    *total += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    return S_ISREG(st.st_mode);
}

/* Not while somebody types what is sent. */
static void begin_progress(struct push *push)
{
    bool is_known = true, is_typed = false;
    uint64_t total = 0;

    if (push->conf.quiet || push->conf.follow || !progress_is_possible())
        return;
    if (push->conf.path_count == 0)
        is_known = add_size("-", &total, &is_typed);
    for (int i = 0; i < push->conf.path_count; i++)
        is_known = add_size(push->conf.paths[i], &total, &is_typed) && is_known;
    if (!is_typed)
        progress_begin(&push->progress, is_known ? total : 0);
}

/* ---- the whole -------------------------------------------------------------- */

static int push_open(struct push *push, struct err *err)
{
    const struct push_conf *conf = &push->conf;
    struct uplink_conf uplink_conf = {.address = conf->address,
                                      .timeout_ms = (int64_t)conf->timeout_ms,
                                      .encryption = conf->encryption};

    signal(SIGPIPE, SIG_IGN);
    uplink_conf.signal_fd = push->signal_fd = signals_open(err);
    if (push->signal_fd < 0)
        return -1;
    push->chunks = chunks_new(shipment_chunk_bytes(&conf->shipment), err);
    if (!push->chunks)
        return -1;
    push->uplink = uplink_new(&uplink_conf, push->chunks, err);
    if (!push->uplink)
        return -1;
    return shipment_init(&push->shipment, &conf->shipment, push->chunks, push->uplink, err);
}

static void push_close(struct push *push)
{
    shipment_fini(&push->shipment);
    uplink_free(&push->uplink);
    chunks_free(&push->chunks);
    if (push->signal_fd >= 0)
        close(push->signal_fd);
}

static void say_failed(const struct push *push, const char *why)
{
    const char *messages = push->conf.shipment.batch_bytes > 0 ? "batches" : "entries";

    if (push->shipment.line_count == 0)
        say("%s", why);
    else
        say("%s; %" PRIu64 " %s were handed over (of the last, some may not have arrived), "
            "%" PRIu64 " were not",
            why, uplink_handed_over_count(push->uplink), messages, uplink_held_count(push->uplink));
}

static void say_replaced(const struct push *push)
{
    if (push->shipment.replaced_count > 0)
        say("%" PRIu64 " lines had bytes that are no UTF-8, which JSON cannot carry; each of "
            "them became U+FFFD",
            push->shipment.replaced_count);
}

static int push_and_drain(struct push *push, struct err *err)
{
    int result;

    if (uplink_await_daemon(push->uplink, err) < 0)
        return -1;
    begin_progress(push);
    result = push->conf.follow ? follow_inputs(push, err) : push_inputs(push, err);
    if (result == 0 &&
        (shipment_send_batch(&push->shipment, err) < 0 || uplink_drain(push->uplink, err) < 0))
        result = -1;
    progress_end(&push->progress);
    return result;
}

static bool is_incomplete(const struct push *push)
{
    return push->incomplete || push->shipment.incomplete || uplink_break_count(push->uplink) > 0;
}

static int push_all(struct push *push)
{
    struct err err;
    bool failed = push_and_drain(push, &err) < 0;

    say_replaced(push);
    if (failed)
        say_failed(push, err.text);
    if (uplink_signal(push->uplink) != 0)
        return EXIT_SIGNALLED + uplink_signal(push->uplink);
    if (failed)
        return EXIT_UNAVAILABLE;
    return is_incomplete(push) ? STATUS_INCOMPLETE : EXIT_SUCCESS;
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
