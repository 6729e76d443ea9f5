/* endpoint_admit.c - who may come in to an endpoint: at the start, and from then on. */
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "conf/must.h"
#include "ingest/endpoint_parts.h"
#include "zeromq/curve.h"
#include "zeromq/listener_keys.h"

const char *endpoint_zap_domain(const struct conf_ingest *conf, char text[ZAP_DOMAIN_MAX + 1])
{
    snprintf(text, ZAP_DOMAIN_MAX + 1, "ingest/%s", conf->name);
    return text;
}

static bool encrypts(const struct endpoint *endpoint)
{
    return endpoint->conf->curve.encryption == CONF_ENCRYPTION_CURVE;
}

/* ---- the start ------------------------------------------------------------------------------ */

static int guard_bound(struct endpoint *endpoint, const void **setting_out, struct err *err)
{
    const struct conf_ingest *conf = endpoint->conf;
    struct admission *admission = admission_new(&conf->curve, &conf->ipc, setting_out, err);
    char domain[ZAP_DOMAIN_MAX + 1];
    struct curve_allow *before;
    unsigned cut = 0;

    endpoint->admission = admission;
    if (!admission ||
        admission_pick_users(admission, endpoint->gate, endpoint->socket, &cut, err) < 0)
        return -1;
    if (!encrypts(endpoint))
        return 0;
    must(endpoint->shared.zap);
    before = zap_admit(endpoint->shared.zap, endpoint_zap_domain(conf, domain), admission->allow);
    curve_allow_free(&before); /* of one that had the name before */
    admission->allow = NULL;
    *setting_out = &conf->curve.key;
    return curve_serve_as(endpoint->socket, &admission->keys[0], domain, err);
}

int endpoint_guard(struct endpoint *endpoint, const void **setting_out, struct err *err)
{
    const struct conf_ingest *conf = endpoint->conf;

    if (conf->bind.count > 0)
        return guard_bound(endpoint, setting_out, err);
    return encrypts(endpoint) ? curve_connect(endpoint->socket, &conf->curve, setting_out, err) : 0;
}

static int add_keys(struct endpoint *endpoint, struct listener *listeners, unsigned count,
                    const struct admission *admission, struct err *err)
{
    char domain[ZAP_DOMAIN_MAX + 1];

    return listener_keys_add(listeners, count, endpoint->socket, endpoint->gate, admission,
                             endpoint_zap_domain(endpoint->conf, domain), err);
}

int endpoint_attach(struct endpoint *endpoint, struct err *err)
{
    struct listener *listener = &endpoint->listeners[endpoint->listener_count - 1];

    if (encrypts(endpoint))
        return add_keys(endpoint, listener, 1, endpoint->admission, err);
    return listener_attach(listener, endpoint->socket, endpoint->gate, err) < 0 ? -1 : 0;
}

/* ---- from then on -----------------------------------------------------------------------------
 */

struct lists {
    const struct curve_allow *before, *now;
};

/* Whose the key was, if it is good no more. */
static const char *name_if_gone(void *context, const unsigned char key_bytes[GATE_KEY_BYTES])
{
    const struct lists *lists = context;
    struct curve_key key;
    const char *name;

    memcpy(key.bytes, key_bytes, sizeof key.bytes);
    if (curve_allow_find(lists->now, &key))
        return NULL;
    name = lists->before ? curve_allow_find(lists->before, &key) : NULL;
    return name ? name : "a client";
}

/* The list first: who asks from here on is told by the new one, and who was let in is noted. */
static void change_list(struct endpoint *endpoint, struct admission *admission, const char *domain,
                        struct admission_change *change)
{
    struct curve_allow *now = admission->allow;
    struct curve_allow *before = zap_admit(endpoint->shared.zap, domain, now);
    struct lists lists = {before, now};

    admission->allow = NULL;
    admission_compare(before, now, change);
    change->cut += gate_cut_keys(endpoint->gate, name_if_gone, &lists);
    curve_allow_free(&before);
}

/* What it binds: nothing once it has stopped. */
static bool lets_in(const struct endpoint *endpoint)
{
    return endpoint->listener_count > 0 && !endpoint->stopped;
}

int endpoint_prepare_admission(struct endpoint *endpoint, struct admission **admission,
                               struct err *err)
{
    must(!endpoint->admission);
    if (lets_in(endpoint) && encrypts(endpoint) != ((*admission)->key_count > 0))
        return err_set(err, "endpoint '%s' cannot begin or end to encrypt while it runs",
                       endpoint->conf->name);
    if (lets_in(endpoint) && encrypts(endpoint) &&
        add_keys(endpoint, endpoint->listeners, endpoint->listener_count, *admission, err) < 0)
        return -1;
    endpoint->admission = *admission;
    *admission = NULL;
    return 0;
}

void endpoint_forget_admission(struct endpoint *endpoint)
{
    if (endpoint->admission && lets_in(endpoint) && encrypts(endpoint))
        listener_keys_undo(endpoint->listeners, endpoint->listener_count);
    admission_free(&endpoint->admission);
}

void endpoint_admit(struct endpoint *endpoint, struct admission_change *change_out)
{
    struct admission_change change = {.cut = 0};
    char domain[ZAP_DOMAIN_MAX + 1];

    must(endpoint->admission);
    if (lets_in(endpoint) && encrypts(endpoint)) {
        listener_keys_settle(endpoint->listeners, endpoint->listener_count, endpoint->admission,
                             &change);
        change_list(endpoint, endpoint->admission, endpoint_zap_domain(endpoint->conf, domain),
                    &change);
    }
    if (lets_in(endpoint) && gate_is_on())
        admission_pick_users(endpoint->admission, endpoint->gate, endpoint->socket, &change.cut,
                             NULL);
    admission_free(&endpoint->admission);
    *change_out = change;
}
