#include "control/allowance.h"

enum {
    SHARE = 8,          /* of the time that passes */
    THRIFTY_SHARE = 64, /* of the CPU that is used */
    MS = 1000 * 1000,
    SAVED_MAX_NS = 2 * MS,
    THRIFTY_WORTH_NS = MS / 4,
};

static const uint64_t phase_lasts_ns[] = {
    [ALLOWANCE_KEEPS_UP] = 200 * MS,
    [ALLOWANCE_THRIFTY] = 200 * MS,
    [ALLOWANCE_COMES_UP] = 4 * MS,
    [ALLOWANCE_TRIES] = 8 * MS,
};

/* Who is thrifty, or has been until now, misses something for that reason alone. */
static enum allowance_phase next_phase(const struct allowance *allowance)
{
    switch (allowance->phase) {
    case ALLOWANCE_THRIFTY:
        return ALLOWANCE_COMES_UP;
    case ALLOWANCE_COMES_UP:
        return ALLOWANCE_TRIES;
    case ALLOWANCE_KEEPS_UP:
    case ALLOWANCE_TRIES:
    default:
        return allowance->missed > allowance->seen ? ALLOWANCE_THRIFTY : ALLOWANCE_KEEPS_UP;
    }
}

static void enter_phase(struct allowance *allowance, enum allowance_phase phase, uint64_t now_ns)
{
    if (phase == ALLOWANCE_THRIFTY && allowance->left_ns > 0)
        allowance->left_ns = 0; /* what was saved up was for keeping up */
    allowance->phase = phase;
    allowance->phase_ends_ns = now_ns + phase_lasts_ns[phase];
    allowance->seen = allowance->missed = 0;
}

void allowance_give(struct allowance *allowance, const struct allowance_clocks *clocks,
                    unsigned readers)
{
    uint64_t passed_ns = clocks->now_ns - allowance->given.now_ns;
    uint64_t used_ns = clocks->cpu_ns - allowance->given.cpu_ns;
    uint64_t share_ns =
        allowance->phase == ALLOWANCE_THRIFTY ? used_ns / THRIFTY_SHARE : passed_ns / SHARE;

    allowance->left_ns += (int64_t)(share_ns / readers);
    if (allowance->left_ns > SAVED_MAX_NS)
        allowance->left_ns = SAVED_MAX_NS;
    allowance->given = *clocks;
    if (clocks->now_ns >= allowance->phase_ends_ns)
        enter_phase(allowance, next_phase(allowance), clocks->now_ns);
}

void allowance_spend(struct allowance *allowance, uint64_t ns)
{
    allowance->left_ns -= (int64_t)ns;
}

bool allowance_is_worth(const struct allowance *allowance)
{
    return allowance->left_ns > (allowance->phase == ALLOWANCE_THRIFTY ? THRIFTY_WORTH_NS : 0);
}

void allowance_saw(struct allowance *allowance, uint64_t entries)
{
    allowance->seen += entries;
}

void allowance_missed(struct allowance *allowance, uint64_t entries)
{
    allowance->missed += entries;
}
