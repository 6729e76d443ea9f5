/* visible - how long it takes from sending an entry to seeing it.
 *
 *     tail -n +1 -F all.log | visible ADDRESS ENTRIES RATE
 *
 * Sends so many entries of 212 bytes, evenly, so many a second. Each carries the time at which it
 * was to be sent, so a sender that is late is part of what is measured; and a newline, so that a
 * receiver need only write it to a file. What comes back on the standard input, one line an entry,
 * is subtracted from the time when it is read. Prints each in nanoseconds, a line each, as they
 * come, and `missed N` for those that `logboom tail` says it has missed. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { ENTRY_LEN = 212, ROOM = 1 << 20 };

static const char mark[] = "sent at ";
static const char missed_mark[] = "--- logboom tail: missed ";

static unsigned long entries, rate;
static const char *address;

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void sleep_until(int64_t ns)
{
    struct timespec until = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void send_entry(void *socket, int64_t ns)
{
    char entry[ENTRY_LEN + 64];
    int len = snprintf(entry, sizeof entry,
                       "{\"level\":\"info\",\"app\":\"bench\",\"message\":\"%s%lld and then some "
                       "\",\"filling\":\"",
                       mark, (long long)ns);

    memset(entry + len, 'x', (size_t)(ENTRY_LEN - len - 3));
    memcpy(entry + ENTRY_LEN - 3, "\"}\n", 3);
    zmq_send(socket, entry, ENTRY_LEN, 0);
}

static void *send_all(void *context)
{
    void *socket = zmq_socket(context, ZMQ_PUSH);
    int64_t begin_ns;

    prctl(PR_SET_TIMERSLACK, 1);
    if (zmq_connect(socket, address) < 0) {
        perror(address);
        exit(1);
    }
    sleep_until(now_ns() + 500000000); /* until it is connected, and tail has begun */
    begin_ns = now_ns();
    for (unsigned long i = 0; i < entries; i++) {
        int64_t due_ns = begin_ns + (int64_t)((double)i * 1e9 / (double)rate);

        if (due_ns > now_ns())
            sleep_until(due_ns);
        send_entry(socket, due_ns);
    }
    zmq_close(socket);
    return NULL;
}

/* So many entries more are dealt with. */
static unsigned long take_line(const char *line, int64_t read_ns)
{
    const char *at = strstr(line, mark);

    if (at) {
        printf("%lld\n", (long long)(read_ns - strtoll(at + strlen(mark), NULL, 10)));
        return 1;
    }
    if (strncmp(line, missed_mark, strlen(missed_mark)) == 0) {
        unsigned long missed = strtoul(line + strlen(missed_mark), NULL, 10);

        printf("missed %lu\n", missed);
        return missed;
    }
    return 0;
}

/* Lines that are whole; returns where the rest begins. */
static char *take_lines(char *text, char *end, unsigned long *seen)
{
    int64_t read_ns = now_ns();
    char *newline;

    while ((newline = memchr(text, '\n', (size_t)(end - text)))) {
        *newline = '\0';
        *seen += take_line(text, read_ns);
        text = newline + 1;
    }
    return text;
}

int main(int argc, char **argv)
{
    static char room[ROOM];
    void *context = zmq_ctx_new();
    unsigned long seen = 0;
    size_t held = 0;
    pthread_t sender;

    if (argc != 4) {
        fprintf(stderr, "usage: visible ADDRESS ENTRIES RATE\n");
        return 64;
    }
    address = argv[1];
    entries = strtoul(argv[2], NULL, 10);
    rate = strtoul(argv[3], NULL, 10);
    pthread_create(&sender, NULL, send_all, context);
    while (seen < entries) {
        ssize_t got = read(STDIN_FILENO, room + held, sizeof room - held);
        char *rest;

        if (got <= 0)
            return 1;
        rest = take_lines(room, room + held + got, &seen);
        held = (size_t)(room + held + got - rest);
        memmove(room, rest, held);
    }
    pthread_join(sender, NULL);
    zmq_ctx_term(context);
    return 0;
}
