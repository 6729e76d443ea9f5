#include "client/greeting.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/probe_place.h"
#include "client/zmtp_out.h"
#include "conf/nanoseconds.h"

static int left_ms(int64_t until_ms)
{
    int64_t left = until_ms - monotonic_ms();

    return left > 0 ? (int)left : 0;
}

/* One try only; -1 and why: nobody is there. */
static int connect_there(const char *address, int64_t until_ms, struct err *err)
{
    char name[1];
    int status, fd = -1;
    struct probe_place *place = probe_place_new(address, PROBE_CONNECT, &status, err);

    if (!place)
        return -1;
    while (fd < 0 && probe_place_error(place) == 0 && left_ms(until_ms) > 0) {
        struct pollfd item = {.fd = -1};

        fd = probe_place_turn(place, name, sizeof name);
        item.fd = probe_place_fd(place, &item.events);
        if (fd < 0)
            poll(&item, 1, item.fd < 0 ? 1 : left_ms(until_ms));
    }
    if (fd < 0)
        err_set(err, "%s",
                strerror(probe_place_error(place) ? probe_place_error(place) : ETIMEDOUT));
    probe_place_free(&place);
    return fd;
}

/* What is behind the greeting is nobody's business. */
static bool hear_greeting(int fd, struct zmtp_in *in, int64_t until_ms)
{
    enum zmtp_in_event event = ZMTP_IN_MORE;
    struct pollfd item = {.fd = fd, .events = POLLIN};
    char bytes[256];

    while (event == ZMTP_IN_MORE && poll(&item, 1, left_ms(until_ms)) > 0) {
        ssize_t len = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

        if (len <= 0)
            return false;
        zmtp_in_feed(in, bytes, (size_t)len, &event);
    }
    return event == ZMTP_IN_GREETED;
}

bool greeting_look(const char *address, int64_t timeout_ms, char mechanism[ZMTP_IN_NAME_MAX + 1])
{
    int64_t until_ms = monotonic_ms() + timeout_ms;
    int fd = connect_there(address, until_ms, NULL);
    struct zmtp_out out = {.talk = NULL};
    struct zmtp_in in;
    bool greeted;

    if (fd < 0)
        return false;
    zmtp_in_begin(&in, NULL); /* nothing is kept of a greeting */
    zmtp_out_begin_greeting(&out);
    zmtp_out_send(&out, fd);
    greeted = hear_greeting(fd, &in, until_ms);
    close(fd);
    if (greeted)
        strcpy(mechanism, in.mechanism);
    return greeted;
}

int greeting_reach(const char *address, int64_t timeout_ms, struct err *err)
{
    int fd = connect_there(address, monotonic_ms() + timeout_ms, err);

    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}
