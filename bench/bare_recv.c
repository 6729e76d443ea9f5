/* bare_recv - the yardstick: a loop that receives messages and does nothing else.
 *
 *     bare_recv ADDRESS BYTES [FILE]
 *
 * Binds a PULL socket and calls zmq_msg_recv until that many bytes of payload have
 * come; with FILE each payload is also written to it, unread. Prints `ready` once it
 * listens. Encrypts where the environment has keys (curve_env.h). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/curve_env.h"

int main(int argc, char **argv)
{
    unsigned long long left = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    int fd = argc > 3 ? open(argv[3], O_WRONLY | O_CREAT | O_APPEND, 0640) : -1;
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_PULL);
    zmq_msg_t message;

    curve_env_apply(socket);
    if (!left || zmq_bind(socket, argv[1]) < 0) {
        fprintf(stderr, "usage: bare_recv ADDRESS BYTES [FILE]\n");
        return 64;
    }
    puts("ready");
    fflush(stdout);
    zmq_msg_init(&message);
    while (left > 0) {
        size_t len;

        if (zmq_msg_recv(&message, socket, 0) < 0) {
            perror("zmq_msg_recv");
            return 1;
        }
        len = zmq_msg_size(&message);
        if (fd >= 0 && write(fd, zmq_msg_data(&message), len) != (ssize_t)len) {
            perror(argv[3]);
            return 1;
        }
        left -= len;
    }
    puts("done");
    fflush(stdout);
    (void)!getchar(); /* until the bench has read our CPU time */
    return 0;
}
