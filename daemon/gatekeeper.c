/* gatekeeper.c - gives the gate its ticks, and tells the log what it does.
 *
 * The gate asks for ticks from any thread; they stop when there is nothing to look after or to
 * tell, so that an idle daemon sleeps. */
#include <inttypes.h>

#include "conf/log.h"
#include "conf/must.h"
#include "daemon/daemon_parts.h"
#include "zeromq/gate.h"

/* Peers can be cut off by the thousand; the log gets so many lines. */
enum {
    TELL_CUT_EVERY_MS = 1000,
    TELL_DOOR_EVERY_MS = 60 * 1000,
    TELL_STRANGER_EVERY_MS = 60 * 1000,
    TELL_TURNED_AWAY_EVERY_MS = 10 * 1000,
};

static void explain(const struct gate_cut *cut, char text[128])
{
    char limit[UNITS_TEXT_MAX];

    switch (cut->reason) {
    case GATE_CUT_MESSAGE:
        snprintf(text, 128, "a message was longer than max_message, %s",
                 units_show_bytes((struct conf_bytes){cut->max_message}, limit));
        break;
    case GATE_CUT_FRAMES:
        snprintf(text, 128, "a message had more than %d frames", GATE_FRAMES_MAX);
        break;
    case GATE_CUT_OLD:
        snprintf(text, 128, "it does not speak ZMTP 3, as ZeroMQ does from version 4.0 on");
        break;
    case GATE_CUT_STUCK:
        snprintf(text, 128, "it stopped in the middle of a message");
        break;
    case GATE_CUT_HANDSHAKE:
        snprintf(text, 128, "it made no handshake in time");
        break;
    case GATE_CUT_TALK:
        snprintf(text, 128, "it said more than receivers do, such as a hundred subscriptions");
        break;
    case GATE_CUT_DEAF:
        snprintf(text, 128, "it took nothing of what it is sent");
        break;
    case GATE_CUT_REVOKED:
        snprintf(text, 128, "its key is no longer in 'allow'");
        break;
    case GATE_CUT_UID:
        snprintf(text, 128, "its user is no longer in 'allow_uid'");
        break;
    case GATE_CUT_SILENT:
    case GATE_CUT_REASONS:
    default:
        snprintf(text, 128, "it has sent no message, and others wait for its place");
    }
}

static uint64_t cut_count(void)
{
    struct gate_stats stats = gate_stats();
    uint64_t sum = 0;

    for (unsigned i = 0; i < GATE_CUT_REASONS; i++)
        sum += i == GATE_CUT_UID ? 0 : stats.cut[i]; /* see tell_strangers */
    return sum;
}

static void tell_cut(struct daemon *daemon, const struct gate_cut *cut, uint64_t sum)
{
    uint64_t others = sum > daemon->cuts_told ? sum - daemon->cuts_told - 1 : 0;
    char why[128], more[64] = "";

    explain(cut, why);
    if (others > 0)
        snprintf(more, sizeof more, "; so were %" PRIu64 " others", others);
    log_line(LOG_LEVEL_WARNING, "%s %s: %s was cut off: %s%s", cut->is_outlet ? "sink" : "endpoint",
             cut->endpoint, cut->peer, why, more);
    daemon->cuts_told = sum;
    daemon->cut_told_ms = uv_now(&daemon->loop);
}

/* Of those that come within a second of a told one, the last is told after it; true: there are
 * such. The sum is taken first: one that is cut meanwhile counts the next time. */
static bool tell_cuts(struct daemon *daemon)
{
    uint64_t sum = cut_count();
    struct gate_cut cut;
    bool any = false;

    if (daemon->cut_told_ms != 0 && uv_now(&daemon->loop) - daemon->cut_told_ms < TELL_CUT_EVERY_MS)
        return sum > daemon->cuts_told;
    while (gate_next_cut(&cut)) {
        if (!cut.is_outlet)
            daemon_add_loss(daemon, LOSS_CLOSED, cut.endpoint, gate_cut_reason_name(cut.reason), 1,
                            cut.peer);
        any = true;
    }
    if (any)
        tell_cut(daemon, &cut, sum);
    return false;
}

