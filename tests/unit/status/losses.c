/* losses.c - what goes on is one stretch, and the oldest is forgotten first. */
#include "status/losses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/json_check.h"

#define SECOND INT64_C(1000000000)
#define AT     (1795404852 * SECOND)

static struct losses losses;

static int nothing_lost(void **state)
{
    (void)state;
    losses = (struct losses){.count = 0};
    return 0;
}

static void lose(enum loss_kind kind, const char *place, const char *reason, int64_t at_s,
                 const char *peer)
{
    struct loss loss = {.kind = kind,
                        .reason = reason,
                        .count = 2,
                        .from_ns = AT + at_s * SECOND,
                        .to_ns = AT + at_s * SECOND};

    snprintf(loss.place, sizeof loss.place, "%s", place);
    snprintf(loss.peer, sizeof loss.peer, "%s", peer);
    losses_add(&losses, &loss);
}

static const struct loss *latest(void)
{
    return &losses.items[losses.count - 1];
}

static void what_goes_on_is_one_stretch(void **state)
{
    (void)state;
    lose(LOSS_REFUSED, "apps", "pickle", 0, "10.0.0.1:5");
    lose(LOSS_REFUSED, "apps", "frames", 1, "");
    lose(LOSS_REFUSED, "apps", "pickle", 9, "");
    assert_int_equal(losses.count, 2);
    assert_string_equal(latest()->reason, "pickle"); /* the latest is the last */
    assert_int_equal(latest()->count, 4);
    assert_string_equal(latest()->peer, "10.0.0.1:5");
    assert_true(latest()->from_ns == AT && latest()->to_ns == AT + 9 * SECOND);
    lose(LOSS_REFUSED, "apps", "pickle", 19, "10.0.0.2:6");
    assert_int_equal(losses.count, 3); /* after a pause it is another one */
    lose(LOSS_CLOSED, "apps", "pickle", 19, "");
    lose(LOSS_REFUSED, "other", "pickle", 19, "");
    assert_int_equal(losses.count, 5);
    assert_int_equal(losses.forgotten, 0);
}

static void the_oldest_is_forgotten(void **state)
{
    char place[16];

    (void)state;
    for (unsigned i = 0; i < LOSSES_KEPT + 3; i++) {
        snprintf(place, sizeof place, "%u", i);
        lose(LOSS_CLOSED, place, "stuck", i, "");
    }
    assert_int_equal(losses.count, LOSSES_KEPT);
    assert_int_equal(losses.forgotten, 3);
    assert_string_equal(losses.items[0].place, "3");
    lose(LOSS_CLOSED, "60", "stuck", 62, ""); /* in the middle */
    assert_int_equal(losses.count, LOSSES_KEPT);
    assert_int_equal(losses.forgotten, 3);
    assert_string_equal(latest()->place, "60");
}

static void most_of_a_gap_is_somebodys(void **state)
{
    struct gap gap = {.count = 0}, more = {.count = 0};
    size_t len;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        gap_add(&gap, DROP_FULL, 1, AT, AT);
        gap_vote(&gap, "shop", 4);
    }
    gap_add(&more, DROP_FULL, 1, AT + SECOND, AT + SECOND);
    gap_vote(&more, "web", 3);
    losses_add_gap(&losses, "all", &gap);
    losses_add_gap(&losses, "all", &more);
    assert_int_equal(losses.count, 1);
    assert_int_equal(latest()->count, 5);
    assert_string_equal(latest()->reason, "full");
    assert_memory_equal(gap_mostly(&latest()->gap, &len), "shop", 4);
}

static void the_worst_there_is_fits(void **state)
{
    static char text[LOSSES_JSON_BYTES];
    struct json_out out;

    (void)state;
    for (unsigned i = 0; i < LOSSES_KEPT; i++) {
        struct loss *item = &losses.items[losses.count++];

        *item = (struct loss){.kind = LOSS_NOT_LET_IN,
                              .reason = "block_expired",
                              .count = UINT64_MAX,
                              .from_ns = INT64_MAX,
                              .to_ns = INT64_MAX};
        memset(item->place, 1, sizeof item->place - 1);
        memset(item->peer, 1, sizeof item->peer - 1);
        item->gap = (struct gap){.count = 1, .lead = 1, .app_len = GAP_APP_MAX};
        memset(item->gap.app, 1, GAP_APP_MAX);
    }
    json_begin(&out, text, sizeof text);
    json_object(&out, NULL);
    losses_write_json(&losses, &out);
    json_end_object(&out);
    assert_true(json_end(&out));
    assert_ptr_equal(json_value(text, text + out.len), text + out.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, nothing_lost)
        TEST(what_goes_on_is_one_stretch),
        TEST(the_oldest_is_forgotten),
        TEST(most_of_a_gap_is_somebodys),
        TEST(the_worst_there_is_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
