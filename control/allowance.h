/* allowance.h - how much of the loop's time one who reads along may take.
 *
 * As long as nobody misses anything, an eighth of the time that passes, for all readers together.
 * Whoever misses something is behind whatever he is given: for 200 ms he gets his part of a 64th
 * of the CPU that the process uses, all threads together. Then he may try again, and what he
 * misses in the first 8 ms is forgiven, since he begins far behind. So readers cost a busy daemon
 * some 2 %, and one who can keep up gets everything. Some is saved up,
 * and what was taken too much is owed. All numbers are nanoseconds. */
#ifndef CONTROL_ALLOWANCE_H
#define CONTROL_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

/* What two clocks say: one of the time, one of the process. */
struct allowance_clocks {
    uint64_t now_ns, cpu_ns;
};

/* All zero: of somebody new. */
struct allowance {
    int64_t left_ns;
    struct allowance_clocks given; /* when time was given last */
    uint64_t thrifty_until_ns;
};

/* The part of one of so many readers, for what has passed since the last time. */
void allowance_give(struct allowance *allowance, const struct allowance_clocks *clocks,
                    unsigned readers);
void allowance_spend(struct allowance *allowance, uint64_t ns);

/* Whether it is worth while to begin. To take a message in hand costs as much as many of its
 * entries, so the thrifty save up for it. */
bool allowance_is_worth(const struct allowance *allowance);

/* Something was missed since time was given last. */
void allowance_missed(struct allowance *allowance);

#endif
