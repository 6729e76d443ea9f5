#include "aggregate/gap.h"

#include <string.h>

void gap_add(struct gap *gap, enum drop_reason reason, uint64_t count, int64_t from_ns,
             int64_t to_ns)
{
    if (count == 0)
        return;
    if (gap->count == 0 || from_ns < gap->from_ns)
        gap->from_ns = from_ns;
    if (gap->count == 0 || to_ns > gap->to_ns)
        gap->to_ns = to_ns;
    gap->reason = reason;
    gap->count += count;
}

static bool is_led_by(const struct gap *gap, const char *app, size_t app_len)
{
    return gap->app_len == app_len && memcmp(gap->app, app, app_len) == 0;
}

/* Gives an app so many votes, less those of whoever led before. */
static void give_votes(struct gap *gap, const char *app, size_t app_len, uint64_t votes)
{
    if (is_led_by(gap, app, app_len)) {
        gap->lead += votes;
    } else if (gap->lead >= votes) {
        gap->lead -= votes;
    } else {
        gap->lead = votes - gap->lead;
        gap->app_len = (uint8_t)app_len;
        memcpy(gap->app, app, app_len);
    }
}

void gap_vote(struct gap *gap, const char *app, size_t app_len)
{
    give_votes(gap, app, app_len < GAP_APP_MAX ? app_len : GAP_APP_MAX, 1);
}

const char *gap_mostly(const struct gap *gap, size_t *len_out)
{
    if (gap->app_len == 0 || gap->lead == 0 || gap->lead < gap->count - gap->lead)
        return NULL;
    *len_out = gap->app_len;
    return gap->app;
}

void gap_merge(struct gap *into, const struct gap *more)
{
    gap_add(into, more->reason, more->count, more->from_ns, more->to_ns);
    give_votes(into, more->app, more->app_len, more->lead);
}

void gaps_merge(struct gaps *into, const struct gaps *more)
{
    for (unsigned i = 0; i < DROP_REASONS; i++)
        gap_merge(&into->of[i], &more->of[i]);
}

bool gaps_are_empty(const struct gaps *gaps)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < DROP_REASONS; i++)
        count += gaps->of[i].count;
    return count == 0;
}
