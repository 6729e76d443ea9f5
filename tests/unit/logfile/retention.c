/* retention.c - what goes and what stays, with memory for a few names only. */
#include "tests/unit/logfile/folder_rig.h"

#include "logfile/retention.h"
#include "tests/unit/aggregate/dice.h"

static const struct retention_room ample = {.bases = 64, .dates = 64};
static const struct retention_room few = {.bases = 4, .dates = 4};
static const struct retention_room scant = {.bases = 1, .dates = 1};

static unsigned steps_left;
static int64_t past_ns = INT64_MIN;

static bool goes_on(void *context)
{
    (void)context;
    return steps_left > 0 && steps_left-- > 0;
}

static enum walk_result pass(struct retention_room room, const char *text, unsigned keep,
                             uint64_t max_bytes, struct retention_tally *tally)
{
    struct retention *retention = retention_new(room);
    struct file_pattern pattern;
    struct retention_order order = {.folder = rig_folder,
                                    .pattern = &pattern,
                                    .keep = keep,
                                    .max_bytes = max_bytes,
                                    .past_ns = past_ns,
                                    .compresses = true,
                                    .goes_on = goes_on};
    enum walk_result result;
    struct err err;

    assert_non_null(retention);
    assert_int_equal(file_pattern_init(&pattern, text, &err), 0);
    *tally = (struct retention_tally){0};
    result = retention_pass(retention, &order, tally, &err);
    file_pattern_fini(&pattern);
    retention_free(&retention);
    return result;
}

static struct retention_tally run(struct retention_room room, const char *text, unsigned keep,
                                  uint64_t max_bytes)
{
    struct retention_tally tally;

    steps_left = 1000000;
    assert_int_equal(pass(room, text, keep, max_bytes, &tally), WALK_DONE);
    return tally;
}

static void put_rotated(const char *base, unsigned first, unsigned last, size_t len)
{
    for (unsigned i = first; i <= last; i++)
        rig_put(rig_rotated(base, i, i % 2 ? ".zst" : ""), len);
}

static unsigned count_rotated(const char *base, unsigned first, unsigned last)
{
    unsigned count = 0;

    for (unsigned i = first; i <= last; i++)
        count += rig_has(rig_rotated(base, i, "")) + rig_has(rig_rotated(base, i, ".zst"));
    return count;
}

/* ---- keep ------------------------------------------------------------------------------- */

static void keep_leaves_the_newest(void **state)
{
    struct retention_tally tally;

    (void)state;
    rig_put("app.log", 10);
    put_rotated("app.log", 1, 5, 10);
    tally = run(ample, "app.log", 5, 0);
    assert_int_equal(tally.removed, 0);
    tally = run(ample, "app.log", 4, 0);
    assert_int_equal(tally.removed, 1);
    assert_int_equal(count_rotated("app.log", 1, 1), 0);
    tally = run(ample, "app.log", 1, 0);
    assert_int_equal(tally.removed, 3);
    assert_int_equal(tally.removed_plain, 2);
    assert_int_equal(count_rotated("app.log", 5, 5), 1);
    assert_true(rig_has("app.log"));
    assert_int_equal(rig_count("."), 2);
}

static void keep_counts_each_live_file_alone(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT_OF("abcdefgh") - 1; i++) {
        char base[] = "x.log";

        base[0] = (char)('a' + i);
        put_rotated(base, 1, i, 1);
    }
    assert_int_equal(run(scant, "*.log", 3, 0).removed, 0 + 0 + 0 + 0 + 1 + 2 + 3 + 4);
    assert_int_equal(count_rotated("c.log", 1, 2), 2);
    assert_int_equal(count_rotated("d.log", 1, 3), 3);
    assert_int_equal(count_rotated("h.log", 5, 7), 3);
    assert_int_equal(count_rotated("h.log", 1, 4), 0);
}

