/* entry.h - one log entry: spans into its message, and what was understood.
 *
 * Compact on purpose: no pointers, so an entry costs a few cache lines, and a
 * copy of entry and message together is still whole. Decoders fill it, formats
 * read it. Fields stand in the order in which the client sent them. */
#ifndef AGGREGATE_ENTRY_H
#define AGGREGATE_ENTRY_H

#include "aggregate/level.h"
#include "aggregate/message.h"

struct field {
    struct span key;
    struct span value;
};

/* What we know of an entry beside what its client says, and no client can set. */
struct origin {
    uint64_t seq;     /* which of its client's entries it is, from 1; 0: nobody asks */
    struct span peer; /* where it came from, as ZeroMQ knows; len 0: not known, or nobody asks */
    struct span uid;  /* the user that sent it, a number; the same */
    struct span key;  /* the public key that it was let in for; the same */
};

struct entry {
    int64_t time_ns;     /* since 1970, UTC; the client's word if it could be read */
    int64_t received_ns; /* when we took its message */
    uint8_t time_digits; /* of the fraction: 6, or 9 where nanoseconds were given */
    uint8_t level;       /* enum level */
    bool malformed;      /* something in it could not be read as what it claimed to be */
    bool cut;            /* the text was longer than max_entry */
    struct span host;
    struct span app;
    struct span topic;
    struct span text;
    struct span source; /* the payload, or the line of it, that this entry came from */
    unsigned field_count;
    unsigned field_max;
    struct origin origin; /* whoever took the message puts it in, if anybody asks */
    struct field fields[];
};

/* Entry objects with room for field_max fields each. */
struct entry_pool;

struct entry_pool *entry_pool_new(struct budget *budget, unsigned field_max, unsigned entry_count,
                                  struct err *err);
void entry_pool_free(struct entry_pool **pool);

/* The entry is empty (see entry_reset), field_max is set. NULL: none left. */
struct entry *entry_take(struct entry_pool *pool);
void entry_return(struct entry_pool *pool, struct entry *entry);
void entry_pool_give_back(struct entry_pool *pool);

/* As new for the next entry of this message: no host, no fields, received now. */
void entry_reset(struct entry *entry, const struct message *message);

/* False: field_max reached. */
static inline bool entry_add_field(struct entry *entry, struct span key, struct span value)
{
    if (entry->field_count == entry->field_max)
        return false;
    entry->fields[entry->field_count++] = (struct field){key, value};
    return true;
}

size_t entry_pool_bytes(unsigned field_max, unsigned entry_count);

#endif
