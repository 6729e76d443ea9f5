/* losses.c - gathers what was lost lately, of which the ledger has only the sums. Each turn; what
 * is asked costs some comparisons. */
#include <stdio.h>

#include "conf/nanoseconds.h"
#include "daemon/daemon_parts.h"

void daemon_watch_losses_of(struct daemon *daemon, const struct channel *channel)
{
    struct gaps recent;

    if (outbox_drops_all(channel->outbox))
        outbox_drop_waiting(channel->outbox);
    if (!outbox_take_recent(channel->outbox, &recent))
        return;
    for (unsigned i = 0; i < DROP_REASONS; i++) {
        if (recent.of[i].count > 0)
            losses_add_gap(&daemon->losses, sink_name(channel->sink), &recent.of[i]);
    }
}

void daemon_add_loss(struct daemon *daemon, enum loss_kind kind, const char *place,
                     const char *reason, uint64_t count, const char *peer)
{
    int64_t now_ns = clock_nanoseconds(CLOCK_REALTIME);
    struct loss loss = {
        .kind = kind, .reason = reason, .count = count, .from_ns = now_ns, .to_ns = now_ns};

    snprintf(loss.place, sizeof loss.place, "%s", place);
    snprintf(loss.peer, sizeof loss.peer, "%s", peer);
    losses_add(&daemon->losses, &loss);
}

static void watch_endpoint(struct daemon *daemon, struct endpoint *endpoint)
{
    char peer[GATE_PEER_MAX];

    for (unsigned i = 0; i < REFUSE_REASONS; i++) {
        uint64_t refused = endpoint_refused_since(endpoint, i, peer);

        if (refused > 0)
            daemon_add_loss(daemon, LOSS_REFUSED, endpoint_name(endpoint), refuse_reason_name(i),
                            refused, peer);
    }
}

void daemon_watch_losses(struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->channel_count; i++)
        daemon_watch_losses_of(daemon, daemon->channels[i]);
    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        watch_endpoint(daemon, daemon->endpoints[i]);
}
