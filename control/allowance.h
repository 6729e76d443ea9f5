/* allowance.h - how much of the loop's time one who reads along may take.
 *
 * An eighth of the time that passes, for all readers together. Whoever misses more than he sees,
 * looked at every 200 ms, will not keep up whatever he is given: for 200 ms he gets his part of a
 * 64th of the CPU that the process uses, all threads together. Then he tries again: he has 4 ms to
 * come up from behind, and must see more than he misses in the 8 ms that follow. So readers cost
 * a busy daemon some 2 %, one who can keep up gets everything, and one whose machine stood
 * still for a moment misses that moment. Some is saved up, and what was taken too much is owed.
 * All times are nanoseconds. */
#ifndef CONTROL_ALLOWANCE_H
#define CONTROL_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

/* What two clocks say: one of the time, one of the process. */
struct allowance_clocks {
    uint64_t now_ns, cpu_ns;
};

enum allowance_phase { ALLOWANCE_KEEPS_UP, ALLOWANCE_THRIFTY, ALLOWANCE_COMES_UP, ALLOWANCE_TRIES };

/* All zero: of somebody new. */
struct allowance {
    int64_t left_ns;
    struct allowance_clocks given; /* when time was given last */
    enum allowance_phase phase;
    uint64_t phase_ends_ns;
    uint64_t seen, missed; /* entries, in this phase */
};

/* The part of one of so many readers, for what has passed since the last time. */
void allowance_give(struct allowance *allowance, const struct allowance_clocks *clocks,
                    unsigned readers);
void allowance_spend(struct allowance *allowance, uint64_t ns);

/* Whether it is worth while to begin. To take a message in hand costs as much as many of its
 * entries, so the thrifty save up for it. */
bool allowance_is_worth(const struct allowance *allowance);

/* So many entries were looked at, or are gone unseen. */
void allowance_saw(struct allowance *allowance, uint64_t entries);
void allowance_missed(struct allowance *allowance, uint64_t entries);

#endif
