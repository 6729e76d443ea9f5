/* timestamp_parts.h - what the files of timestamp.h share. */
#ifndef AGGREGATE_TIMESTAMP_PARTS_H
#define AGGREGATE_TIMESTAMP_PARTS_H

#include "aggregate/timestamp.h"

#define NS_PER_S 1000000000LL

#endif
