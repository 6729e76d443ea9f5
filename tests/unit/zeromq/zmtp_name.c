/* zmtp_name.c - the id is hidden however its bytes come, and nothing else is touched. */
#include "zeromq/zmtp_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "conf/count_of.h"

static const struct {
    const char *before, *after;
} rows[] = {
    {"\x08"
     "Identity app",
     "\x08"
     "IdentitY app"},
    {"\x05READY\x0bSocket-Type....\x08"
     "Identity....x",
     "\x05READY\x0bSocket-Type....\x08"
     "IdentitY....x"},
    {"\x08"
     "Ident\x08"
     "Identity",
     "\x08"
     "Ident\x08"
     "IdentitY"},
    {"\x08\x08"
     "Identity\x08"
     "Identity",
     "\x08\x08"
     "IdentitY\x08"
     "IdentitY"},
    {"Identity \x09Identity \x08"
     "identity \x08"
     "Identit",
     "Identity \x09Identity \x08"
     "identity \x08"
     "Identit"},
    {"", ""},
};

static void check_in_pieces_of(size_t piece)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        unsigned char got = 0;
        char bytes[64];
        size_t len = strlen(rows[i].before);

        memcpy(bytes, rows[i].before, len + 1);
        for (size_t at = 0; at < len; at += piece)
            zmtp_name_hide(&got, bytes + at, piece < len - at ? piece : len - at);
        assert_string_equal(bytes, rows[i].after);
    }
}

static void it_is_hidden_in_whatever_pieces_it_comes(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 64; piece++)
        check_in_pieces_of(piece);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_hidden_in_whatever_pieces_it_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
