/* metrics.h - serves how the daemon is, over HTTP: for Prometheus, and for whoever looks after it.
 *
 *     /metrics   every number, in Prometheus' text format (status_page.h)
 *     /healthz   200: the loop turns
 *     /readyz    200: entries are received; 503: the daemon is stopping
 *
 * At most METRICS_CONNECTIONS at once, the others wait in the backlog; each has one request and
 * METRICS_PATIENCE_MS for all of it. Whoever can reach the address may read: nothing of it is
 * secret but the names in the configuration. Loop thread only. */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include <uv.h>

#include "status/status.h"

enum { METRICS_CONNECTIONS = 8, METRICS_PATIENCE_MS = 5000 };

struct metrics;

/* Fills in how the daemon is now. */
typedef void metrics_gather_cb(void *context, struct status *status);

/* Listens at once, and serves when the loop runs. Room is made for so many endpoints and sinks;
 * if there are more or fewer one day, it is made anew. NULL and a sentence: somebody else listens
 * there, or the library is not there. */
struct metrics *metrics_open(const char *listen, uv_loop_t *loop, unsigned endpoints,
                             unsigned sinks, metrics_gather_cb *gather, void *context,
                             struct err *err);

/* http://HOST:PORT, with the port that the kernel chose; the metrics' own. */
const char *metrics_url(const struct metrics *metrics);

/* Nobody is served any more. The loop must run once more before metrics_free. NULL is fine. */
void metrics_close(struct metrics *metrics);
void metrics_free(struct metrics **metrics);

/* What all of it may take, for the plan, and how many descriptors. */
size_t metrics_bytes(unsigned endpoints, unsigned sinks);
enum { METRICS_DESCRIPTORS = 3 + METRICS_CONNECTIONS };

#endif
