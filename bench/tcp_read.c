/* tcp_read - the other end of a tcp sink: reads, and counts what came.
 *
 *     tcp_read BYTES                  one connection, until so many bytes have come
 *     tcp_read ENTRIES BREAKS MEAN    breaks off so many connections, each after MEAN bytes
 *                                     on average, until each of the pusher's entries has come
 *
 * Listens on a free port of 127.0.0.1 and prints it, and `done` at the end. To break off is to
 * half-close: what had arrived by then is still read. Then every line is looked at: the entries
 * of a connection must be a row without a gap that begins where the last ended, or earlier. */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20, SMALL_BYTES = 32 * 1024 };

static char buffer[BUFFER_BYTES];

static const char before[] = "] info: order ";
static const char behind[] =
    " was paid by card in 35 ms and handed to the warehouse at once, as always";

static struct {
    unsigned long next; /* what has come to here, whole */
    unsigned long last; /* on this connection */
    bool any;
    unsigned long repeated, broken, connections, unfinished;
} seen;

/* A small buffer: little more comes than what is broken off. */
static int listen_somewhere(bool small)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof own;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), bytes = SMALL_BYTES;

    if (small)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, (struct sockaddr *)&own, &len) < 0) {
        perror("tcp_read");
        exit(71);
    }
    printf("%u\n", ntohs(own.sin_port));
    fflush(stdout);
    return fd;
}

static void read_all(int fd, unsigned long long left)
{
    while (left > 0) {
        ssize_t len = read(fd, buffer, sizeof buffer);

        if (len <= 0) {
            fprintf(stderr, "tcp_read: %llu bytes are missing\n", left);
            exit(1);
        }
        left -= (unsigned long long)len < left ? (unsigned long long)len : left;
    }
}

static void check_line(char *line)
{
    char *at = strstr(line, before), *end;
    unsigned long number = at ? strtoul(at + sizeof before - 1, &end, 10) : 0;
    bool follows = seen.any ? number == seen.last + 1 : number <= seen.next;

    if (!at || strcmp(end, behind) != 0 || !follows) {
        fprintf(stderr, "tcp_read: after %lu, with %lu there before: %s\n", seen.last, seen.next,
                line);
        exit(1);
    }
    seen.any = true;
    seen.last = number;
    if (number < seen.next)
        seen.repeated++;
    else
        seen.next = number + 1;
}

/* Returns how many bytes are left of a line without its end. */
static size_t check_lines(size_t len)
{
    char *line = buffer, *newline;

    while ((newline = memchr(line, '\n', len - (size_t)(line - buffer)))) {
        *newline = '\0';
        check_line(line);
        line = newline + 1;
    }
    len -= (size_t)(line - buffer);
    memmove(buffer, line, len);
    return len;
}

/* Reads to the end, or until all is there; breaks off after so many bytes. */
static void read_connection(int fd, unsigned long entries, size_t break_after)
{
    size_t rest = 0;

    seen.any = false;
    while (seen.next < entries) {
        size_t most = sizeof buffer - rest;
        ssize_t len =
            read(fd, buffer + rest, break_after && break_after < most ? break_after : most);

        if (len <= 0)
            break;
        rest = check_lines(rest + (size_t)len);
        if (break_after && (break_after -= (size_t)len) == 0) {
            shutdown(fd, SHUT_WR);
            seen.broken++;
        }
    }
    seen.unfinished += rest > 0;
    seen.connections++;
}

static void read_in_pieces(int listener, unsigned long entries, unsigned long breaks, size_t mean)
{
    while (seen.next < entries) {
        int fd = accept(listener, NULL, NULL);

        read_connection(fd, entries, seen.broken < breaks ? 1 + (size_t)random() % (2 * mean) : 0);
        if (seen.next < entries)
            close(fd); /* the last stays open: the daemon is to stop first */
    }
    printf("%lu breaks, %lu of %lu connections ended in the middle of an entry, %lu entries came "
           "twice\n",
           seen.broken, seen.unfinished, seen.connections, seen.repeated);
}

int main(int argc, char **argv)
{
    unsigned long long count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    int listener;

    if (!count || (argc != 2 && argc != 4)) {
        fprintf(stderr, "usage: tcp_read BYTES | tcp_read ENTRIES BREAKS MEAN\n");
        return 64;
    }
    listener = listen_somewhere(argc == 4);
    if (argc == 2)
        read_all(accept(listener, NULL, NULL), count);
    else
        read_in_pieces(listener, count, strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
    puts("done");
    fflush(stdout);
    (void)!getchar(); /* until the bench has seen the daemon stop */
    return 0;
}
