#include "control/control.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/must.h"
#include "control/control_parts.h"
#include "status/status_json.h"

/* Newcomers taken in at once; and how often somebody looks who has used up our patience. */
enum { NEWCOMERS_A_TURN = 16, LOOK_MS = 250 };

/* For answers; of large configurations, a few at once. */
enum { OUT_BYTES = CONTROL_PLACES * CONTROL_STREAM_BYTES, LARGE_ANSWERS = 4 };

static size_t out_bytes(unsigned endpoints, unsigned sinks)
{
    size_t large = LARGE_ANSWERS * status_json_bytes(endpoints, sinks);

    return large > OUT_BYTES ? large : OUT_BYTES;
}

size_t control_bytes(unsigned endpoints, unsigned sinks)
{
    return sizeof(struct control) + json_doc_bytes(CONTROL_REQUEST_MAX) + sizeof(struct losses) +
           status_bytes(endpoints, sinks) + out_bytes(endpoints, sinks);
}

/* ---- the door ---------------------------------------------------------------------------------
 */

/* In one piece, which the kernel always has room for; then they may go. */
static void turn_away(int fd, const char *answer)
{
    ssize_t sent = send(fd, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL);

    (void)sent;
    close(fd);
}

static struct connection *free_place(struct control *control)
{
    for (unsigned i = 0; i < CONTROL_PLACES; i++) {
        if (control->places[i].state == CONNECTION_FREE)
            return &control->places[i];
    }
    return NULL;
}

static void let_in(struct control *control, int fd)
{
    enum control_right right = control_right_of(fd, control->group);

    if (right == CONTROL_NOBODY)
        turn_away(fd, "{\"ok\":false,\"error\":\"only root, the user that logboomd runs as and "
                      "members of control.group may ask\"}\n");
    else if (right < CONTROL_ACTS && control->in_use >= CONTROL_PLACES_FOR_ALL)
        turn_away(fd, "{\"ok\":false,\"error\":\"too many are asking; try again\"}\n");
    else
        connection_open(free_place(control), control, fd, right);
}

static void begin_looking(struct control *control)
{
    if (!uv_is_active((uv_handle_t *)&control->deadlines))
        uv_timer_start(&control->deadlines, control_on_look, LOOK_MS, LOOK_MS);
}

/* Whoever comes while all places are taken, or there is no descriptor, waits in the backlog. */
static void on_knock(void *context, int events)
{
    struct control *control = context;

    (void)events;
    for (unsigned i = 0; i < NEWCOMERS_A_TURN && control->in_use < CONTROL_PLACES; i++) {
        int fd = accept4(control->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0 && errno != EMFILE && errno != ENFILE)
            return; /* no more, or one that has left already */
        begin_looking(control);
        if (fd < 0) {
            fd_watch_for(control->door, 0);
            return;
        }
        let_in(control, fd);
    }
    if (control->in_use == CONTROL_PLACES)
        fd_watch_for(control->door, 0);
}

void control_place_is_free(struct control *control)
{
    if (control->is_open)
        fd_watch_for(control->door, UV_READABLE);
}

void control_on_look(uv_timer_t *timer)
{
    struct control *control = container_of(timer, struct control, deadlines);
    uint64_t now_ms = uv_now(timer->loop);
    bool any = false;

    for (unsigned i = 0; i < CONTROL_PLACES; i++) {
        struct connection *connection = &control->places[i];

        if (connection->state == CONNECTION_FREE)
            continue;
        if (connection_is_overdue(connection, now_ms))
            connection_close(connection);
        any = true;
    }
    if (control->in_use < CONTROL_PLACES)
        control_place_is_free(control); /* descriptors may have become free as well */
    if (!any)
        uv_timer_stop(timer);
}

/* ---- opening and closing ----------------------------------------------------------------------
 */

static int listen_on(const struct conf_control *conf, struct listener *listener, struct err *err)
{
    struct conf_ipc rights = {.mode = {conf->group ? 0660 : 0600}, .group = conf->group};
    struct address address = {.transport = ADDRESS_IPC}; /* the path may be a relative one */
    struct err why;

    snprintf(address.path, sizeof address.path, "%s", conf->path);
    if (listener_open(listener, &address, &rights, &why) < 0)
        return err_set(err, "control socket: %s", why.text);
    return 0;
}

int control_try(const struct conf_control *conf, struct err *err)
{
    struct listener listener;

    if (listen_on(conf, &listener, err) < 0)
        return -1;
    listener_close(&listener);
    return 0;
}

static gid_t group_of(const struct conf_control *conf)
{
    const struct group *group = conf->group ? getgrnam(conf->group) : NULL;

    return group ? group->gr_gid : (gid_t)-1;
}

static void open_timers(struct control *control)
{
    must(uv_timer_init(control->loop, &control->deadlines) == 0);
    must(uv_timer_init(control->loop, &control->watching) == 0);
    uv_unref((uv_handle_t *)&control->deadlines);
    uv_unref((uv_handle_t *)&control->watching);
}

struct control *control_open(const struct conf_control *conf, uv_loop_t *loop,
                             const struct control_actions *actions, struct err *err)
{
    struct control *control = calloc(1, sizeof *control);
    int error;

    must(control);
    control->actions = actions;
    control->loop = loop;
    control->group = group_of(conf);
    control->out_bytes_max = OUT_BYTES;
    control->request = json_doc_new(CONTROL_REQUEST_MAX);
    must(control->request);
    if (listen_on(conf, &control->listener, err) < 0) {
        control_free(&control);
        return NULL;
    }
    error = fd_watch_open(&control->door, loop, control->listener.fd, on_knock, control);
    if (error) {
        err_set(err, "control socket: cannot be watched: %s", strerror(error));
        listener_close(&control->listener);
        control_free(&control);
        return NULL;
    }
    open_timers(control);
    control->is_open = true;
    fd_watch_for(control->door, UV_READABLE);
    return control;
}

void control_plan_for(struct control *control, unsigned endpoints, unsigned sinks)
{
    control->out_bytes_max = out_bytes(endpoints, sinks);
}

void control_close(struct control *control)
{
    if (!control || !control->is_open)
        return;
    control->is_open = false;
    fd_watch_close(&control->door);
    listener_close(&control->listener);
    for (unsigned i = 0; i < CONTROL_PLACES; i++)
        connection_close(&control->places[i]);
    uv_close((uv_handle_t *)&control->deadlines, NULL);
    uv_close((uv_handle_t *)&control->watching, NULL);
}

void control_free(struct control **control_address)
{
    struct control *control = *control_address;

    *control_address = NULL;
    if (!control)
        return;
    must(!control->is_open);
    status_fini(&control->status);
    json_doc_free(&control->request);
    free(control);
}
