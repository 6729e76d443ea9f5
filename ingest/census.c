#include "ingest/census.h"

#include <string.h>

#include "conf/must.h"

void census_init(struct census *census, unsigned descriptors)
{
    *census = (struct census){.descriptors = descriptors};
}

void census_fini(struct census *census)
{
    for (unsigned i = 0; i < CENSUS_KINDS; i++)
        heavy_free(&census->heavy[i]);
    peers_free(&census->peers);
    census->watcher_count = 0;
}

size_t census_bytes(unsigned descriptors)
{
    return CENSUS_KINDS * heavy_bytes() + descriptors * peer_bytes();
}

/* ---- who watches ----------------------------------------------------------------------------- */

static int begin(struct census *census, enum census_by by, struct err *err)
{
    if (by == CENSUS_CLIENT) {
        census->peers = peers_new(census->descriptors, err);
        if (!census->peers)
            return -1;
    }
    census->heavy[by] = heavy_new();
    must(census->heavy[by]);
    return 0;
}

int census_watch(struct census *census, enum census_by by, struct err *err)
{
    if (census->watchers[by] == 0 && begin(census, by, err) < 0)
        return -1;
    census->watchers[by]++;
    census->watcher_count++;
    return 0;
}

void census_unwatch(struct census *census, enum census_by by)
{
    must(census->watchers[by] > 0);
    census->watcher_count--;
    if (--census->watchers[by] > 0)
        return;
    heavy_free(&census->heavy[by]);
    if (by == CENSUS_CLIENT)
        peers_free(&census->peers);
}

const struct heavy *census_look(const struct census *census, enum census_by by)
{
    return census->heavy[by];
}

/* ---- what is counted ------------------------------------------------------------------------- */

void census_find_sender(struct census *census, zmq_msg_t *frame, bool is_named,
                        struct census_sender *sender_out)
{
    const struct peer *peer = census->peers ? peers_find(census->peers, frame, is_named) : NULL;

    sender_out->len = peer ? peer->len : 0;
    if (peer)
        memcpy(sender_out->name, peer->text, peer->len);
}

static void add_span(struct heavy *heavy, const char *base, struct span name, size_t bytes)
{
    if (heavy)
        heavy_add(heavy, base + name.offset, name.len, bytes);
}

void census_add(struct census *census, const struct census_sender *sender,
                const struct entry *entry, const char *base)
{
    size_t bytes = entry->source.len;

    add_span(census->heavy[CENSUS_APP], base, entry->app, bytes);
    add_span(census->heavy[CENSUS_HOST], base, entry->host, bytes);
    if (census->heavy[CENSUS_CLIENT])
        heavy_add(census->heavy[CENSUS_CLIENT], sender->name, sender->len, bytes);
}
