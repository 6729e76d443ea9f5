/* flooder - begins handshakes in vain, so many a second, from an address of its own.
 *
 *     flooder PORT RATE SECONDS SOURCE FILE
 *
 * Connects to 127.0.0.1:PORT from SOURCE (127.0.0.2), sends what is in FILE, a greeting and a
 * HELLO, and leaves when it was answered with more than a greeting, or cut off. A HELLO is good any
 * number of times, so that this costs the flooder nothing but system calls. Prints how many
 * connections it made, and how many of them were answered. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { OPEN_MAX_AT_ONCE = 512, GREETING_LEN = 64 };

static struct {
    struct sockaddr_in to, from;
    char hello[1024];
    size_t hello_len;
    int epoll_fd;
    unsigned open;
    unsigned long made, answered;
    size_t heard[65536];
    bool said[65536];
} flood;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void leave(int fd)
{
    const struct linger none = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fd);
    flood.open--;
}

static void begin(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};

    if (fd < 0)
        return;
    flood.open++;
    flood.made++;
    flood.heard[fd] = 0;
    flood.said[fd] = false;
    if (bind(fd, (struct sockaddr *)&flood.from, sizeof flood.from) < 0 ||
        (connect(fd, (struct sockaddr *)&flood.to, sizeof flood.to) < 0 && errno != EINPROGRESS))
        leave(fd);
    else
        epoll_ctl(flood.epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void hear(int fd, uint32_t events)
{
    char bytes[1024];
    ssize_t got;

    if (events & EPOLLOUT && !flood.said[fd])
        flood.said[fd] = send(fd, flood.hello, flood.hello_len, MSG_NOSIGNAL) > 0;
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0)
        flood.heard[fd] += (size_t)got;
    if (flood.heard[fd] > GREETING_LEN) {
        flood.answered++;
        leave(fd);
    } else if (got == 0 || (got < 0 && errno != EAGAIN)) {
        leave(fd);
    }
}

static bool read_hello(const char *path)
{
    FILE *file = fopen(path, "re");

    if (file) {
        flood.hello_len = fread(flood.hello, 1, sizeof flood.hello, file);
        fclose(file);
    }
    return flood.hello_len > 0;
}

static void run(double rate, double seconds)
{
    struct epoll_event events[64];
    double began = now();

    while (now() - began < seconds) {
        double due = (now() - began) * rate;
        int ready;

        while ((double)flood.made < due && flood.open < OPEN_MAX_AT_ONCE)
            begin();
        ready = epoll_wait(flood.epoll_fd, events, 64, 1);
        for (int i = 0; i < ready; i++)
            hear(events[i].data.fd, events[i].events);
    }
}

int main(int argc, char **argv)
{
    if (argc != 6 || !read_hello(argv[5])) {
        fprintf(stderr, "usage: flooder PORT RATE SECONDS SOURCE FILE\n");
        return 64;
    }
    flood.to = flood.from = (struct sockaddr_in){.sin_family = AF_INET};
    flood.to.sin_port = htons((uint16_t)atoi(argv[1]));
    inet_pton(AF_INET, "127.0.0.1", &flood.to.sin_addr);
    inet_pton(AF_INET, argv[4], &flood.from.sin_addr);
    flood.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    run(atof(argv[2]), atof(argv[3]));
    printf("%lu %lu\n", flood.made, flood.answered);
    return 0;
}
