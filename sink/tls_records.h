/* tls_records.h - which plain bytes have arrived, where only encrypted ones are counted.
 *
 *     plain        |   record 1   |   record 2   |r3|
 *     encrypted    |h|   record 1   |h|   record 2   |h|r3|
 *                                     ^ acknowledged: all of record 1, nothing of record 2
 *
 * A record has arrived when the last of its encrypted bytes has. For each that is under way its
 * end is kept; where there are more than fit, the youngest are taken as one. */
#ifndef SINK_TLS_RECORDS_H
#define SINK_TLS_RECORDS_H

#include <stdint.h>

enum { TLS_RECORDS_MAX = 1024 };

struct tls_record {
    uint64_t end;   /* of its encrypted bytes, counted from the beginning of the connection */
    uint64_t plain; /* bytes in it */
};

/* Zeroed: none are under way. */
struct tls_records {
    struct tls_record items[TLS_RECORDS_MAX];
    unsigned first, count;
    uint64_t under_way; /* plain bytes of all */
};

/* A record that ends there, behind all others. */
void tls_records_add(struct tls_records *records, uint64_t end, uint64_t plain);

/* All encrypted bytes before `position` have arrived. */
void tls_records_arrived(struct tls_records *records, uint64_t position);

#endif
