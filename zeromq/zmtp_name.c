#include "zeromq/zmtp_name.h"

/* The length and the name. The first byte is nowhere else in it, so that a search that fails can
 * begin anew with the byte at which it failed. */
static const char name[] = "\x08"
                           "Identity";

void zmtp_name_hide(unsigned char *got, void *bytes, size_t len)
{
    char *byte = bytes;

    for (size_t i = 0; i < len; i++) {
        *got = byte[i] == name[*got] ? *got + 1 : byte[i] == name[0];
        if (*got == sizeof name - 1) {
            byte[i] = 'Y'; /* for the y: names that differ in case are the same to nobody */
            *got = 0;
        }
    }
}