/* The same name in two folders is two live files. */
static void keep_counts_each_folder_alone(void **state)
{
    (void)state;
    rig_mkdir("x");
    rig_mkdir("y");
    put_rotated("x/app.log", 1, 3, 1);
    put_rotated("y/app.log", 1, 2, 1);
    assert_int_equal(run(ample, "*/app.log", 2, 0).removed, 1);
    assert_int_equal(count_rotated("x/app.log", 2, 3), 2);
    assert_int_equal(count_rotated("y/app.log", 1, 2), 2);
}

static void keep_removes_very_many(void **state)
{
    (void)state;
    put_rotated("app.log", 1, 100, 1);
    assert_int_equal(run(scant, "app.log", 3, 0).removed, 97);
    assert_int_equal(count_rotated("app.log", 98, 100), 3);
}

/* Fifty live files in a table for four. */
static void many_names_take_many_walks(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        char base[16];

        snprintf(base, sizeof base, "%u.log", i);
        put_rotated(base, 1, 4, 1);
    }
    assert_int_equal(run(few, "*.log", 3, 0).removed, 50);
    assert_int_equal(rig_count("."), 150);
    assert_int_equal(run(few, "*.log", 3, 0).removed, 0);
}

/* A rotation under way: the new file has the rotated name, for a moment. */
static void empty_and_unfinished_ones_do_not_count(void **state)
{
    (void)state;
    put_rotated("app.log", 1, 2, 1);
    rig_put(rig_rotated("app.log", 3, ""), 0);
    rig_put(rig_rotated("app.log", 2, ".part"), 1);
    assert_int_equal(run(ample, "app.log", 2, 2).removed, 0 + 1);
    assert_true(rig_has(rig_rotated("app.log", 3, "")));
    assert_true(rig_has(rig_rotated("app.log", 2, ".part")));
}

/* Between the rename and the removal: one rotated file, not two. */
static void plain_and_compressed_count_once(void **state)
{
    (void)state;
    put_rotated("app.log", 1, 2, 1);
    rig_put(rig_rotated("app.log", 2, ".zst"), 1);
    rig_date(rig_rotated("app.log", 2, ""), 1);
    rig_date(rig_rotated("app.log", 2, ".zst"), 1);
    assert_int_equal(run(ample, "app.log", 2, 0).removed, 0);
    assert_true(rig_has(rig_rotated("app.log", 1, ".zst")));
}

/* ---- max_total ---------------------------------------------------------------------------- */

static void max_total_counts_all_and_removes_the_oldest(void **state)
{
    struct retention_tally tally;

    (void)state;
    rig_put("app.log", 100);
    put_rotated("app.log", 1, 5, 100);
    tally = run(ample, "app.log", 0, 600);
    assert_int_equal(tally.removed, 0);
    assert_int_equal(tally.total_bytes, 600);
    tally = run(ample, "app.log", 0, 599);
    assert_int_equal(tally.removed, 1);
    assert_int_equal(tally.total_bytes, 500);
    assert_int_equal(count_rotated("app.log", 1, 1), 0);
    tally = run(ample, "app.log", 0, 201);
    assert_int_equal(tally.removed, 3);
    assert_int_equal(count_rotated("app.log", 5, 5), 1);
}

static void the_live_file_stays_whatever_its_size(void **state)
{
    struct retention_tally tally;

    (void)state;
    rig_put("app.log", 1000);
    put_rotated("app.log", 1, 3, 1);
    tally = run(ample, "app.log", 0, 10);
    assert_int_equal(tally.removed, 3);
    assert_int_equal(tally.total_bytes, 1000);
    assert_int_equal(rig_stat("app.log").st_size, 1000);
}

static void the_oldest_of_all_live_files_go_first(void **state)
{
    (void)state;
    rig_mkdir("x");
    rig_mkdir("y");
    put_rotated("x/app.log", 1, 3, 100);
    put_rotated("y/app.log", 2, 4, 100);
    assert_int_equal(run(scant, "*/app.log", 0, 300).removed, 3);
    assert_int_equal(count_rotated("x/app.log", 1, 2), 0);
    assert_int_equal(count_rotated("y/app.log", 2, 2), 0);
    assert_int_equal(count_rotated("x/app.log", 3, 3), 1);
    assert_int_equal(count_rotated("y/app.log", 3, 4), 2);
}

