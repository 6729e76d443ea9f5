/* A chunk is left with messages in it, and comes round only when all are back. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The client's objects hold a main and are not linked into tests. */
#include "client/chunks.c"

static bool rings(const struct chunks *chunks)
{
    struct pollfd doorbell = {.fd = chunks_doorbell(chunks), .events = POLLIN};

    return poll(&doorbell, 1, 0) == 1;
}

static int begin(void **state)
{
    struct err err;

    *state = chunks_new(16, &err);
    return *state ? 0 : -1;
}

static int end(void **state)
{
    struct chunks *chunks = *state;

    chunks_free(&chunks);
    return chunks == NULL ? 0 : -1;
}

static void chunks_come_round_when_nothing_is_lent(void **state)
{
    struct chunks *chunks = *state;
    const char *first = chunks_bytes(chunks);

    for (unsigned i = 0; i < CHUNK_COUNT; i++) {
        assert_true(chunks_may_turn(chunks));
        chunks_turn(chunks);
    }
    assert_ptr_equal(chunks_bytes(chunks), first);
    assert_false(rings(chunks));
}

static void the_last_message_of_a_left_chunk_rings(void **state)
{
    struct chunks *chunks = *state;
    struct chunk *one = chunks_lend(chunks), *two = chunks_lend(chunks);

    chunks_turn(chunks);
    assert_int_equal(chunks_lent_count(chunks), 2);
    chunks_give_back(NULL, one);
    assert_false(rings(chunks));
    chunks_give_back(NULL, two);
    assert_true(rings(chunks));
    chunks_quiet_doorbell(chunks);
    assert_false(rings(chunks));
    assert_int_equal(chunks_lent_count(chunks), 0);
}

static void a_chunk_that_is_read_into_does_not_ring(void **state)
{
    struct chunks *chunks = *state;
    struct chunk *one = chunks_lend(chunks);

    assert_int_equal(chunks_lent_count(chunks), 1);
    chunks_give_back(NULL, one);
    assert_int_equal(chunks_lent_count(chunks), 0);
    assert_false(rings(chunks));
    chunks_turn(chunks);
    assert_int_equal(chunks_lent_count(chunks), 0);
}

static void the_ring_is_full_until_its_oldest_chunk_is_home(void **state)
{
    struct chunks *chunks = *state;
    struct chunk *lent[CHUNK_COUNT];

    for (unsigned i = 0; i < CHUNK_COUNT; i++) {
        lent[i] = chunks_lend(chunks);
        if (i < CHUNK_COUNT - 1)
            chunks_turn(chunks);
    }
    assert_false(chunks_may_turn(chunks));
    chunks_give_back(NULL, lent[1]);
    assert_false(chunks_may_turn(chunks));
    chunks_give_back(NULL, lent[0]);
    assert_true(chunks_may_turn(chunks));
    chunks_turn(chunks);
    assert_int_equal(chunks_lent_count(chunks), CHUNK_COUNT - 2);
    for (unsigned i = 2; i < CHUNK_COUNT; i++)
        chunks_give_back(NULL, lent[i]);
}

static void too_large_a_chunk_is_an_error(void **state)
{
    struct err err;

    (void)state;
#ifndef LOGBOOM_SAN /* which ends the process instead of answering NULL */
    assert_null(chunks_new(PTRDIFF_MAX, &err));
    assert_non_null(strstr(err.text, "no memory"));
#else
    (void)err;
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(chunks_come_round_when_nothing_is_lent, begin, end),
        cmocka_unit_test_setup_teardown(the_last_message_of_a_left_chunk_rings, begin, end),
        cmocka_unit_test_setup_teardown(a_chunk_that_is_read_into_does_not_ring, begin, end),
        cmocka_unit_test_setup_teardown(the_ring_is_full_until_its_oldest_chunk_is_home, begin,
                                        end),
        cmocka_unit_test(too_large_a_chunk_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
