/* page.h - a page of metrics in Prometheus' text format (version 0.0.4).
 *
 *     https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * A family is written with all of its samples; the labels of each are begun, added and ended:
 *
 *     page_family(&page, "logboom_clients", "gauge", "Clients that are connected.");
 *     page_sample(&page, "");
 *     page_label(&page, "endpoint", "apps");
 *     page_number(&page, 3);                  logboom_clients{endpoint="apps"} 3
 *
 * Names and help are ours and need no escapes; the values of labels get theirs. What does not
 * fit is left out, and page_end then says so. Allocates nothing. Any thread. */
#ifndef METRICS_PAGE_H
#define METRICS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page {
    char *text;
    size_t size, len;
    const char *family; /* the last one's name; lasts as long as the page */
    unsigned labels;    /* of the sample that is begun */
    bool is_full;
};

void page_begin(struct page *page, char *text, size_t size);

/* False: it did not fit, and is no page. */
bool page_end(const struct page *page);

void page_family(struct page *page, const char *name, const char *type, const char *help);

/* The suffix is for histograms. */
void page_sample(struct page *page, const char *suffix);
void page_label(struct page *page, const char *name, const char *value);

/* Each ends the sample. The second is amount / 10^places, without zeros that say nothing. */
void page_number(struct page *page, uint64_t number);
void page_decimal(struct page *page, uint64_t amount, unsigned places);

/* A label with such a number. */
void page_decimal_label(struct page *page, const char *name, uint64_t amount, unsigned places);

#endif