/* An old small file and a younger large one: both go, even though the large one would do. */
static void no_older_file_outlives_a_younger_one(void **state)
{
    (void)state;
    rig_put(rig_rotated("app.log", 1, ""), 1);
    rig_put(rig_rotated("app.log", 2, ""), 100);
    rig_put(rig_rotated("app.log", 3, ""), 10);
    assert_int_equal(run(ample, "app.log", 0, 20).removed, 2);
    assert_true(rig_has(rig_rotated("app.log", 3, "")));
}

/* Random files, random limits, memory for one date or for all: always the same is left. */
static void any_room_leaves_the_same(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 40; round++) {
        unsigned files = roll(30), limit = roll(300), total = 0, expected, kept = 0;
        unsigned sizes[30];

        for (unsigned i = 0; i < files; i++) {
            sizes[i] = 1 + roll(20);
            total += sizes[i];
            rig_put(rig_rotated("app.log", i, ""), sizes[i]);
        }
        for (expected = 0; expected < files && total > limit; expected++)
            total -= sizes[expected];
        assert_int_equal(
            run((struct retention_room){1, 1 + roll(5)}, "app.log", 0, limit ? limit : 1).removed,
            expected);
        for (unsigned i = expected; i < files; i++)
            kept += rig_has(rig_rotated("app.log", i, ""));
        assert_int_equal(kept, files - expected);
        for (unsigned i = 0; i < files; i++)
            unlinkat(rig_fd, rig_rotated("app.log", i, ""), 0);
    }
}

/* ---- others ---------------------------------------------------------------------------------- */

static void others_files_are_never_removed(void **state)
{
    static const char *const decoys[] = {"app.log@notes", "app.log@20261125T211828.123456Z.bak",
                                         "app.log.1", "other.log@20261125T211828.123456Z",
                                         "app.log@20261301T211828.123456Z"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(decoys); i++)
        rig_put(decoys[i], 1000);
    rig_mkdir("app.log@20261125T211828.123456Z");
    rig_mkdir("app.log@20261125T211828.123456Z.zst");
    rig_put("elsewhere", 1000);
    assert_int_equal(symlinkat("elsewhere", rig_fd, "app.log@20261125T211828.123457Z"), 0);
    assert_int_equal(linkat(rig_fd, "elsewhere", rig_fd, "app.log@20261125T211828.123458Z", 0), 0);
    put_rotated("app.log", 1, 3, 1000);
    assert_int_equal(run(ample, "app.log", 1, 1).removed, 3);
    assert_int_equal(rig_count("."), COUNT_OF(decoys) + 2 + 3);
}

static void it_ends_when_told_to(void **state)
{
    struct retention_tally tally;

    (void)state;
    for (unsigned steps = 0;; steps++) {
        put_rotated("app.log", 1, 5, 1);
        steps_left = steps;
        if (pass(ample, "app.log", 2, 1, &tally) == WALK_DONE)
            break;
        assert_int_equal(count_rotated("app.log", 1, 5), 5 - tally.removed);
    }
    assert_int_equal(count_rotated("app.log", 1, 5), 1);
}

/* ---- after a crash ------------------------------------------------------------------------------
 */

