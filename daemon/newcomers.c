/* newcomers.c - says whose key was not let in: once a second at most, with the number of others. */
#include <inttypes.h>
#include <string.h>

#include "conf/log.h"
#include "daemon/daemon_parts.h"

enum { TELL_REFUSED_EVERY_MS = 1000 };

static void tell(struct daemon *daemon, const struct zap_refusal *refusal, uint64_t refused)
{
    const char *slash = strchr(refusal->domain, '/'); /* ingest/NAME */
    uint64_t others = refused - daemon->refused_told - 1;
    char key[CURVE_KEY_CHARS + 1], more[64] = "";

    if (others > 0)
        snprintf(more, sizeof more, "; %" PRIu64 " more were refused", others);
    log_line(LOG_LEVEL_WARNING,
             "endpoint %s: a client at %s was not let in: 'allow' does not have "
             "its key, %s%s",
             slash ? slash + 1 : refusal->domain, refusal->address,
             curve_key_show(&refusal->key, key), more);
    daemon_add_loss(daemon, LOSS_NOT_LET_IN, slash ? slash + 1 : refusal->domain, "key", others + 1,
                    refusal->address);
    daemon->refused_told = refused;
    daemon->refused_told_ms = uv_now(&daemon->loop);
}

void daemon_watch_newcomers(struct daemon *daemon)
{
    struct zap_refusal refusal;

    if (!daemon->zap || zap_stats(daemon->zap).refused == daemon->refused_told)
        return;
    if (daemon->refused_told_ms != 0 &&
        uv_now(&daemon->loop) - daemon->refused_told_ms < TELL_REFUSED_EVERY_MS)
        return;
    if (zap_next_refusal(daemon->zap, &refusal))
        tell(daemon, &refusal, zap_stats(daemon->zap).refused);
}
