/* curve_key.c - keys in text and in bytes, names, and pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "zeromq/curve_key.h"

static struct err err;

static void text_becomes_a_key_and_text_again(void **state)
{
    static const char text[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
    char shown[CURVE_KEY_CHARS + 1];
    struct curve_key key;

    (void)state;
    assert_true(curve_key_parse(text, &key));
    assert_int_equal(key.bytes[0], 0xBB);
    assert_int_equal(key.bytes[31], 0x18);
    assert_string_equal(curve_key_show(&key, shown), text);
}

static void what_is_no_key_is_refused_and_changes_nothing(void **state)
{
    static const char *const none[] = {
        "",
        "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI",       /* 39 */
        "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hIDx",     /* 41 */
        "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hIDabcde", /* whole groups, but one too many */
        "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI'",      /* not of the alphabet */
        "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI\xff",
        "#####Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaL", /* more than 32 bits */
    };
    struct curve_key key = {.bytes = "as it was"};

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        if (curve_key_parse(none[i], &key))
            fail_msg("'%s' was taken", none[i]);
        assert_string_equal((const char *)key.bytes, "as it was");
    }
}

static void names_are_such_that_nothing_can_be_forged(void **state)
{
    char longest[CURVE_NAME_MAX + 2];

    (void)state;
    memset(longest, 'a', sizeof longest);
    longest[CURVE_NAME_MAX] = '\0';
    assert_true(curve_name_is_right("web-1.prod_A"));
    assert_true(curve_name_is_right(longest));
    longest[CURVE_NAME_MAX] = 'a';
    longest[CURVE_NAME_MAX + 1] = '\0';
    assert_false(curve_name_is_right(longest));
    assert_false(curve_name_is_right(""));
    assert_false(curve_name_is_right("web 1"));
    assert_false(curve_name_is_right("web\n1"));
    assert_false(curve_name_is_right("../web"));
    assert_false(curve_name_is_right("w\xc3\xa9"));
}

static void a_pair_belongs_together_and_no_two_are_the_same(void **state)
{
    struct curve_pair first, second;
    struct curve_key derived;

    (void)state;
    assert_int_equal(curve_pair_make(&first, &err), 0);
    assert_int_equal(curve_pair_make(&second, &err), 0);
    assert_false(curve_key_is_same(&first.secret_key, &second.secret_key));
    assert_int_equal(curve_key_derive(&first.secret_key, &derived, &err), 0);
    assert_true(curve_key_is_same(&derived, &first.public_key));
    assert_false(curve_key_is_same(&derived, &second.public_key));
}

static void public_keys_begin_with_nothing_that_means_something_else(void **state)
{
    char text[CURVE_KEY_CHARS + 1];
    struct curve_pair pair;

    (void)state;
    for (unsigned i = 0; i < 500; i++) { /* one in 21 would */
        assert_int_equal(curve_pair_make(&pair, &err), 0);
        assert_null(strchr("#/.-", *curve_key_show(&pair.public_key, text)));
    }
}

static void a_wiped_pair_is_zero(void **state)
{
    static const struct curve_pair zero;
    struct curve_pair pair;

    (void)state;
    assert_int_equal(curve_pair_make(&pair, &err), 0);
    assert_memory_not_equal(&pair, &zero, sizeof pair);
    curve_pair_wipe(&pair);
    assert_memory_equal(&pair, &zero, sizeof pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_a_key_and_text_again),
        cmocka_unit_test(what_is_no_key_is_refused_and_changes_nothing),
        cmocka_unit_test(names_are_such_that_nothing_can_be_forged),
        cmocka_unit_test(a_pair_belongs_together_and_no_two_are_the_same),
        cmocka_unit_test(public_keys_begin_with_nothing_that_means_something_else),
        cmocka_unit_test(a_wiped_pair_is_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
