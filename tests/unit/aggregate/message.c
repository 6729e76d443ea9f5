/* message.c - payload and topic copied, size classes, and the room beside them. */
#include "aggregate/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/aggregate/misuse.h"

enum { MAX_PAYLOAD = 20000, COUNT = 2 };

static struct budget budget;
static struct message_pool *pool;
static struct err err;
static char payload[MAX_PAYLOAD + 1], topic[MESSAGE_TOPIC_MAX + 1], header[MESSAGE_HEADER_MAX + 1];

static struct message *take(const void *bytes, size_t len, const void *about, size_t about_len)
{
    return message_take(
        pool, &(struct message_parts){.payload = {bytes, len}, .topic = {about, about_len}});
}

static struct message *take_with_header(size_t topic_len, size_t header_len)
{
    return message_take(pool, &(struct message_parts){.payload = {payload, 1024},
                                                      .topic = {topic, topic_len},
                                                      .header = {header, header_len}});
}

static int with_a_pool(void **state)
{
    (void)state;
    memset(payload, 'p', sizeof payload);
    memset(topic, 't', sizeof topic);
    memset(header, 'h', sizeof header);
    budget_init(&budget, message_pool_bytes(MAX_PAYLOAD, COUNT));
    pool = message_pool_new(&budget, MAX_PAYLOAD, COUNT, &err);
    return pool ? 0 : -1;
}

/* The last step of each test: free stops us when something is out, fini when a byte
 * is still claimed. */
static void all_home(void)
{
    message_pool_free(&pool);
    budget_fini(&budget);
    assert_null(pool);
}

static void a_message_is_a_copy_of_payload_and_topic(void **state)
{
    struct message *message = take("payload", 7, "a topic", 7);
    const char none[MESSAGE_SPARE] = {0};

    (void)state;
    assert_int_equal(message->payload_len, 7);
    assert_memory_equal(message->bytes, "payload", 7);
    assert_memory_equal(message->bytes + 7, none, MESSAGE_SPARE);
    assert_int_equal(message->topic.len, 7);
    assert_memory_equal(message->bytes + message->topic.offset, "a topic", 7);
    assert_true(message->topic.clean && !message->topic.solid && message->topic.quoteless);
    assert_true(message->scratch_offset >= message->topic.offset + message->topic.len);
    assert_int_equal(message->received_ns, 0);
    assert_false(message->topic_cut);
    message_return(message);
    all_home();
}

static void nothing_is_a_message_too(void **state)
{
    struct message *message = take(NULL, 0, NULL, 0);

    (void)state;
    assert_int_equal(message->payload_len, 0);
    assert_int_equal(message->topic.len, 0);
    message_return(message);
    all_home();
}

static void every_length_has_room_to_unescape_as_much_again(void **state)
{
    static const size_t lengths[] = {0, 1, 1023, 1024, 1025, 8191, 8192, 8193, MAX_PAYLOAD};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct message *message = take(payload, lengths[i], topic, MESSAGE_TOPIC_MAX);

        assert_int_equal(message->payload_len, lengths[i]);
        assert_memory_equal(message->bytes, payload, lengths[i]);
        assert_true(message->cap - message->scratch_offset >= lengths[i] + MESSAGE_SPARE);
        memset(message->bytes, 'x', message->cap); /* all of it is ours */
        message_return(message);
    }
    all_home();
}

static void a_payload_longer_than_promised_stops_us(void **state)
{
    (void)state;
    assert_stops(take(payload, MAX_PAYLOAD + 1, NULL, 0));
    all_home();
}

static void a_topic_fits_exactly_and_one_byte_more_is_cut(void **state)
{
    struct message *whole = take(payload, 1024, topic, MESSAGE_TOPIC_MAX);
    struct message *cut = take(payload, 1024, topic, MESSAGE_TOPIC_MAX + 1);

    (void)state;
    assert_int_equal(whole->topic.len, MESSAGE_TOPIC_MAX);
    assert_false(whole->topic_cut);
    assert_int_equal(cut->topic.len, MESSAGE_TOPIC_MAX);
    assert_true(cut->topic_cut);
    message_return(whole);
    message_return(cut);
    all_home();
}

