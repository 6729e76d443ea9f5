/* Bytes as they are, with one sendmsg. What has arrived SIOCOUTQ tells, where the kernel knows. */
#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "sink/remote.h"
#include "sink/transport.h"

static ssize_t plain_send(struct sink *sink)
{
    struct msghdr message = {.msg_iov = sink->vectors, .msg_iovlen = sink->vector_count};
    ssize_t sent;

    do {
        sent = sendmsg(sink->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

static enum transport_word plain_push(struct sink *sink)
{
    (void)sink;
    return TRANSPORT_MORE;
}

static enum transport_word plain_receive(struct sink *sink)
{
    char bytes[4096];
    ssize_t len = recv(sink->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (len == 0)
        return TRANSPORT_CLOSED;
    if (len > 0 || errno == EINTR)
        return TRANSPORT_MORE;
    return errno == EAGAIN || errno == EWOULDBLOCK ? TRANSPORT_DRY : TRANSPORT_BROKEN;
}

static uint64_t plain_count_under_way(struct sink *sink)
{
    int bytes = 0;

    if (!sink->remote->kind->acks)
        return 0;
    if (ioctl(sink->fd, SIOCOUTQ, &bytes) < 0 || bytes < 0)
        return UINT64_MAX;
    return (uint64_t)bytes;
}

static const char *plain_why(const struct sink *sink, int error)
{
    (void)sink;
    return strerror(error);
}

const struct transport transport_plain = {
    .send = plain_send,
    .push = plain_push,
    .receive = plain_receive,
    .count_under_way = plain_count_under_way,
    .why = plain_why,
};
