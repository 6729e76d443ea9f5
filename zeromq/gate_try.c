/* gate_try.c - lends tries at handshakes, and knows who has given one back.
 *
 * Problem. A handshake of CURVE costs up to 2 ms of the thread that reads for everybody, before
 * it shows whether the key is on the list, and making one costs the other end as good as nothing.
 *
 * Trick. What is spent is a time in the future: each try moves it on by what one try costs, and
 * the clock comes after it. A bucket of n tries is empty when that time is n tries ahead.
 *
 *     now                                    n tries
 *     ├────────────┬────────────┬──────────────┤
 *     │  1st try   │  2nd try   │    left      │
 *     └────────────┴────────────┴──────────────┘
 *                               ^ spent_until                                              */
#include "zeromq/gate_try.h"

#include <string.h>
#include <sys/random.h>

struct bucket {
    int64_t spent_until_ms;
};

struct row {
    struct gate_address address; /* of no kind: nobody's */
    struct bucket bucket;
    int64_t tried_ms;
    bool known;
    unsigned char shared; /* tries that it took of those of all, and has not given back */
};

static struct {
    struct row rows[GATE_TRY_SETS][GATE_TRY_WAYS];
    struct bucket shared;
    uint64_t seed; /* so that nobody can choose whose row he takes */
} tries;

/* ---- buckets ------------------------------------------------------------------------------- */

static int64_t start_of(const struct bucket *bucket, int64_t now_ms)
{
    return bucket->spent_until_ms > now_ms ? bucket->spent_until_ms : now_ms;
}

static bool has_try(const struct bucket *bucket, int64_t now_ms, int64_t every_ms, int64_t most)
{
    return start_of(bucket, now_ms) - now_ms <= (most - 1) * every_ms;
}

static void take_try(struct bucket *bucket, int64_t now_ms, int64_t every_ms)
{
    bucket->spent_until_ms = start_of(bucket, now_ms) + every_ms;
}

static void return_try(struct bucket *bucket, int64_t every_ms)
{
    bucket->spent_until_ms -= every_ms;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static bool is_same(struct gate_address one, struct gate_address two)
{
    return one.kind == two.kind && one.number == two.number;
}

/* The last steps of MurmurHash3 (public domain), which leave no pattern of neighbours. */
static uint64_t mix(uint64_t bits)
{
    bits = (bits ^ bits >> 33) * UINT64_C(0xff51afd7ed558ccd);
    bits = (bits ^ bits >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return bits ^ bits >> 33;
}

static struct row *set_of(struct gate_address address)
{
    while (tries.seed == 0)
        tries.seed = getrandom(&tries.seed, sizeof tries.seed, GRND_NONBLOCK) < 0 ? 1 : tries.seed;
    return tries.rows[mix(mix(address.number ^ tries.seed) + address.kind) % GATE_TRY_SETS];
}

/* Nobody's, else unknown, else whoever tried longest ago. */
static bool goes_before(const struct row *row, const struct row *other)
{
    bool used = row->address.kind != GATE_ADDRESS_NONE;
    bool other_used = other->address.kind != GATE_ADDRESS_NONE;

    if (used != other_used)
        return !used;
    if (row->known != other->known)
        return !row->known;
    return row->tried_ms < other->tried_ms;
}

static struct row *row_of(struct gate_address address)
{
    struct row *set = set_of(address), *oldest = set;

    for (unsigned i = 0; i < GATE_TRY_WAYS; i++) {
        if (is_same(set[i].address, address))
            return &set[i];
        if (goes_before(&set[i], oldest))
            oldest = &set[i];
    }
    *oldest = (struct row){.address = address};
    return oldest;
}

/* ---- lending ------------------------------------------------------------------------------- */

static bool may_try(const struct row *row, int64_t now_ms)
{
    if (row->known)
        return has_try(&row->bucket, now_ms, TRY_EVERY_MS, TRIES_OF_KNOWN);
    return has_try(&row->bucket, now_ms, TRY_EVERY_MS, TRIES_OF_UNKNOWN) &&
           has_try(&tries.shared, now_ms, TRY_SHARED_EVERY_MS, TRIES_SHARED);
}

bool gate_try_lend(struct gate_address address, int64_t now_ms)
{
    struct row *row = row_of(address);

    row->tried_ms = now_ms;
    if (!may_try(row, now_ms))
        return false;
    take_try(&row->bucket, now_ms, TRY_EVERY_MS);
    if (!row->known) {
        take_try(&tries.shared, now_ms, TRY_SHARED_EVERY_MS);
        row->shared += row->shared < UINT8_MAX;
    }
    return true;
}

void gate_try_give_back(struct gate_address address, int64_t now_ms)
{
    struct row *row = row_of(address);

    row->known = true;
    row->tried_ms = now_ms;
    return_try(&row->bucket, TRY_EVERY_MS);
    if (row->shared > 0) {
        row->shared--;
        return_try(&tries.shared, TRY_SHARED_EVERY_MS);
    }
}

void gate_try_reset(void)
{
    memset(&tries, 0, sizeof tries);
}

size_t gate_try_bytes(void)
{
    return sizeof tries;
}
