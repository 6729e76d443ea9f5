/* zap.c - the desk at which libzmq asks who may come in.
 *
 *     I/O thread                       inproc            the loop's turn
 *     HELLO, WELCOME, INITIATE ──► REQ … "1.0" id domain address identity CURVE key ──► list
 *     READY, or ERROR          ◄── REP … "1.0" id "200" or "400" text name ""       ◄──
 *
 * Every way to fail leads to "400" or to no answer, and a handshake without an answer never
 * ends; the gate closes it in time. */
#include "zeromq/zap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "conf/alloc.h"
#include "conf/must.h"
#include "zeromq/gate.h"

static const char address[] = "inproc://zeromq.zap.01";

enum { REQUESTS_PER_TURN = 64 };

/* The frames of a request, behind the number that ROUTER puts in front and an empty one. */
enum {
    FRAME_ROUTE,
    FRAME_EMPTY,
    FRAME_VERSION,
    FRAME_REQUEST,
    FRAME_DOMAIN,
    FRAME_ADDRESS,
    FRAME_IDENTITY,
    FRAME_MECHANISM,
    FRAME_KEY,
    FRAME_COUNT
};

struct zap_domain {
    char name[ZAP_DOMAIN_MAX + 1];
    struct curve_allow *allow;
};

struct zap {
    void *socket;
    struct zmq_watched watched;
    bool watching;
    struct zap_domain *domains;
    unsigned domain_count;
    struct zap_stats stats;
    struct zap_refusal refusal;
    bool any_refusal;
};

struct request {
    zmq_msg_t frames[FRAME_COUNT];
    unsigned count; /* FRAME_COUNT + 1: there were more */
};

/* ---- one question --------------------------------------------------------------------- */

static bool receive_frame(void *socket, zmq_msg_t *frame)
{
    int rc;

    do {
        rc = zmq_msg_recv(frame, socket, ZMQ_DONTWAIT);
    } while (rc < 0 && errno == EINTR);
    return rc >= 0;
}

/* All frames of one; those beyond what a question has are dropped. */
static bool receive(void *socket, struct request *request)
{
    zmq_msg_t frame;
    bool more = true, any = false;

    request->count = 0;
    zmq_msg_init(&frame);
    while (more && receive_frame(socket, &frame)) {
        any = true;
        more = zmq_msg_more(&frame);
        if (request->count < FRAME_COUNT) {
            zmq_msg_init(&request->frames[request->count]);
            zmq_msg_move(&request->frames[request->count], &frame);
        }
        request->count += request->count <= FRAME_COUNT;
    }
    zmq_msg_close(&frame);
    return any;
}

static void drop(struct request *request)
{
    for (unsigned i = 0; i < request->count && i < FRAME_COUNT; i++)
        zmq_msg_close(&request->frames[i]);
}

static bool frame_is(struct request *request, unsigned at, const char *text)
{
    zmq_msg_t *frame = &request->frames[at];

    return zmq_msg_size(frame) == strlen(text) &&
           memcmp(zmq_msg_data(frame), text, strlen(text)) == 0;
}

static void copy_frame(struct request *request, unsigned at, char *text, size_t size)
{
    size_t len = zmq_msg_size(&request->frames[at]);

    len = len < size - 1 ? len : size - 1;
    memcpy(text, zmq_msg_data(&request->frames[at]), len);
    text[len] = '\0';
}

/* As RFC 27 says, and for CURVE. */
static bool is_well_formed(struct request *request)
{
    return request->count == FRAME_COUNT && zmq_msg_size(&request->frames[FRAME_EMPTY]) == 0 &&
           frame_is(request, FRAME_VERSION, "1.0") && frame_is(request, FRAME_MECHANISM, "CURVE") &&
           zmq_msg_size(&request->frames[FRAME_KEY]) == CURVE_KEY_BYTES;
}

/* ---- the answer ------------------------------------------------------------------------- */

