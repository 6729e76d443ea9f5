/* Opening and closing a sink that connects; what happens in between is in remote.c. */
#include <stdlib.h>
#include <sys/random.h>

#include "conf/must.h"
#include "sink/remote.h"
#include "sink/transport.h"

enum { RETRY_MS_FIRST = 100 };

static void prepare(int fd, const void *context)
{
    const struct sink *sink = context;

    sink->remote->kind->prepare(fd, sink->conf);
}

static uint64_t any_seed(void)
{
    uint64_t seed = uv_hrtime();

    (void)!getrandom(&seed, sizeof seed, GRND_NONBLOCK);
    return seed;
}

static void init_remote(struct sink *sink)
{
    struct remote *remote = sink->remote;

    remote->dial = (struct dial){
        .loop = sink->loop,
        .address = &remote->address,
        .socket_type = remote->kind->socket_type,
        .timeout_ms = sink->conf->timeout.ms,
        .prepare = prepare,
        .prepare_context = sink,
        .on_done = remote_dialled,
        .context = sink,
    };
    dial_init(&remote->dial);
    backoff_init(&remote->backoff, RETRY_MS_FIRST, remote->kind->retry_ms_max, any_seed());
    uv_timer_init(sink->loop, &sink->alarm);
    uv_timer_init(sink->loop, &remote->ticker);
    remote->ticker.data = sink;
    sink->handles_open = 3;
}

static struct sink *make_sink(const struct conf_sink *conf, const struct sink_kind *kind,
                              uv_loop_t *loop, struct outbox *outbox)
{
    struct sink *sink = calloc(1, sizeof *sink);
    struct remote *remote = calloc(1, sizeof *remote);

    must(sink && remote);
    remote->kind = kind->remote;
    sink->conf = conf;
    sink->kind = kind;
    sink->outbox = outbox;
    sink->loop = loop;
    sink->fd = -1;
    sink->remote = remote;
    return sink;
}

static int find_way(struct sink *sink, struct err *err)
{
    const struct remote_kind *kind = sink->remote->kind;

    if (net_address_parse(sink->conf->address, kind->form, &sink->remote->address, err) < 0)
        return -1;
    return kind->transport && kind->transport->open ? kind->transport->open(sink, err) : 0;
}

struct sink *remote_open(const struct conf_sink *conf, const struct sink_kind *kind,
                         uv_loop_t *loop, struct outbox *outbox, struct err *err)
{
    struct sink *sink = make_sink(conf, kind, loop, outbox);

    if (find_way(sink, err) < 0) {
        free(sink->remote);
        free(sink);
        return NULL;
    }
    init_remote(sink);
    dial_start(&sink->remote->dial);
    return sink;
}

static void on_alarm_closed(uv_handle_t *handle)
{
    sink_handle_closed(container_of((uv_timer_t *)handle, struct sink, alarm));
}

static void on_ticker_closed(uv_handle_t *handle)
{
    sink_handle_closed(((uv_timer_t *)handle)->data);
}

static void on_dial_closed(void *context)
{
    sink_handle_closed(context);
}

void remote_close(struct sink *sink)
{
    const struct transport *transport = sink->remote->kind->transport;

    if (sink->state == SINK_IDLE)
        sink->remote->kind->engine->settle(sink);
    if (sink->state == SINK_IDLE && sink_is_drained(sink) && transport && transport->farewell)
        transport->farewell(sink);
    sink_drop_rest(sink);
    sink->state = SINK_CLOSING;
    remote_disconnect(sink);
    if (transport && transport->close)
        transport->close(sink);
    dial_close(&sink->remote->dial, on_dial_closed);
    uv_close((uv_handle_t *)&sink->alarm, on_alarm_closed);
    uv_close((uv_handle_t *)&sink->remote->ticker, on_ticker_closed);
}
