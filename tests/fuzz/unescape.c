/* unescape.c - any text, in one piece and in two, where it stands and elsewhere; and any bytes,
 * escaped and back. */
#include "aggregate/unescape.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/escape.h"
#include "conf/must.h"

enum { LONGEST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char escaped[8 * LONGEST], back[8 * LONGEST];

static void check_round_trip(const char *bytes, size_t len)
{
    for (enum escape_style style = 0; style <= ESCAPE_KEY; style++) {
        size_t text_len = (size_t)(escape_write(style, escaped, bytes, len) - escaped);
        struct unescaped done = unescape_piece(escaped, text_len, true, back);

        must(done.taken == text_len && done.written == len && done.strange == 0);
        must(memcmp(back, bytes, len) == 0);
    }
}

/* The first byte says where the text is cut in two. */
static void check_pieces(const char *text, size_t len, size_t first_len)
{
    char *room = malloc(len);
    struct unescaped whole = unescape_piece(text, len, true, back), first, second;

    memcpy(room, text, len);
    first = unescape_piece(room, first_len, false, room);
    must(first.taken <= first_len && first_len - first.taken < UNESCAPE_LONGEST);
    must(whole.taken == len && whole.written <= len);
    memcpy(escaped, room, first.written);
    memcpy(room, text, len);
    second = unescape_piece(room + first.taken, len - first.taken, true, room + first.taken);
    memcpy(escaped + first.written, room + first.taken, second.written);
    must(first.written + second.written == whole.written);
    must(first.strange + second.strange == whole.strange);
    must(memcmp(escaped, back, whole.written) == 0);
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 1;

    if (size < 2 || size > LONGEST)
        return 0;
    check_round_trip(text, size - 1);
    check_pieces(text, size - 1, data[0] < size - 1 ? data[0] : size - 1);
    return 0;
}
