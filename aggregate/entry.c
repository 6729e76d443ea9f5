#include "aggregate/entry.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conf/must.h"

struct entry_pool {
    struct pool *slots;
    unsigned field_max;
};

static size_t slot_bytes(unsigned field_max)
{
    return sizeof(struct entry) + field_max * sizeof(struct field);
}

size_t entry_pool_bytes(unsigned field_max, unsigned entry_count)
{
    return pool_bytes(slot_bytes(field_max), entry_count);
}

struct entry_pool *entry_pool_new(struct budget *budget, unsigned field_max, unsigned entry_count,
                                  struct err *err)
{
    struct entry_pool *pool = calloc(1, sizeof *pool);

    must(pool);
    pool->field_max = field_max;
    pool->slots = pool_new(budget, BUDGET_ENTRIES, slot_bytes(field_max), entry_count, err);
    if (!pool->slots)
        entry_pool_free(&pool);
    return pool;
}

void entry_pool_free(struct entry_pool **pool_address)
{
    struct entry_pool *pool = *pool_address;

    *pool_address = NULL;
    if (!pool)
        return;
    pool_free(&pool->slots);
    free(pool);
}

/* In two pieces, since of one so long gcc makes `rep stos`, which costs some times as much. */
static void clear(struct entry *entry)
{
    memset(entry, 0, offsetof(struct entry, origin));
    entry->origin = (struct origin){0};
}

struct entry *entry_take(struct entry_pool *pool)
{
    struct entry *entry = pool_take(pool->slots);

    if (entry) {
        clear(entry);
        entry->time_digits = 6;
        entry->level = LEVEL_NONE;
        entry->field_max = pool->field_max;
    }
    return entry;
}

void entry_return(struct entry_pool *pool, struct entry *entry)
{
    pool_return(pool->slots, entry);
}

void entry_pool_give_back(struct entry_pool *pool)
{
    pool_give_back(pool->slots);
}

void entry_reset(struct entry *entry, const struct message *message)
{
    unsigned field_max = entry->field_max;

    clear(entry);
    entry->field_max = field_max;
    entry->level = LEVEL_NONE;
    entry->received_ns = message->received_ns;
    entry->time_ns = message->received_ns;
    entry->time_digits = 6;
    entry->topic = message->topic;
    entry->malformed = message->topic_cut;
}