static void tidying_removes_what_a_crash_left(void **state)
{
    struct file_pattern pattern;
    struct err err;

    (void)state;
    rig_put("app.log", 0);
    rig_put(rig_rotated("app.log", 1, ""), 0); /* before the exchange */
    rig_put(rig_rotated("app.log", 2, ""), 9); /* being compressed */
    rig_put(rig_rotated("app.log", 2, ".part"), 4);
    rig_put(rig_rotated("app.log", 3, ""), 9); /* compressed and not removed */
    rig_put(rig_rotated("app.log", 3, ".gz"), 4);
    rig_date(rig_rotated("app.log", 3, ""), 3);
    rig_date(rig_rotated("app.log", 3, ".gz"), 3);
    rig_put(rig_rotated("app.log", 4, ""), 9); /* by another hand, not finished */
    rig_put(rig_rotated("app.log", 4, ".zst"), 4);
    rig_date(rig_rotated("app.log", 4, ""), 4);
    rig_date(rig_rotated("app.log", 4, ".zst"), 5);
    rig_put("app.log@20261125T211828.123456Z.zst.part", 1);
    assert_int_equal(file_pattern_init(&pattern, "app.log", &err), 0);
    assert_int_equal(retention_tidy(rig_folder, &pattern, &err), WALK_DONE);
    file_pattern_fini(&pattern);
    assert_true(rig_has("app.log"));
    assert_false(rig_has(rig_rotated("app.log", 1, "")));
    assert_true(rig_has(rig_rotated("app.log", 2, "")));
    assert_false(rig_has(rig_rotated("app.log", 2, ".part")));
    assert_false(rig_has(rig_rotated("app.log", 3, "")));
    assert_true(rig_has(rig_rotated("app.log", 3, ".gz")));
    assert_true(rig_has(rig_rotated("app.log", 4, "")));
    assert_true(rig_has(rig_rotated("app.log", 4, ".zst")));
    assert_true(rig_has("app.log@20261125T211828.123456Z.zst.part"));
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

/* ---- names with a date ------------------------------------------------------------------- */

#define DATED "*-\1\1\1\1-\1\1-\1\1.log"

/* Last written to so many days after 1970-01-01. */
static void put_dated(const char *name, size_t len, unsigned day)
{
    const struct timespec times[2] = {{.tv_sec = day * 86400}, {.tv_sec = day * 86400}};

    rig_put(name, len);
    assert_int_equal(utimensat(rig_fd, name, times, 0), 0);
}

static void files_of_days_that_are_over_go_for_max_total(void **state)
{
    struct retention_tally tally;

    (void)state;
    past_ns = 103ll * 86400 * 1000000000;
    put_dated("a-1970-04-10.log", 10, 99);
    put_dated("b-1970-04-11.log", 10, 100);
    put_dated("a-1970-04-12.log", 10, 102);
    put_dated("a-1970-04-14.log", 10, 103); /* today's */
    put_dated("a-latest.log", 10, 1);       /* not of the sink */
    put_dated("notes", 10, 1);
    tally = run(ample, DATED, 1, 40);
    assert_int_equal(tally.removed, 0);
    tally = run(scant, DATED, 1, 20);
    assert_int_equal(tally.removed, 2);
    assert_int_equal(tally.removed_plain, 0);
    assert_true(rig_has("a-1970-04-12.log") && rig_has("a-1970-04-14.log"));
    tally = run(ample, DATED, 1, 1); /* never the one that is written */
    assert_int_equal(tally.removed, 1);
    assert_true(rig_has("a-1970-04-14.log") && rig_has("a-latest.log") && rig_has("notes"));
    past_ns = INT64_MIN;
}

static void without_a_date_no_live_file_goes(void **state)
{
    (void)state;
    put_dated("a.log", 10, 1);
    assert_int_equal(run(ample, "*.log", 1, 1).removed, 0);
    assert_true(rig_has("a.log"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(files_of_days_that_are_over_go_for_max_total),
        in_folder(without_a_date_no_live_file_goes),
        in_folder(keep_leaves_the_newest),
        in_folder(keep_counts_each_live_file_alone),
        in_folder(keep_counts_each_folder_alone),
        in_folder(keep_removes_very_many),
        in_folder(many_names_take_many_walks),
        in_folder(empty_and_unfinished_ones_do_not_count),
        in_folder(plain_and_compressed_count_once),
        in_folder(max_total_counts_all_and_removes_the_oldest),
        in_folder(the_live_file_stays_whatever_its_size),
        in_folder(the_oldest_of_all_live_files_go_first),
        in_folder(no_older_file_outlives_a_younger_one),
        in_folder(any_room_leaves_the_same),
        in_folder(others_files_are_never_removed),
        in_folder(it_ends_when_told_to),
        in_folder(tidying_removes_what_a_crash_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
