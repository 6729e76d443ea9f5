#include "aggregate/budget.h"

#include <string.h>

#include "conf/must.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void budget_init(struct budget *budget, size_t cap_bytes)
{
    memset(budget, 0, sizeof *budget);
    budget->cap_bytes = cap_bytes;
    for (unsigned i = 0; i < BUDGET_SHARES; i++)
        budget->shares[i].limit_bytes = cap_bytes;
}

void budget_fini(struct budget *budget)
{
    must(budget->used_bytes == 0);
}

void budget_limit(struct budget *budget, enum budget_share share, size_t limit_bytes)
{
    must(limit_bytes >= budget->shares[share].used_bytes);
    budget->shares[share].limit_bytes = limit_bytes;
}

size_t budget_free(const struct budget *budget, enum budget_share share)
{
    const struct budget_use *use = &budget->shares[share];

    return smaller(use->limit_bytes - use->used_bytes, budget->cap_bytes - budget->used_bytes);
}

bool budget_claim(struct budget *budget, enum budget_share share, size_t bytes)
{
    struct budget_use *use = &budget->shares[share];

    if (bytes > budget_free(budget, share)) {
        use->refused++;
        return false;
    }
    use->used_bytes += bytes;
    budget->used_bytes += bytes;
    if (use->used_bytes > use->peak_bytes)
        use->peak_bytes = use->used_bytes;
    if (budget->used_bytes > budget->peak_bytes)
        budget->peak_bytes = budget->used_bytes;
    return true;
}

void budget_release(struct budget *budget, enum budget_share share, size_t bytes)
{
    struct budget_use *use = &budget->shares[share];

    must(bytes <= use->used_bytes && bytes <= budget->used_bytes);
    use->used_bytes -= bytes;
    budget->used_bytes -= bytes;
}

const char *budget_share_name(enum budget_share share)
{
    static const char *const names[BUDGET_SHARES] = {
        [BUDGET_BASE] = "base",       [BUDGET_CLIENTS] = "clients",
        [BUDGET_RECEIVE] = "receive", [BUDGET_MESSAGES] = "messages",
        [BUDGET_ENTRIES] = "entries", [BUDGET_PARSER] = "parser",
        [BUDGET_BLOCKS] = "blocks",   [BUDGET_TABLES] = "tables",
        [BUDGET_PATHS] = "paths",     [BUDGET_CARETAKER] = "caretaker",
        [BUDGET_CARGO] = "cargo",     [BUDGET_TLS] = "tls",
        [BUDGET_CONTROL] = "control", [BUDGET_RECENT] = "recent",
        [BUDGET_METRICS] = "metrics",
    };

    return names[share];
}
