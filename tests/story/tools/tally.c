/* tally - reads an output with numbered entries on stdin to its end, and judges each line.
 *
 *     tally < all.log
 *
 * The output is of format `raw` or `line`. Prints `whole`, `others` (entries without a number),
 * `torn` (lines that are neither) and `noticed` (dropped entries that notices tell of), and for
 * each client `client ID DISTINCT HIGHEST+1 REPEATED REORDERED`. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "numbered.h"

enum { BUFFER_BYTES = 4 << 20 };

struct client {
    unsigned char *seen; /* one bit a number */
    size_t seen_bytes;
    unsigned long distinct, repeated, reordered;
    unsigned end; /* the highest number + 1 */
};

static struct client *clients;
static unsigned long whole, others, torn, noticed;

static void note(struct client *client, unsigned number)
{
    size_t at = number / 8;
    unsigned char bit = (unsigned char)(1 << number % 8);

    if (at >= client->seen_bytes) {
        size_t bytes = 2 * at + 1024;

        client->seen = realloc(client->seen, bytes);
        if (!client->seen)
            exit(71);
        memset(client->seen + client->seen_bytes, 0, bytes - client->seen_bytes);
        client->seen_bytes = bytes;
    }
    if (client->seen[at] & bit)
        client->repeated++;
    else
        client->distinct++;
    client->seen[at] |= bit;
    client->reordered += number < client->end;
    client->end = number >= client->end ? number + 1 : client->end;
}

/* True if the text is a number of exactly that many digits, and a space. */
static bool read_number(const char *text, unsigned digits, int base, unsigned *number)
{
    char copy[16], *end;

    memcpy(copy, text, digits);
    copy[digits] = '\0';
    *number = (unsigned)strtoul(copy, &end, base);
    return end == copy + digits && text[digits] == ' ';
}

static bool judge_numbered(const char *entry, size_t len)
{
    unsigned client, number, check;

    if (len < HEAD_LEN || entry[0] != 'c' || !read_number(entry + 1, 5, 10, &client) ||
        !read_number(entry + 7, 9, 10, &number) ||
        !read_number(entry + ORIGIN_LEN + 1, CHECK_LEN, 16, &check) ||
        numbered_check(entry, len) != check)
        return false;
    note(&clients[client], number);
    return true;
}

static bool is_unnumbered(const char *entry, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (entry[i] != 'e' && !(len == 1 && entry[i] == '-'))
            return false;
    return len < HEAD_LEN;
}

static void judge_notice(const char *line, size_t len)
{
    const char *dropped = memmem(line, len, " dropped ", 9);

    if (dropped)
        noticed += strtoul(dropped + 9, NULL, 10);
    else
        torn++;
}

static void judge(const char *line, size_t len)
{
    const char *text;

    if (len > 4 && memcmp(line, "--- ", 4) == 0) {
        judge_notice(line, len);
        return;
    }
    if (len > 0 && line[0] == '[' && (text = memmem(line, len, "] -: ", 5))) {
        len -= (size_t)(text + 5 - line);
        line = text + 5;
    }
    if (judge_numbered(line, len))
        whole++;
    else if (is_unnumbered(line, len))
        others++;
    else
        torn++;
}

static size_t judge_lines(const char *buffer, size_t len)
{
    const char *line = buffer, *end;

    while ((end = memchr(line, '\n', len - (size_t)(line - buffer)))) {
        judge(line, (size_t)(end - line));
        line = end + 1;
    }
    return (size_t)(line - buffer);
}

static ssize_t read_some(char *to, size_t room)
{
    struct pollfd input = {.fd = 0, .events = POLLIN};
    ssize_t len;

    while ((len = read(0, to, room)) < 0 && (errno == EAGAIN || errno == EINTR))
        poll(&input, 1, -1);
    return len;
}

int main(void)
{
    char *buffer = malloc(BUFFER_BYTES + 1);
    size_t held = 0;
    ssize_t len;

    clients = calloc(CLIENTS_MAX, sizeof *clients);
    if (!buffer || !clients)
        return 71;
    while (held < BUFFER_BYTES && (len = read_some(buffer + held, BUFFER_BYTES - held)) > 0) {
        size_t done;

        held += (size_t)len;
        done = judge_lines(buffer, held);
        memmove(buffer, buffer + done, held - done);
        held -= done;
    }
    torn += held > 0;
    printf("whole %lu\nothers %lu\ntorn %lu\nnoticed %lu\n", whole, others, torn, noticed);
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        if (clients[i].end)
            printf("client %u %lu %u %lu %lu\n", i, clients[i].distinct, clients[i].end,
                   clients[i].repeated, clients[i].reordered);
    return 0;
}
