/* zap.h - who answers libzmq's question whether a client may come in (ZAP, RFC 27).
 *
 * libzmq asks over inproc://zeromq.zap.01, once in each handshake, and waits for the answer
 * without holding up anybody. One desk answers for all sockets of a context: each has a domain
 * and a list; who is not on the list of that domain is refused, as is everything that is not
 * asked as RFC 27 says, for a domain that nobody opened, or with another mechanism than CURVE.
 * Messages of who is let in have the property User-Id then: `KEY NAME`.
 *
 * Make it before the first socket that depends on it. What is not answered yet is bounded by
 * the connections that the gate lets in. Loop thread only. */
#ifndef ZEROMQ_ZAP_H
#define ZEROMQ_ZAP_H

#include <stdbool.h>
#include <stdint.h>

#include "zeromq/curve_allow.h"
#include "zeromq/gate.h"
#include "zeromq/zmq_watch.h"

enum { ZAP_DOMAIN_MAX = 80 };

struct zap;

/* Answers from the loop's turns; `watch` may be NULL: then whoever has it calls zap_serve. NULL
 * and a sentence: another desk is there already. */
struct zap *zap_open(void *zmq_context, struct zmq_watch *watch, struct err *err);

/* From now on this domain lets in who is on the list, which it takes over. Returns the list that
 * it had before, which is the caller's now, or NULL. */
struct curve_allow *zap_admit(struct zap *zap, const char *domain, struct curve_allow *allow);

/* Whether this key would be let in: its client's name, or NULL. */
const char *zap_find(const struct zap *zap, const char *domain, const struct curve_key *key);

/* Answers what was asked, but no more than 64 questions. */
void zap_serve(struct zap *zap);
void *zap_socket(struct zap *zap);

struct zap_stats {
    uint64_t let_in;
    uint64_t refused; /* every other answer */
};
struct zap_stats zap_stats(const struct zap *zap);

/* The last client that was refused for its key since this was asked; false: none. */
struct zap_refusal {
    char domain[ZAP_DOMAIN_MAX + 1];
    char address[GATE_PEER_MAX]; /* "10.0.0.7", "pid 812 uid 1000" */
    struct curve_key key;
};
bool zap_next_refusal(struct zap *zap, struct zap_refusal *refusal_out);

/* Answers nobody any more. The loop must run once more before zap_free. */
void zap_stop(struct zap *zap);
void zap_free(struct zap **zap);

#endif
