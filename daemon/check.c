/* check.c - `logboom check`: judges the configuration file as it is now.
 *
 * Reading a file takes memory that nobody has planned, and looking at its surroundings may take
 * time. So another process does it, `logboomd --check`, which is told what this one listens on;
 * this one only gathers what it says. One at a time. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/must.h"
#include "daemon/daemon_parts.h"
#include "sink/fd_watch.h"

enum { SAID_MAX = 16 * 1024, PATIENCE_MS = 30 * 1000 };

struct check {
    struct daemon *daemon;
    struct control_later later;
    uv_process_t process;
    uv_timer_t patience;
    unsigned handles_open;
    struct fd_watch *watch;
    int from; /* -1: closed */
    size_t len;
    char said[SAID_MAX];
};

/* ---- what it says ------------------------------------------------------------------------------
 */

static void stop_reading(struct check *check)
{
    fd_watch_close(&check->watch);
    if (check->from >= 0)
        close(check->from);
    check->from = -1;
}

/* Beyond what we keep it is read and forgotten. */
static void read_said(struct check *check)
{
    char more[4096];
    ssize_t got;

    while (check->from >= 0 && (got = read(check->from, more, sizeof more)) != 0) {
        size_t room = SAID_MAX - 1 - check->len;

        if (got < 0)
            return;
        memcpy(check->said + check->len, more, (size_t)got < room ? (size_t)got : room);
        check->len += (size_t)got < room ? (size_t)got : room;
    }
    stop_reading(check);
}

static void on_readable(void *context, int events)
{
    (void)events;
    read_said(context);
}

/* ---- its end -----------------------------------------------------------------------------------
 */

static void on_closed(uv_handle_t *handle)
{
    struct check *check = handle->data;

    if (--check->handles_open == 0)
        free(check);
}

static void close_handles(struct check *check)
{
    stop_reading(check);
    check->daemon->check = NULL;
    uv_close((uv_handle_t *)&check->process, on_closed);
    uv_close((uv_handle_t *)&check->patience, on_closed);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
    struct check *check = container_of(process, struct check, process);
    struct err err;

    read_said(check);
    check->said[check->len] = '\0';
    if (signal != 0)
        err_set(&err, "the check did not come to an end");
    else
        err_set(&err, "this configuration would be refused");
    control_finish(&check->later, status == EXIT_FINE && signal == 0 ? NULL : &err, check->said);
    close_handles(check);
}

/* Only what has begun: process 0 would be all of ours. */
static void kill_it(struct check *check)
{
    if (uv_is_active((uv_handle_t *)&check->process) && check->process.pid > 0)
        uv_process_kill(&check->process, SIGKILL);
}

static void on_patience_over(uv_timer_t *timer)
{
    kill_it(container_of(timer, struct check, patience));
}

void daemon_end_check(struct daemon *daemon)
{
    if (!daemon->check)
        return;
    kill_it(daemon->check);
    close_handles(daemon->check);
}

/* ---- its beginning -----------------------------------------------------------------------------
 */

/* What we listen on, as the configuration has it. */
static unsigned add_ours(const struct conf_strings *bind, const char **arguments, unsigned at)
{
    for (unsigned i = 0; i < bind->count; i++) {
        arguments[at++] = "--listening";
        arguments[at++] = bind->items[i];
    }
    return at;
}

static const char **make_arguments(const struct daemon *daemon)
{
    const struct conf *conf = daemon->conf;
    unsigned count = 10, at = 0;
    const char **arguments;

    for (unsigned i = 0; i < conf->ingest_count; i++)
        count += 2 * conf->ingest[i].bind.count;
    for (unsigned i = 0; i < conf->sink_count; i++)
        count += 2 * conf->sinks[i].bind.count;
    arguments = calloc(count, sizeof *arguments);
    must(arguments);
    arguments[at++] = "logboomd";
    arguments[at++] = "--check";
    arguments[at++] = "--config";
    arguments[at++] = daemon->conf_path;
    arguments[at++] = "--listening";
    arguments[at++] = conf->control.path;
    if (conf->metrics.listen) {
        arguments[at++] = "--listening";
        arguments[at++] = conf->metrics.listen;
    }
    for (unsigned i = 0; i < conf->ingest_count; i++)
        at = add_ours(&conf->ingest[i].bind, arguments, at);
    for (unsigned i = 0; i < conf->sink_count; i++)
        at = add_ours(&conf->sinks[i].bind, arguments, at);
    must(at < count);
    return arguments;
}

/* 0, or an error of libuv. */
static int spawn(struct check *check, int to)
{
    uv_stdio_container_t descriptors[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = to},
        {.flags = UV_INHERIT_FD, .data.fd = to},
    };
    const char **arguments = make_arguments(check->daemon);
    uv_process_options_t options = {.exit_cb = on_exit_of,
                                    .file = "/proc/self/exe",
                                    .args = (char **)arguments,
                                    .stdio_count = 3,
                                    .stdio = descriptors};
    int error = uv_spawn(&check->daemon->loop, &check->process, &options);

    free(arguments);
    return error;
}

/* Opens its handles; 0, or an error of libuv, and then it is on its way out. */
static int begin(struct check *check)
{
    uv_loop_t *loop = &check->daemon->loop;
    int ends[2] = {-1, -1}, error;
    int no_pipe = pipe2(ends, O_CLOEXEC) < 0 ? uv_translate_sys_error(errno) : 0;

    if (!no_pipe)
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
    check->from = ends[0];
    check->handles_open = 2;
    check->process.data = check->patience.data = check;
    must(uv_timer_init(loop, &check->patience) == 0);
    error = spawn(check, ends[1]); /* without a pipe it fails, and only opens the handle */
    if (no_pipe)
        error = no_pipe;
    if (ends[1] >= 0)
        close(ends[1]);
    if (error == 0)
        error = -fd_watch_open(&check->watch, loop, check->from, on_readable, check);
    if (error != 0)
        return error;
    fd_watch_for(check->watch, UV_READABLE);
    return uv_timer_start(&check->patience, on_patience_over, PATIENCE_MS, 0);
}

void daemon_check(void *context, const struct control_later *later)
{
    struct daemon *daemon = context;
    struct check *check;
    struct err err;
    int error;

    if (daemon->check) {
        err_set(&err, "a check is under way; ask again");
        control_finish(later, &err, "");
        return;
    }
    check = calloc(1, sizeof *check);
    must(check);
    check->daemon = daemon;
    check->later = *later;
    daemon->check = check;
    error = begin(check);
    if (error == 0)
        return;
    err_set(&err, "cannot start 'logboomd --check': %s", uv_strerror(error));
    control_finish(later, &err, "");
    daemon_end_check(daemon);
}