static void a_header_is_kept_beside_the_topic(void **state)
{
    struct message *message = take_with_header(MESSAGE_TOPIC_MAX, MESSAGE_HEADER_MAX);

    (void)state;
    assert_int_equal(message->topic.len, MESSAGE_TOPIC_MAX);
    assert_int_equal(message->header.len, MESSAGE_HEADER_MAX);
    assert_memory_equal(message->bytes + message->header.offset, header, MESSAGE_HEADER_MAX);
    assert_true(message->header.offset >= message->topic.offset + MESSAGE_TOPIC_MAX);
    assert_int_equal(message->scratch_offset, message->header.offset + MESSAGE_HEADER_MAX);
    assert_true(message->cap - message->scratch_offset >= 1024 + MESSAGE_SPARE);
    assert_false(message->header_lost);
    message_return(message);
    all_home();
}

static void of_a_header_that_is_too_long_nothing_is_kept(void **state)
{
    struct message *message = take_with_header(3, MESSAGE_HEADER_MAX + 1);

    (void)state;
    assert_int_equal(message->header.len, 0);
    assert_int_equal(message->key.len, 0);
    assert_true(message->header_lost);
    assert_int_equal(message->topic.len, 3);
    message_return(message);
    all_home();
}

static void a_key_is_kept_as_a_field_would_have_it(void **state)
{
    struct message_parts parts = {.payload = {"p", 1}, .key = {payload, MESSAGE_KEY_MAX + 1}};
    struct message *message = message_take(pool, &parts);

    (void)state;
    assert_int_equal(message->key_name.len, 3);
    assert_memory_equal(message->bytes + message->key_name.offset, "key", 3);
    assert_int_equal(message->key.len, MESSAGE_KEY_MAX);
    assert_memory_equal(message->bytes + message->key.offset, payload, MESSAGE_KEY_MAX);
    assert_true(message->key.clean && message->key.solid && message->key_name.solid);
    assert_int_equal(message->scratch_offset, message->key.offset + MESSAGE_KEY_MAX);
    message_return(message);
    all_home();
}

static void each_size_class_has_its_own_slots(void **state)
{
    struct message *small[COUNT], *large[COUNT];

    (void)state;
    for (unsigned i = 0; i < COUNT; i++)
        small[i] = take(payload, 10, NULL, 0);
    assert_null(take(payload, 10, NULL, 0));
    for (unsigned i = 0; i < COUNT; i++)
        large[i] = take(payload, MAX_PAYLOAD, NULL, 0);
    assert_null(take(payload, MAX_PAYLOAD, NULL, 0));
    assert_int_equal(message_pool_used(pool), 2 * COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        message_return(small[i]);
        message_return(large[i]);
    }
    assert_int_equal(message_pool_used(pool), 0);
    all_home();
}

static void the_plan_knows_what_a_pool_claims(void **state)
{
    static const size_t payloads[] = {0, 1, 1024, 1025, 8192, 65536, 262144, 1 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        struct message_pool *planned;
        struct budget exact;

        budget_init(&exact, message_pool_bytes(payloads[i], 3));
        planned = message_pool_new(&exact, payloads[i], 3, &err);
        assert_non_null(planned);
        assert_int_equal(exact.used_bytes, message_pool_bytes(payloads[i], 3));
        message_pool_free(&planned);
        budget_fini(&exact);
    }
    all_home();
}

static void whichever_claim_is_refused_nothing_stays_claimed(void **state)
{
    struct message_pool *made;
    size_t granted = 0;
    unsigned claims = 0;
    bool refused = true;

    (void)state;
    for (size_t cap = 0; refused; cap += 1024) {
        struct budget small;

        err.text[0] = '\0';
        budget_init(&small, cap);
        made = message_pool_new(&small, MAX_PAYLOAD, COUNT, &err);
        refused = !made;
        assert_int_equal(refused, err.text[0] != '\0');
        claims += small.peak_bytes > granted; /* one more than with the cap before */
        granted = small.peak_bytes;
        message_pool_free(&made);
        budget_fini(&small);
    }
    assert_int_equal(claims, 3); /* 1 KiB, 8 KiB and MAX_PAYLOAD */
    all_home();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, with_a_pool)
        TEST(a_message_is_a_copy_of_payload_and_topic),
        TEST(nothing_is_a_message_too),
        TEST(every_length_has_room_to_unescape_as_much_again),
        TEST(a_payload_longer_than_promised_stops_us),
        TEST(a_topic_fits_exactly_and_one_byte_more_is_cut),
        TEST(a_header_is_kept_beside_the_topic),
        TEST(of_a_header_that_is_too_long_nothing_is_kept),
        TEST(a_key_is_kept_as_a_field_would_have_it),
        TEST(each_size_class_has_its_own_slots),
        TEST(the_plan_knows_what_a_pool_claims),
        TEST(whichever_claim_is_refused_nothing_stays_claimed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
