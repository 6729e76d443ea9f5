/* Libraries that are loaded when they are wanted: one that everybody has, and such as nobody has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/library.h"

static struct {
    double (*cbrt)(double);
    double (*no_such_function)(double);
} maths;

static struct library maths_with(const struct library_function *functions)
{
    memset(&maths, 0, sizeof maths);
    return (struct library){.file = "libm.so.6",
                            .name = "the C library's mathematics",
                            .who_needs_it = "this test needs",
                            .package = "libc6",
                            .least = "a newer one",
                            .functions = functions};
}

static void what_is_there_can_be_called(void **state)
{
    static const struct library_function functions[] = {{"cbrt", &maths.cbrt}, {NULL, NULL}};
    struct library library = maths_with(functions);

    (void)state;
    assert_int_equal(library_load(&library, NULL), 0);
    assert_true(maths.cbrt(27) > 2.99 && maths.cbrt(27) < 3.01);
}

static void what_is_loaded_is_not_loaded_again(void **state)
{
    static const struct library_function functions[] = {{"cbrt", &maths.cbrt}, {NULL, NULL}};
    struct library library = maths_with(functions);

    (void)state;
    assert_int_equal(library_load(&library, NULL), 0);
    maths.cbrt = NULL;
    assert_int_equal(library_load(&library, NULL), 0);
    assert_null(maths.cbrt);
}

static void a_missing_library_is_told_with_its_package(void **state)
{
    struct library library = maths_with(NULL);
    struct err err;

    (void)state;
    library.file = "libnowhere.so.3";
    assert_int_equal(library_load(&library, &err), -1);
    assert_non_null(strstr(err.text, "cannot load the C library's mathematics, which this test "
                                     "needs: libnowhere.so.3: cannot open"));
    assert_non_null(strstr(err.text, "; it is in the package libc6"));
}

/* Another try fails again: it was not taken for loaded. */
static void a_missing_function_is_told_by_its_name(void **state)
{
    static const struct library_function functions[] = {
        {"cbrt", &maths.cbrt}, {"no_such_function", &maths.no_such_function}, {NULL, NULL}};
    struct library library = maths_with(functions);
    struct err err;

    (void)state;
    for (int times = 0; times < 2; times++) {
        err.text[0] = '\0';
        assert_int_equal(library_load(&library, &err), -1);
        assert_string_equal(err.text, "libm.so.6 lacks no_such_function; a newer one is needed");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_can_be_called),
        cmocka_unit_test(what_is_loaded_is_not_loaded_again),
        cmocka_unit_test(a_missing_library_is_told_with_its_package),
        cmocka_unit_test(a_missing_function_is_told_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
