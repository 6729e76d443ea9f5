/* timestamp_parts.h - what the files of timestamp.h share. */
#ifndef AGGREGATE_TIMESTAMP_PARTS_H
#define AGGREGATE_TIMESTAMP_PARTS_H

#include "aggregate/timestamp.h"

#define NS_PER_S 1000000000LL

/* `.123456789…` at text, as nanoseconds; digits past the ninth are dropped. Digits are 6, or
 * 9 when there was anything below the microsecond. Returns how many bytes that is. */
size_t timestamp_fraction(const char *text, size_t len, int64_t *ns_out, uint8_t *digits_out);

#endif