static struct zap_domain *find_domain(const struct zap *zap, const char *name, size_t len)
{
    for (unsigned i = 0; i < zap->domain_count; i++) {
        if (strlen(zap->domains[i].name) == len && memcmp(zap->domains[i].name, name, len) == 0)
            return &zap->domains[i];
    }
    return NULL;
}

/* The connection that is asked about, where the gate knows it. */
static bool find_caller(struct request *request, struct gate_caller *caller_out)
{
    char text[64];

    copy_frame(request, FRAME_ADDRESS, text, sizeof text);
    return gate_find_caller(text, caller_out);
}

static void note_refusal(struct zap *zap, struct request *request, const struct curve_key *key)
{
    struct zap_refusal *refusal = &zap->refusal;
    struct gate_caller caller;

    zap->any_refusal = true;
    refusal->key = *key;
    copy_frame(request, FRAME_DOMAIN, refusal->domain, sizeof refusal->domain);
    if (find_caller(request, &caller))
        gate_show_caller(&caller, refusal->address);
    else
        copy_frame(request, FRAME_ADDRESS, refusal->address, sizeof refusal->address);
}

/* Before it is let in, so that the key can be taken back from then on. */
static void note_key(struct request *request, const struct curve_key *key)
{
    struct gate_caller caller;

    if (find_caller(request, &caller))
        gate_note_key(&caller, key->bytes);
}

/* The client's name; NULL: it may not come in. */
static const char *judge(struct zap *zap, struct request *request)
{
    zmq_msg_t *domain_frame = &request->frames[FRAME_DOMAIN];
    const struct zap_domain *domain;
    struct curve_key key;
    const char *name;

    if (!is_well_formed(request))
        return NULL;
    domain = find_domain(zap, zmq_msg_data(domain_frame), zmq_msg_size(domain_frame));
    if (!domain)
        return NULL;
    memcpy(key.bytes, zmq_msg_data(&request->frames[FRAME_KEY]), CURVE_KEY_BYTES);
    name = curve_allow_find(domain->allow, &key);
    if (name)
        note_key(request, &key);
    else
        note_refusal(zap, request, &key);
    return name;
}

static bool send_text(void *socket, const char *text, int flags)
{
    return zmq_send(socket, text, strlen(text), flags | ZMQ_DONTWAIT) >= 0;
}

/* What libzmq then says of each message of that client, as "User-Id": key and name. */
static bool send_user(struct zap *zap, struct request *request, const char *name)
{
    char user[CURVE_KEY_CHARS + 1 + CURVE_NAME_MAX + 1] = "";
    struct curve_key key;

    if (name) {
        memcpy(key.bytes, zmq_msg_data(&request->frames[FRAME_KEY]), CURVE_KEY_BYTES);
        curve_key_show(&key, user);
        snprintf(user + CURVE_KEY_CHARS, sizeof user - CURVE_KEY_CHARS, " %s", name);
    }
    return send_text(zap->socket, user, ZMQ_SNDMORE);
}

