/* endpoint_parts.h - the inside of an endpoint: for endpoint.c and endpoint_open.c. */
#ifndef INGEST_ENDPOINT_PARTS_H
#define INGEST_ENDPOINT_PARTS_H

#include "ingest/endpoint.h"
#include "zeromq/listener.h"

struct endpoint {
    const struct conf_ingest *conf;
    struct endpoint_shared shared;
    struct decode_rules rules;
    struct endpoint_ledger ledger;
    struct zmq_watched watched;
    void *socket;
    struct gate_group *gate;
    struct listener *listeners;
    unsigned listener_count;
    bool watching;
    bool stopped;

    /* the message in hand; parked while `entry` is set between two turns */
    struct message *message;
    struct entry *entry;
    struct decode_cursor cursor;
};

/* endpoint_open.c: makes the socket and gives it the configured addresses. 0, or -1 and a
 * sentence, with the setting to blame; what was opened so far is in the endpoint. */
int endpoint_open_socket(struct endpoint *endpoint, struct err *err);
int endpoint_open_addresses(struct endpoint *endpoint, const void **setting_out, struct err *err);

#endif
