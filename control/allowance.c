#include "control/allowance.h"

enum {
    SHARE = 8,          /* of the time that passes */
    THRIFTY_SHARE = 64, /* of the CPU that is used */
    THRIFTY_NS = 200 * 1000 * 1000,
    GRACE_NS = 8 * 1000 * 1000, /* to come up from behind */
    SAVED_MAX_NS = 2 * 1000 * 1000,
    THRIFTY_WORTH_NS = 250 * 1000,
};

static bool is_thrifty(const struct allowance *allowance, uint64_t now_ns)
{
    return now_ns < allowance->thrifty_until_ns;
}

void allowance_give(struct allowance *allowance, const struct allowance_clocks *clocks,
                    unsigned readers)
{
    uint64_t passed_ns = clocks->now_ns - allowance->given.now_ns;
    uint64_t used_ns = clocks->cpu_ns - allowance->given.cpu_ns;
    uint64_t share_ns =
        is_thrifty(allowance, clocks->now_ns) ? used_ns / THRIFTY_SHARE : passed_ns / SHARE;

    allowance->left_ns += (int64_t)(share_ns / readers);
    if (allowance->left_ns > SAVED_MAX_NS)
        allowance->left_ns = SAVED_MAX_NS;
    allowance->given = *clocks;
}

void allowance_spend(struct allowance *allowance, uint64_t ns)
{
    allowance->left_ns -= (int64_t)ns;
}

bool allowance_is_worth(const struct allowance *allowance)
{
    return allowance->left_ns >
           (is_thrifty(allowance, allowance->given.now_ns) ? THRIFTY_WORTH_NS : 0);
}

/* Who is thrifty misses something for that reason alone, so that is no reason to go on. What was
 * saved up was for keeping up. */
void allowance_missed(struct allowance *allowance)
{
    if (allowance->given.now_ns < allowance->thrifty_until_ns + GRACE_NS)
        return;
    if (allowance->left_ns > 0)
        allowance->left_ns = 0;
    allowance->thrifty_until_ns = allowance->given.now_ns + THRIFTY_NS;
}
