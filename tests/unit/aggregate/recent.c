/* recent.c - the last messages are there whole, the oldest go, and who comes late knows it. */
#include "aggregate/recent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/dice.h"

enum { KEEP = 16 * 1024, STREAK = 20000 };

static const int here; /* a source */

struct scene {
    struct budget budget;
    struct message_pool *messages;
    struct recent *recent;
};

static int open_scene(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    struct err err;

    budget_init(&scene->budget, SIZE_MAX);
    scene->messages = message_pool_new(&scene->budget, 2 * KEEP, 1, &err);
    scene->recent = recent_new(&scene->budget, KEEP, &err);
    assert_non_null(scene->messages);
    assert_non_null(scene->recent);
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;

    recent_free(&scene->recent);
    message_pool_free(&scene->messages);
    budget_fini(&scene->budget);
    free(scene);
    return 0;
}

static void add(struct scene *scene, const void *bytes, size_t len, const char *topic,
                uint32_t count)
{
    const struct message_parts parts = {.payload = {bytes, len}, .topic = {topic, strlen(topic)}};
    struct message *message = message_take(scene->messages, &parts);

    message->received_ns = (int64_t)len;
    recent_add(scene->recent, message, &(struct recent_origin){.source = &here}, 0, count);
    message_return(message);
}

static void a_message_is_kept_with_its_parts(void **state)
{
    struct scene *scene = *state;
    struct recent_cursor cursor = recent_oldest(scene->recent);
    const struct recent_record *record;
    struct message_parts parts;

    assert_null(recent_look(scene->recent, &cursor));
    add(scene, "payload", 7, "topic", 3);
    add(scene, "", 0, "", 1);
    record = recent_look(scene->recent, &cursor);
    assert_non_null(record);
    parts = recent_parts(record);
    assert_int_equal(parts.payload.len, 7);
    assert_memory_equal(parts.payload.bytes, "payload", 7);
    assert_int_equal(parts.topic.len, 5);
    assert_memory_equal(parts.topic.bytes, "topic", 5);
    assert_int_equal(parts.header.len + parts.key.len + parts.added.len, 0);
    assert_int_equal(record->first, 0);
    assert_int_equal(record->count, 3);
    assert_int_equal(record->received_ns, 7);
    assert_ptr_equal(record->source, &here);
    recent_step(scene->recent, &cursor);
    assert_int_equal(recent_look(scene->recent, &cursor)->first, 3);
    recent_step(scene->recent, &cursor);
    assert_null(recent_look(scene->recent, &cursor));
    assert_int_equal(recent_count(scene->recent), 4);
}

static void the_longest_message_fits_and_a_longer_one_is_only_counted(void **state)
{
    struct scene *scene = *state;
    struct recent_cursor cursor;
    char *bytes = calloc(1, KEEP + 1);

    add(scene, "a", 1, "", 1);
    add(scene, bytes, KEEP, "", 1);
    cursor = recent_oldest(scene->recent);
    recent_look(scene->recent, &cursor);
    recent_step(scene->recent, &cursor);
    assert_int_equal(recent_look(scene->recent, &cursor)->payload_len, KEEP);
    add(scene, bytes, KEEP + 1, "", 5);
    add(scene, "b", 1, "", 1);
    cursor = recent_oldest(scene->recent);
    while (recent_look(scene->recent, &cursor)->first < 7)
        recent_step(scene->recent, &cursor);
    assert_int_equal(recent_look(scene->recent, &cursor)->payload_len, 1);
    free(bytes);
}

static void a_source_that_is_gone_is_not_named(void **state)
{
    struct scene *scene = *state;
    struct recent_cursor cursor = recent_oldest(scene->recent);

    add(scene, "a", 1, "", 1);
    recent_forget(scene->recent, state);
    assert_ptr_equal(recent_look(scene->recent, &cursor)->source, &here);
    recent_forget(scene->recent, &here);
    assert_null(recent_look(scene->recent, &cursor)->source);
}

static void after_the_stop_nothing_is_kept(void **state)
{
    struct scene *scene = *state;
    struct recent_cursor cursor;

    add(scene, "a", 1, "", 1);
    recent_stop(scene->recent);
    add(scene, "b", 1, "", 1);
    cursor = recent_oldest(scene->recent);
    assert_null(recent_look(scene->recent, &cursor));
}

/* Payloads are their number and as many bytes of it as the dice say. Three read along, the one
 * always, the others now and then. */
static void readers_see_each_message_once_or_know_that_they_did_not(void **state)
{
    struct scene *scene = *state;
    struct recent_cursor cursors[3] = {{0}, {0}, {0}};
    uint64_t expected[3] = {0, 0, 0}, missed[3] = {0, 0, 0}, seen[3] = {0, 0, 0};
    char *bytes = calloc(1, KEEP);

    for (uint32_t number = 0; number < STREAK; number++) {
        size_t len = sizeof number + (roll(50) ? roll(300) : roll(KEEP - sizeof number));

        memset(bytes, (int)number & 0xff, len);
        memcpy(bytes, &number, sizeof number);
        add(scene, bytes, len, "", 1);
        for (unsigned i = 0; i < 3; i++) {
            const struct recent_record *record;

            if (i > 0 && roll(i * 100) > 0)
                continue;
            while ((record = recent_look(scene->recent, &cursors[i]))) {
                uint32_t found;

                memcpy(&found, record->bytes, sizeof found);
                assert_int_equal(found, record->first);
                assert_true(record->first >= expected[i]);
                for (size_t at = sizeof found; at < record->payload_len; at++)
                    assert_int_equal((unsigned char)record->bytes[at], found & 0xff);
                missed[i] += record->first - expected[i];
                expected[i] = record->first + record->count;
                seen[i]++;
                recent_step(scene->recent, &cursors[i]);
            }
            assert_int_equal(expected[i], number + 1);
            assert_int_equal(seen[i] + missed[i], number + 1);
        }
    }
    assert_int_equal(missed[0], 0);
    assert_true(missed[2] > 0 && seen[2] > 0);
    free(bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_is_kept_with_its_parts),
        TEST(the_longest_message_fits_and_a_longer_one_is_only_counted),
        TEST(a_source_that_is_gone_is_not_named),
        TEST(after_the_stop_nothing_is_kept),
        TEST(readers_see_each_message_once_or_know_that_they_did_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
