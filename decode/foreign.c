#include "decode/foreign.h"

#include <stdbool.h>
#include <string.h>

#include "conf/must.h"

static bool begins(const char *bytes, size_t len, const char *beginning, size_t beginning_len)
{
    return len >= beginning_len && memcmp(bytes, beginning, beginning_len) == 0;
}
#define BEGINS(bytes, len, literal) begins(bytes, len, literal, sizeof(literal) - 1)

/* Protocols 2 to 5 name themselves; 0 and 1 are known by the dictionary with which every log
 * record begins. Each ends with a full stop, which is the order to stop. */
static bool is_pickle(const char *bytes, size_t len)
{
    bool names_itself = len > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;

    return len > 0 && bytes[len - 1] == '.' &&
           (names_itself || BEGINS(bytes, len, "}q\0(") || BEGINS(bytes, len, "(dp0\n") ||
            BEGINS(bytes, len, "(dp1\n"));
}

/* logging.handlers.SocketHandler puts the length in front, as four bytes. */
static bool is_measured_pickle(const char *bytes, size_t len)
{
    const unsigned char *from = (const unsigned char *)bytes;

    return len > 4 &&
           len - 4 ==
               ((size_t)from[0] << 24 | (size_t)from[1] << 16 | (size_t)from[2] << 8 | from[3]) &&
           is_pickle(bytes + 4, len - 4);
}

/* The magic number and the version of java.io.ObjectStreamConstants. */
static bool is_java(const char *bytes, size_t len)
{
    return BEGINS(bytes, len, "\xac\xed\x00\x05");
}

enum foreign foreign_look(const char *bytes, size_t len)
{
    if (is_pickle(bytes, len) || is_measured_pickle(bytes, len))
        return FOREIGN_PICKLE;
    return is_java(bytes, len) ? FOREIGN_JAVA : FOREIGN_NONE;
}

const char *foreign_name(enum foreign foreign)
{
    must(foreign != FOREIGN_NONE);
    return foreign == FOREIGN_PICKLE ? "pickled Python objects" : "serialised Java objects";
}
