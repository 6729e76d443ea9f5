/* What is refused by name, and what only looks a little like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/count_of.h"
#include "decode/foreign.h"

#define BYTES(text) (text), sizeof(text) - 1

static void each_is_known_by_its_name(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum foreign foreign;
    } cases[] = {
        /* {'msg': 'x'} in each protocol */
        {BYTES("(dp0\nVmsg\np1\nVx\np2\ns."), FOREIGN_PICKLE},
        {BYTES("(dp1\nS'msg'\np2\nS'x'\np3\ns."), FOREIGN_PICKLE},
        {BYTES("}q\x00(X\x03\x00\x00\x00msgq\x01X\x01\x00\x00\x00xq\x02u."), FOREIGN_PICKLE},
        {BYTES("\x80\x02}q\x00X\x03\x00\x00\x00msgq\x01X\x01\x00\x00\x00xq\x02s."), FOREIGN_PICKLE},
        {BYTES("\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x03msg\x94\x8c\x01x\x94s."),
         FOREIGN_PICKLE},
        {BYTES("\x80\x05\x95\x00."), FOREIGN_PICKLE},
        {BYTES("\x00\x00\x00\x05\x80\x02}q."), FOREIGN_PICKLE}, /* SocketHandler */
        {BYTES("\xac\xed\x00\x05sr\x00\x21org.apache.log4j.spi"), FOREIGN_JAVA},
        {BYTES("\xac\xed\x00\x05"), FOREIGN_JAVA},

        {BYTES(""), FOREIGN_NONE},
        {BYTES("."), FOREIGN_NONE},
        {BYTES("(dp0) is no dictionary."), FOREIGN_NONE},
        {BYTES("}q"), FOREIGN_NONE},
        {BYTES("\x80\x01}."), FOREIGN_NONE},
        {BYTES("\x80\x06}."), FOREIGN_NONE},
        {BYTES("\x80\x04\x95 does not stop"), FOREIGN_NONE},
        {BYTES("\x80"), FOREIGN_NONE},
        {BYTES("\x00\x00\x00\x06\x80\x02}q."), FOREIGN_NONE}, /* another length */
        {BYTES("\xac\xed\x00"), FOREIGN_NONE},
        {BYTES("\xac\xed\x00\x06"), FOREIGN_NONE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(foreign_of(cases[i].bytes, cases[i].len), cases[i].foreign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_is_known_by_its_name)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