/* One that cannot be sent is for a client that has left. */
static void answer(struct zap *zap, struct request *request, const char *name)
{
    static const unsigned returned[] = {FRAME_ROUTE, FRAME_EMPTY, FRAME_VERSION, FRAME_REQUEST};
    bool sent = true;

    for (unsigned i = 0; sent && i < sizeof returned / sizeof returned[0]; i++)
        sent = zmq_msg_send(&request->frames[returned[i]], zap->socket,
                            ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0;
    sent = sent && send_text(zap->socket, name ? "200" : "400", ZMQ_SNDMORE) &&
           send_text(zap->socket, name ? "OK" : "this key is not let in", ZMQ_SNDMORE) &&
           send_user(zap, request, name) && send_text(zap->socket, "", 0);
    zap->stats.let_in += sent && name;
    zap->stats.refused += !sent || !name;
}

/* Without so much as a number there is nobody to answer. */
static void serve_one(struct zap *zap, struct request *request)
{
    const char *name = judge(zap, request);

    if (request->count > FRAME_REQUEST)
        answer(zap, request, name);
    else
        zap->stats.refused++;
}

void zap_serve(struct zap *zap)
{
    struct request request;
    unsigned served = 0;

    while (served < REQUESTS_PER_TURN && receive(zap->socket, &request)) {
        serve_one(zap, &request);
        drop(&request);
        served++;
    }
}

/* ---- its life ----------------------------------------------------------------------------- */

static void on_turn(struct zmq_watched *watched)
{
    zap_serve(container_of(watched, struct zap, watched));
}

/* No mark: libzmq asks once for each connection, and the gate counts those. */
static int open_socket(struct zap *zap, void *zmq_context, struct err *err)
{
    const int none = 0;

    zap->socket = zmq_socket(zmq_context, ZMQ_ROUTER);
    if (!zap->socket || zmq_setsockopt(zap->socket, ZMQ_LINGER, &none, sizeof none) < 0 ||
        zmq_setsockopt(zap->socket, ZMQ_RCVHWM, &none, sizeof none) < 0 ||
        zmq_setsockopt(zap->socket, ZMQ_SNDHWM, &none, sizeof none) < 0 ||
        zmq_bind(zap->socket, address) < 0)
        return err_set(err, "cannot answer ZeroMQ's questions who may come in (%s): %s", address,
                       zmq_strerror(errno));
    return 0;
}

struct zap *zap_open(void *zmq_context, struct zmq_watch *watch, struct err *err)
{
    struct zap *zap = alloc_zeroed(1, sizeof *zap);

    if (open_socket(zap, zmq_context, err) < 0 ||
        (watch && zmq_watch_add(watch, &zap->watched, zap->socket, on_turn, err) < 0))
        zap_free(&zap);
    else
        zap->watching = watch != NULL;
    return zap;
}

static void close_socket(struct zap *zap)
{
    if (zap->socket)
        zmq_close(zap->socket);
    zap->socket = NULL;
}

static void on_removed(struct zmq_watched *watched)
{
    struct zap *zap = container_of(watched, struct zap, watched);

    zap->watching = false;
    close_socket(zap);
}

void zap_stop(struct zap *zap)
{
    if (zap && zap->watching && zap->watched.watch && !zap->watched.on_removed)
        zmq_watch_remove(&zap->watched, on_removed);
}

void zap_free(struct zap **zap_address)
{
    struct zap *zap = *zap_address;

    *zap_address = NULL;
    if (!zap)
        return;
    must(!zap->watching);
    close_socket(zap);
    for (unsigned i = 0; i < zap->domain_count; i++)
        curve_allow_free(&zap->domains[i].allow);
    free(zap->domains);
    free(zap);
}

/* ---- who is let in -------------------------------------------------------------------------- */

struct curve_allow *zap_admit(struct zap *zap, const char *name, struct curve_allow *allow)
{
    struct curve_allow *before;
    struct zap_domain *domain = find_domain(zap, name, strlen(name));

    must(*name != '\0' && strlen(name) <= ZAP_DOMAIN_MAX); /* an empty one is never asked for */
    if (!domain) {
        zap->domains = alloc_room(zap->domains, zap->domain_count, sizeof(struct zap_domain));
        domain = &zap->domains[zap->domain_count++];
        *domain = (struct zap_domain){.allow = NULL};
        strcpy(domain->name, name);
    }
    before = domain->allow;
    domain->allow = allow;
    return before;
}

const char *zap_find(const struct zap *zap, const char *name, const struct curve_key *key)
{
    const struct zap_domain *domain = find_domain(zap, name, strlen(name));

    return domain ? curve_allow_find(domain->allow, key) : NULL;
}

/* ---- looking -------------------------------------------------------------------------------- */

void *zap_socket(struct zap *zap)
{
    return zap->socket;
}

struct zap_stats zap_stats(const struct zap *zap)
{
    return zap->stats;
}

bool zap_next_refusal(struct zap *zap, struct zap_refusal *refusal_out)
{
    if (!zap->any_refusal)
        return false;
    *refusal_out = zap->refusal;
    zap->any_refusal = false;
    return true;
}
