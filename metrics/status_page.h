/* status_page.h - a status as a page of metrics; docs/metrics.md lists them.
 *
 * Labels are names from the configuration, and fixed words. Counters begin at 0 with the daemon,
 * and each reason has a line from the first page on, so that its rate is never missing. */
#ifndef METRICS_STATUS_PAGE_H
#define METRICS_STATUS_PAGE_H

#include "metrics/page.h"
#include "status/status.h"

/* The daemon was started at started_ns, since 1970. */
void status_write_page(const struct status *status, int64_t started_ns, struct page *page);

/* More than such a page ever takes with so many parts. */
size_t status_page_bytes(unsigned endpoints, unsigned sinks);

#endif
