#include "ingest/stamp.h"

#include <stdio.h>
#include <string.h>

#include "conf/must.h"

/* ---- what is the same in each message ------------------------------------------------------ */

static uint32_t put(struct stamp *stamp, const char *text, size_t len)
{
    uint32_t offset = stamp->same_len;

    must(offset + len <= STAMP_SAME_MAX);
    memcpy(stamp->bytes + offset, text, len);
    stamp->same_len += (uint32_t)len;
    return offset;
}

static struct span put_text(struct stamp *stamp, const char *text)
{
    size_t len = strlen(text);

    return span_scan(stamp->bytes, put(stamp, text, len), (uint32_t)len);
}

static struct span put_name(struct stamp *stamp, const char *text)
{
    size_t len = strlen(text);

    return span_scan_key(stamp->bytes, put(stamp, text, len), (uint32_t)len);
}

static void put_fields(struct stamp *stamp, const struct conf_pairs *fields)
{
    must(fields->count <= CONF_FIELDS_MAX);
    for (unsigned i = 0; i < fields->count; i++) {
        stamp->fields[i].key = put_name(stamp, fields->items[i].name);
        stamp->fields[i].value = put_text(stamp, fields->items[i].value);
    }
    stamp->field_count = fields->count;
}

/* Who sends over a socket file is on this machine. */
static void put_host(struct stamp *stamp)
{
    char text[OWN_HOST_ROOM];

    own_host(text);
    stamp->own_host = put_text(stamp, text);
    for (unsigned i = 0; i < STAMP_HOST_NAMES; i++) {
        snprintf(text, sizeof text, "host.%u", i + 2);
        stamp->host_names[i] = put_name(stamp, text);
    }
}

void stamp_init(struct stamp *stamp, const struct conf_ingest *conf, struct peers *peers)
{
    *stamp = (struct stamp){.peers = peers, .takes_host = conf->host == CONF_HOST_PEER};
    stamp->is_named = conf->curve.encryption == CONF_ENCRYPTION_CURVE && conf->bind.count > 0;
    stamp->in_use = peers || conf->fields.count > 0;
    must(peers || !stamp->takes_host);
    put_fields(stamp, &conf->fields);
    if (stamp->takes_host)
        put_host(stamp);
}

static bool same_span(struct span a, struct span b)
{
    return a.offset == b.offset && a.len == b.len;
}

bool stamp_is_alike(const struct stamp *a, const struct stamp *b)
{
    if (a->in_use != b->in_use || a->takes_host != b->takes_host || a->is_named != b->is_named ||
        a->field_count != b->field_count || a->same_len != b->same_len ||
        memcmp(a->bytes, b->bytes, a->same_len) != 0)
        return false;
    for (unsigned i = 0; i < a->field_count; i++) {
        if (!same_span(a->fields[i].key, b->fields[i].key) ||
            !same_span(a->fields[i].value, b->fields[i].value))
            return false;
    }
    return true; /* names of hosts are all as long as each other, and ours follows the fields */
}

/* ---- a message ------------------------------------------------------------------------------ */

static void copy_peer(struct stamp *stamp, const struct peer *peer)
{
    const uint64_t bits = SPAN_CLEAN | SPAN_SOLID | SPAN_QUOTELESS; /* see peer.h */

    memcpy(stamp->bytes + stamp->same_len, peer->text, peer->len);
    stamp->origin_peer = span_make(stamp->same_len, peer->len, bits);
    stamp->origin_uid = span_make(stamp->same_len + peer->uid_at, peer->uid_len, bits);
    memcpy(stamp->bytes + stamp->same_len + peer->len, peer->key, peer->key_len);
    stamp->origin_key = span_make(stamp->same_len + peer->len, peer->key_len, bits);
    stamp->copied = peer->client;
}

