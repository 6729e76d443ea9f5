/* churn - connects, sends and closes, again and again, as fast as it is let.
 *
 *     churn ADDRESS [client=0] [cycles=0] [ms=0] [messages=1] [sizes=130] [pending=500]
 *
 * Each cycle is a socket of its own with `messages` entries, which go on numbering as one
 * client. Ends after `cycles`, or after `ms` milliseconds. At most `pending` closed sockets
 * may still be busy with sending. Says `closed` when the last was closed, `left` when all is
 * with the kernel, `cycles N` and `sent CLIENT NUMBERED OTHERS`. */
#include <errno.h>
#include <stdbool.h>
#include <time.h>
#include <zmq.h>

#include "leaving.h"
#include "numbered.h"
#include "options.h"

/* libzmq's own bound on sockets is the bound on what is pending. */
static void *take_socket(void *context)
{
    void *socket;

    while (!(socket = zmq_socket(context, ZMQ_PUSH)) && zmq_errno() == EMFILE && !told_to_leave)
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    return socket;
}

static bool cycle(void *context, const char *address, unsigned messages, const struct sizes *sizes,
                  unsigned client, unsigned *numbered, unsigned *others)
{
    static char entry[ENTRY_LEN_MAX];
    int forever = -1, no_limit = 0;
    void *socket = take_socket(context);

    if (!socket)
        return false;
    zmq_setsockopt(socket, ZMQ_LINGER, &forever, sizeof forever);
    zmq_setsockopt(socket, ZMQ_SNDHWM, &no_limit, sizeof no_limit);
    if (zmq_connect(socket, address) < 0)
        exit(1);
    for (unsigned i = 0; i < messages; i++) {
        size_t len = sizes->bytes[(*numbered + *others) % sizes->count];
        bool has_number = numbered_make(entry, len, client, *numbered);

        if (zmq_send(socket, entry, len, 0) < 0)
            exit(1);
        *numbered += has_number;
        *others += !has_number;
    }
    zmq_close(socket);
    return true;
}

int main(int argc, char **argv)
{
    unsigned client = (unsigned)option_number(argc, argv, "client", 0);
    unsigned messages = (unsigned)option_number(argc, argv, "messages", 1);
    unsigned long cycles = option_number(argc, argv, "cycles", 0), done = 0;
    double end = now() + (double)option_number(argc, argv, "ms", 3600000) / 1000;
    struct sizes sizes = option_sizes(argc, argv, "130");
    unsigned numbered = 0, others = 0;
    void *context = zmq_ctx_new();

    if (argc < 2) {
        fprintf(stderr, "usage: churn ADDRESS [name=value …]\n");
        return 64;
    }
    leave_on_sigterm();
    zmq_ctx_set(context, ZMQ_MAX_SOCKETS, (int)option_number(argc, argv, "pending", 500));
    while ((!cycles || done < cycles) && now() < end && !told_to_leave &&
           cycle(context, argv[1], messages, &sizes, client, &numbered, &others))
        done++;
    puts("closed");
    fflush(stdout);
    while (zmq_ctx_term(context) < 0 && zmq_errno() == EINTR)
        continue;
    printf("left\ncycles %lu\nsent %u %u %u\n", done, client, numbered, others);
    return 0;
}
