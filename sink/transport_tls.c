/* Encrypted bytes. A connection is one when its handshake is done: that has as long as `timeout`,
 * and what goes wrong with it is told as what goes wrong with a connect.
 *
 * In TLS 1.3 our side of the handshake is done before the receiver has looked at our certificate.
 * What is sent by then, its kernel acknowledges, and nobody reads where the certificate is refused.
 * So a receiver that asks for one is waited for, until it says something, as most do at once (a
 * session ticket), or has said nothing for a second. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/log.h"
#include "conf/must.h"
#include "sink/remote.h"
#include "sink/tls_link.h"

enum { VERDICT_MS = 1000 };

struct tls {
    struct tls_context context;
    bool is_greeted; /* our handshake is done, and we wait for the verdict */
    struct tls_link link;
};

static struct tls_link *link_of(const struct sink *sink)
{
    return &sink->remote->tls->link;
}

/* ---- the handshake ----------------------------------------------------------------------------
 */

static void refuse(struct sink *sink, int error, const char *why)
{
    struct err sentence;

    err_set(&sentence, "cannot connect to '%s': %s", sink_target(sink), why);
    remote_refused(sink, error, sentence.text);
}

static void on_late(uv_timer_t *timer)
{
    struct sink *sink = timer->data;
    struct err why;

    err_set(&why, "the TLS handshake was not done after %.1f s",
            (double)sink->conf->timeout.ms / 1000);
    refuse(sink, ETIMEDOUT, why.text);
}

static void be_connected(struct sink *sink)
{
    uv_timer_stop(&sink->remote->ticker);
    fd_watch_close(&sink->remote->watch);
    remote_connected(sink);
}

static void on_silent(uv_timer_t *timer)
{
    be_connected(timer->data);
}

static void await_verdict(struct sink *sink)
{
    struct tls *tls = sink->remote->tls;
    uint64_t ms = sink->conf->timeout.ms;

    tls->is_greeted = true;
    uv_timer_start(&sink->remote->ticker, on_silent, ms < VERDICT_MS ? ms : VERDICT_MS, 0);
    fd_watch_for(sink->remote->watch, UV_READABLE);
}

static enum transport_word receive_all(struct tls_link *link)
{
    enum transport_word word = TRANSPORT_MORE;

    for (unsigned i = 0; word == TRANSPORT_MORE && i < 16; i++)
        word = tls_link_receive(link);
    return word;
}

static enum transport_word go_on(struct sink *sink)
{
    struct tls *tls = sink->remote->tls;
    enum transport_word word;

    if (!tls->is_greeted) {
        word = tls_link_greet(&tls->link);
        if (word != TRANSPORT_MORE || tls_link_is_judged(&tls->link))
            return word;
        await_verdict(sink);
    }
    word = receive_all(&tls->link);
    tls_link_push(&tls->link);
    return word == TRANSPORT_DRY && tls_link_is_judged(&tls->link) ? TRANSPORT_MORE : word;
}

static void on_greeting(void *context, int events)
{
    struct sink *sink = context;
    struct tls_link *link = link_of(sink);

    (void)events;
    switch (go_on(sink)) {
    case TRANSPORT_MORE:
        be_connected(sink);
        return;
    case TRANSPORT_DRY:
        fd_watch_for(sink->remote->watch,
                     link->held_len > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE);
        return;
    case TRANSPORT_CLOSED:
        refuse(sink, EPROTO, "it has closed the connection during the TLS handshake");
        return;
    case TRANSPORT_BROKEN:
        refuse(sink, errno, link->why.text);
        return;
    }
}

static void tls_greet(struct sink *sink)
{
    struct remote *remote = sink->remote;
    int error = fd_watch_open(&remote->watch, sink->loop, sink->fd, on_greeting, sink);

    remote->tls->is_greeted = false;
    if (error) {
        refuse(sink, error, strerror(error));
        return;
    }
    if (tls_link_begin(link_of(sink), &remote->tls->context, sink->fd) < 0) {
        refuse(sink, ENOMEM, link_of(sink)->why.text);
        return;
    }
    uv_timer_start(&remote->ticker, on_late, sink->conf->timeout.ms, 0);
    on_greeting(sink, 0);
}

/* ---- the rest ----------------------------------------------------------------------------------
 */

static ssize_t tls_send(struct sink *sink)
{
    return tls_link_send(link_of(sink), sink->vectors, sink->vector_count);
}

static enum transport_word tls_push(struct sink *sink)
{
    return tls_link_push(link_of(sink));
}

static enum transport_word tls_receive(struct sink *sink)
{
    return tls_link_receive(link_of(sink));
}

static uint64_t tls_count_under_way(struct sink *sink)
{
    return tls_link_under_way(link_of(sink));
}

static const char *tls_why(const struct sink *sink, int error)
{
    (void)error;
    return link_of(sink)->why.text;
}

static void tls_farewell(struct sink *sink)
{
    receive_all(link_of(sink)); /* what is unread would make the close a reset */
    tls_link_farewell(link_of(sink));
}

static void tls_end(struct sink *sink)
{
    tls_link_end(link_of(sink));
}

static int tls_open(struct sink *sink, struct err *err)
{
    struct tls *tls = calloc(1, sizeof *tls);
    const void *setting;

    must(tls);
    if (tls_context_init(&tls->context, sink->conf, sink->remote->address.host, &setting, err) <
        0) {
        free(tls);
        return -1;
    }
    sink->remote->tls = tls;
    if (sink->conf->tls.verify == CONF_VERIFY_OFF)
        log_line(LOG_LEVEL_WARNING,
                 "sink %s: verify is off: whoever answers at '%s' gets everything",
                 sink->conf->name, sink_target(sink));
    return 0;
}

static void tls_close(struct sink *sink)
{
    tls_context_fini(&sink->remote->tls->context);
    free(sink->remote->tls);
    sink->remote->tls = NULL;
}

const struct transport transport_tls = {
    .open = tls_open,
    .greet = tls_greet,
    .send = tls_send,
    .push = tls_push,
    .receive = tls_receive,
    .count_under_way = tls_count_under_way,
    .why = tls_why,
    .farewell = tls_farewell,
    .end = tls_end,
    .close = tls_close,
};
