/* control.c - any bytes as a request on the control socket, through the one path that reads them.
 *
 * The answer is one line of JSON that says whether it is ok; and whatever the document is, to walk
 * through all of it reads nothing beyond it and comes to an end. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/must.h"
#include "control/control_parts.h"
#include "tests/unit/aggregate/json_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct losses losses;

static void gather(void *context, struct status *status)
{
    (void)context;
    status->stalled_by = -1;
}

static const struct losses *losses_of(void *context)
{
    (void)context;
    return &losses;
}

static void reopen(void *context)
{
    (void)context;
}

static int set_drops_all(void *context, const char *sink, bool drops_all, struct err *err)
{
    (void)context;
    (void)drops_all;
    must(strlen(sink) <= STATUS_NAME_MAX);
    return err_set(err, "there is no sink '%s'", sink);
}

static struct census census;

static struct census *census_of(void *context)
{
    (void)context;
    return &census;
}

static struct control_actions actions = {.gather = gather,
                                         .losses = losses_of,
                                         .census = census_of,
                                         .reopen = reopen,
                                         .set_drops_all = set_drops_all};

static struct control *control;
static uv_loop_t loop;
static struct budget budget;

enum { MAX_ENTRY = 64 * 1024 };

/* Nothing is ever taken, so there is nothing to replay. */
static void init_tail(void)
{
    struct tail_means means = {.loop = &loop, .max_entry = MAX_ENTRY};
    struct err err;

    budget_init(&budget, SIZE_MAX);
    means.recent = recent_new(&budget, MAX_ENTRY, &err);
    must(means.recent);
    actions.tail = tail_new(&means, &err);
    must(actions.tail);
}

static void init(void)
{
    if (control)
        return;
    control = calloc(1, sizeof *control);
    must(control && uv_loop_init(&loop) == 0);
    control->actions = &actions;
    control->loop = &loop;
    control->out_bytes_max = (size_t)1 << 20;
    control->request = json_doc_new(CONTROL_REQUEST_MAX);
    must(uv_timer_init(&loop, &control->watching) == 0);
    census_init(&census, 16);
    init_tail();
}

static void walk(struct json_doc *doc, uint32_t value, unsigned depth)
{
    struct json_each each = {0};
    char text[16];
    uint64_t number;

    must(depth <= 64);
    json_doc_text(doc, value, text, sizeof text);
    json_doc_number(doc, value, &number);
    while (json_doc_each(doc, value, &each)) {
        json_doc_text(doc, each.name, text, sizeof text);
        walk(doc, each.value, depth + 1);
    }
}

static void check_answer(int fd)
{
    static char answer[64 * 1024];
    ssize_t got = recv(fd, answer, sizeof answer, MSG_DONTWAIT);

    must(got > 0 && answer[got - 1] == '\n');
    must(memchr(answer, '\n', (size_t)got) == answer + got - 1);
    must(json_value(answer, answer + got - 1) == answer + got - 1);
    must(strncmp(answer, "{\"ok\":", 6) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    int ends[2];

    if (len > CONTROL_REQUEST_MAX)
        return 0;
    init();
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    connection_open(&control->places[0], control, ends[0], CONTROL_ACTS);
    control->places[0].until_ms = 0;
    control_serve(&control->places[0], (const char *)data, len);
    if (control->places[0].state == CONNECTION_STREAMING)
        connection_send(&control->places[0]); /* what a turn would do */
    check_answer(ends[1]);
    connection_close(&control->places[0]); /* of a stream */
    close(ends[1]);
    uv_run(&loop, UV_RUN_NOWAIT);
    if (json_doc_read(control->request, (const char *)data, len))
        walk(control->request, JSON_ROOT, 0);
    return 0;
}
