/* expose.c - metrics, where they are configured. */
#include "conf/log.h"
#include "daemon/daemon_parts.h"

static void gather(void *context, struct status *status)
{
    daemon_gather_status(context, status);
}

int daemon_open_metrics(struct daemon *daemon, struct err *err)
{
    const struct conf *conf = daemon->conf;

    if (!conf->metrics.listen)
        return 0;
    daemon->metrics = metrics_open(conf->metrics.listen, &daemon->loop, conf->ingest_count,
                                   conf->sink_count, gather, daemon, err);
    if (!daemon->metrics)
        return -1;
    log_line(LOG_LEVEL_INFO, "metrics: %s/metrics", metrics_url(daemon->metrics));
    return 0;
}