/* True: there are some to be told later. */
static bool tell_turned_away(struct daemon *daemon)
{
    uint64_t now_ms = uv_now(&daemon->loop);
    struct gate_turned_away turned;
    char more[64] = "";

    if (daemon->turned_told_ms != 0 && now_ms - daemon->turned_told_ms < TELL_TURNED_AWAY_EVERY_MS)
        return true;
    daemon->turned_told_ms = 0;
    if (!gate_next_turned_away(&turned))
        return false;
    if (turned.count > 1)
        snprintf(more, sizeof more, "; so were %" PRIu64 " others", turned.count - 1);
    log_line(LOG_LEVEL_WARNING,
             "endpoint %s: %s was turned away: too many handshakes with wrong keys%s",
             turned.endpoint, turned.peer, more);
    daemon->turned_told_ms = now_ms;
    return true;
}

static void tell_door(struct daemon *daemon)
{
    uint64_t now_ms = uv_now(&daemon->loop);

    if (gate_stats().doors_closed == 0 || daemon->state != DAEMON_RUNNING ||
        (daemon->door_told_ms != 0 && now_ms - daemon->door_told_ms < TELL_DOOR_EVERY_MS))
        return;
    daemon->door_told_ms = now_ms;
    log_line(LOG_LEVEL_WARNING,
             "newcomers wait: %u connections are open or still being worked "
             "off, and there is no place (max_clients) or descriptor for more",
             gate_stats().slots_in_use);
}

/* A client of ZeroMQ that is turned away comes again ten times a second. */
static void tell_strangers(struct daemon *daemon)
{
    uint64_t now_ms = uv_now(&daemon->loop), sum = gate_stats().cut[GATE_CUT_UID];
    struct gate_stranger stranger;
    char more[64] = "";

    if (sum == daemon->strangers_told ||
        (daemon->stranger_told_ms != 0 &&
         now_ms - daemon->stranger_told_ms < TELL_STRANGER_EVERY_MS))
        return;
    if (!gate_next_stranger(&stranger))
        return;
    if (sum - daemon->strangers_told > 1)
        snprintf(more, sizeof more, "; so it was %" PRIu64 " times before",
                 sum - daemon->strangers_told - 1);
    log_line(LOG_LEVEL_WARNING,
             "%s %s: pid %d was turned away: its user, uid %u, is not in 'allow_uid'%s",
             stranger.is_outlet ? "sink" : "endpoint", stranger.endpoint, (int)stranger.pid,
             (unsigned)stranger.uid, more);
    daemon->strangers_told = sum;
    daemon->stranger_told_ms = now_ms;
}

static void on_gate_tick(uv_timer_t *timer)
{
    struct daemon *daemon = container_of(timer, struct daemon, gate_timer);
    bool more_to_tell;

    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        endpoint_look(daemon->endpoints[i]);
    more_to_tell = tell_cuts(daemon);
    more_to_tell |= tell_turned_away(daemon);
    tell_door(daemon);
    tell_strangers(daemon);
    if (!gate_tick() && !more_to_tell)
        uv_timer_stop(timer);
}

static void on_gate_call(uv_async_t *async)
{
    struct daemon *daemon = container_of(async, struct daemon, gate_call);

    if (!uv_is_active((uv_handle_t *)&daemon->gate_timer))
        uv_timer_start(&daemon->gate_timer, on_gate_tick, GATE_TICK_MS, GATE_TICK_MS);
}

/* Any thread. */
static void call_loop(void *context)
{
    struct daemon *daemon = context;

    uv_async_send(&daemon->gate_call);
}

void daemon_open_gatekeeper(struct daemon *daemon)
{
    must(uv_timer_init(&daemon->loop, &daemon->gate_timer) == 0);
    must(uv_async_init(&daemon->loop, &daemon->gate_call, on_gate_call) == 0);
    gate_on_attention(call_loop, daemon);
}

void daemon_close_gatekeeper(struct daemon *daemon)
{
    gate_on_attention(NULL, NULL);
    uv_close((uv_handle_t *)&daemon->gate_timer, NULL);
    uv_close((uv_handle_t *)&daemon->gate_call, NULL);
}