struct message_part stamp_message(struct stamp *stamp, zmq_msg_t *frame)
{
    stamp->peer = stamp->peers ? peers_find(stamp->peers, frame, stamp->is_named) : NULL;
    if (!stamp->peer) {
        stamp->origin_peer = stamp->origin_uid = stamp->origin_key = (struct span){.len = 0};
        stamp->copied = 0;
        return (struct message_part){stamp->bytes, stamp->same_len};
    }
    stamp->client = stamp->peer->client;
    stamp->seq = stamp->peer->entries;
    if (stamp->copied != stamp->client)
        copy_peer(stamp, stamp->peer);
    return (struct message_part){stamp->bytes,
                                 stamp->same_len + stamp->origin_peer.len + stamp->origin_key.len};
}

/* ---- an entry ------------------------------------------------------------------------------- */

/* A span into the stamp's bytes, where they stand in the message. */
static struct span there(const struct message *message, struct span span)
{
    return span_make(message->added.offset + span.offset, span.len,
                     span.word & (SPAN_CLEAN | SPAN_SOLID | SPAN_QUOTELESS));
}

static bool is_called(const struct message *message, const struct field *field, struct span name)
{
    return field->key.len == name.len &&
           memcmp(message->bytes + field->key.offset, message->bytes + name.offset, name.len) == 0;
}

static bool has_field(const struct message *message, const struct entry *entry, struct span name)
{
    for (unsigned i = 0; i < entry->field_count; i++) {
        if (is_called(message, &entry->fields[i], name))
            return true;
    }
    return false;
}

static void add_fields(const struct stamp *stamp, const struct message *message,
                       struct entry *entry)
{
    for (unsigned i = 0; i < stamp->field_count; i++) {
        struct span name = there(message, stamp->fields[i].key);

        if (!has_field(message, entry, name))
            entry_add_field(entry, name, there(message, stamp->fields[i].value));
    }
}

/* The first of host.2, host.3 … that is free; of very many, the last one all the same. */
static struct span free_host_name(const struct stamp *stamp, const struct message *message,
                                  const struct entry *entry)
{
    unsigned i = 0;

    while (i < STAMP_HOST_NAMES - 1 &&
           has_field(message, entry, there(message, stamp->host_names[i])))
        i++;
    return there(message, stamp->host_names[i]);
}

/* The peer counts as the first host, so all that the client calls so is a later one. Also where
 * the peer is not known: then there is no host. */
static void take_host(const struct stamp *stamp, const struct message *message, struct entry *entry)
{
    struct span name = there(message, stamp->host_names[0]);

    name.len = sizeof "host" - 1;
    for (unsigned i = 0; i < entry->field_count; i++) {
        if (is_called(message, &entry->fields[i], name))
            entry->fields[i].key = free_host_name(stamp, message, entry);
    }
    if (entry->host.len > 0)
        entry_add_field(entry, free_host_name(stamp, message, entry), entry->host);
    entry->host = stamp->origin_uid.len > 0 ? there(message, stamp->own_host)
                                            : there(message, stamp->origin_peer);
}

static void stamp_origin(struct stamp *stamp, const struct message *message, struct entry *entry)
{
    entry->origin = (struct origin){
        .seq = ++stamp->seq,
        .peer = there(message, stamp->origin_peer),
        .uid = there(message, stamp->origin_uid),
        .key = there(message, stamp->origin_key),
    };
    if (stamp->peer->client == stamp->client)
        stamp->peer->entries = stamp->seq;
}

void stamp_entry(struct stamp *stamp, const struct message *message, struct entry *entry)
{
    if (stamp->peer)
        stamp_origin(stamp, message, entry);
    if (stamp->takes_host)
        take_host(stamp, message, entry);
    add_fields(stamp, message, entry);
}

void stamp_again(struct stamp *stamp, struct span origin_peer, struct span origin_uid,
                 const struct message *message, struct entry *entry)
{
    struct span peer_now = stamp->origin_peer, uid_now = stamp->origin_uid;

    stamp->origin_peer = origin_peer;
    stamp->origin_uid = origin_uid;
    entry->origin.peer = origin_peer.len > 0 ? there(message, origin_peer) : origin_peer;
    entry->origin.uid = origin_uid.len > 0 ? there(message, origin_uid) : origin_uid;
    if (stamp->takes_host)
        take_host(stamp, message, entry);
    add_fields(stamp, message, entry);
    stamp->origin_peer = peer_now; /* of a message that may be in hand */
    stamp->origin_uid = uid_now;
}
