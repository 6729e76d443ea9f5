#include "sink/tls_link.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sink/tls_trouble.h"
#include "sink/tls_way.h"

/* So much is encrypted before it is the others' turn. */
enum { PUSHES_PER_SEND = 4 };

/* ---- words ------------------------------------------------------------------------------------
 */

/* What a call into OpenSSL that did not go well means. */
static enum transport_word judge(struct tls_link *link, int result)
{
    switch (openssl.SSL_get_error(link->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return TRANSPORT_DRY;
    case SSL_ERROR_ZERO_RETURN:
        return TRANSPORT_CLOSED;
    default:
        break;
    }
    if (link->is_at_end)
        return TRANSPORT_CLOSED;
    if (link->error)
        err_set(&link->why, "%s", strerror(link->error));
    else
        tls_trouble(link->ssl, link->name, &link->why);
    errno = link->error ? link->error : EPROTO;
    return TRANSPORT_BROKEN;
}

/* ---- receiving --------------------------------------------------------------------------------
 */

enum transport_word tls_link_receive(struct tls_link *link)
{
    char bytes[4096];
    int len;

    if (sizeof link->held - link->held_len < TLS_ANSWERS_BYTES / 2)
        return TRANSPORT_DRY; /* to read may want room for an answer */
    link->may_read = TLS_READ_BYTES;
    openssl.ERR_clear_error();
    len = openssl.SSL_read(link->ssl, bytes, sizeof bytes);
    return len > 0 ? TRANSPORT_MORE : judge(link, len);
}

/* ---- sending ----------------------------------------------------------------------------------
 */

/* A peer that has reset the connection may have said why before, and nobody has read it. */
static enum transport_word broken(struct tls_link *link, int error)
{
    link->error = 0;
    if (tls_link_receive(link) == TRANSPORT_BROKEN && link->error == 0)
        return TRANSPORT_BROKEN;
    errno = error;
    err_set(&link->why, "%s", strerror(error));
    return TRANSPORT_BROKEN;
}

enum transport_word tls_link_push(struct tls_link *link)
{
    ssize_t sent;

    if (link->held_len == 0)
        return TRANSPORT_MORE;
    do {
        sent = send(link->fd, link->held, link->held_len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return TRANSPORT_DRY;
    if (sent < 0)
        return broken(link, errno);
    link->held_len -= (size_t)sent;
    memmove(link->held, link->held + sent, link->held_len);
    return link->held_len == 0 ? TRANSPORT_MORE : TRANSPORT_DRY;
}

static bool has_room(const struct tls_link *link)
{
    return sizeof link->held - link->held_len >= TLS_RECORD_MAX + TLS_ANSWERS_BYTES;
}

/* How many bytes are in a record now; 0: no room; -1 and errno. */
static ssize_t encrypt(struct tls_link *link, const char *bytes, size_t len)
{
    int taken;

    if (!has_room(link))
        return 0;
    link->may_read = TLS_READ_BYTES; /* the rest of what the peer has begun to say of its own */
    openssl.ERR_clear_error();
    taken =
        openssl.SSL_write(link->ssl, bytes, len < TLS_RECORD_BYTES ? (int)len : TLS_RECORD_BYTES);
    if (taken > 0) {
        tls_records_add(&link->records, link->encrypted, (uint64_t)taken);
        return taken;
    }
    if (judge(link, taken) != TRANSPORT_BROKEN)
        err_set(&link->why, "the peer has ended it");
    errno = EPROTO;
    return -1;
}

/* Fills what there is room for, from so many bytes of the vectors on. */
static ssize_t fill(struct tls_link *link, const struct iovec *vectors, unsigned count, size_t skip)
{
    size_t taken = 0;

    for (unsigned i = 0; i < count; i++) {
        size_t at = skip < vectors[i].iov_len ? skip : vectors[i].iov_len;

        skip -= at;
        while (at < vectors[i].iov_len) {
            ssize_t len =
                encrypt(link, (const char *)vectors[i].iov_base + at, vectors[i].iov_len - at);

            if (len <= 0)
                return len < 0 ? -1 : (ssize_t)taken;
            at += (size_t)len;
            taken += (size_t)len;
        }
    }
    return (ssize_t)taken;
}

ssize_t tls_link_send(struct tls_link *link, const struct iovec *vectors, unsigned count)
{
    size_t taken = 0;

    for (unsigned i = 0; i < PUSHES_PER_SEND; i++) {
        ssize_t more = fill(link, vectors, count, taken);
        enum transport_word word;

        if (more < 0)
            return -1;
        taken += (size_t)more;
        word = tls_link_push(link);
        if (word == TRANSPORT_BROKEN)
            return -1;
        if (word == TRANSPORT_DRY || more == 0)
            break;
    }
    if (taken > 0)
        return (ssize_t)taken;
    errno = EAGAIN;
    return -1;
}

/* What the kernel has of it has not arrived before the peer's kernel says so. */
uint64_t tls_link_under_way(struct tls_link *link)
{
    uint64_t handed_over = link->encrypted - link->held_len;
    int bytes = 0;

    if (!link->ssl || ioctl(link->fd, SIOCOUTQ, &bytes) < 0 || bytes < 0)
        return UINT64_MAX;
    if ((uint64_t)bytes < handed_over)
        tls_records_arrived(&link->records, handed_over - (uint64_t)bytes);
    return link->records.under_way;
}

/* ---- the life of it ---------------------------------------------------------------------------
 */

int tls_link_begin(struct tls_link *link, const struct tls_context *context, int fd)
{
    BIO *bio;

    memset(link, 0, offsetof(struct tls_link, held));
    link->fd = fd;
    link->name = context->name;
    openssl.ERR_clear_error();
    link->ssl = openssl.SSL_new(context->ssl);
    bio = tls_way_new(link);
    if (!link->ssl || !bio) {
        openssl.BIO_free(bio);
        tls_link_end(link);
        return err_set(&link->why, "OpenSSL has no room for a connection");
    }
    openssl.SSL_set_bio(link->ssl, bio, bio);
    if (!context->is_ip)
        openssl.SSL_ctrl(link->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                         (void *)(uintptr_t)context->name);
    openssl.SSL_set_connect_state(link->ssl);
    return 0;
}

enum transport_word tls_link_greet(struct tls_link *link)
{
    enum transport_word word, pushed;
    int result;

    link->may_read = TLS_READ_BYTES;
    openssl.ERR_clear_error();
    result = openssl.SSL_do_handshake(link->ssl);
    word = result == 1 ? TRANSPORT_MORE : judge(link, result);
    if (word == TRANSPORT_BROKEN || word == TRANSPORT_CLOSED) {
        struct err why = link->why;

        tls_link_push(link); /* our alert; what it says of the connection is not the reason */
        link->why = why;
        return word;
    }
    pushed = tls_link_push(link);
    return pushed == TRANSPORT_MORE ? word : pushed;
}

bool tls_link_is_judged(const struct tls_link *link)
{
    return !link->is_asked || link->is_answered || openssl.SSL_version(link->ssl) < TLS1_3_VERSION;
}

void tls_link_farewell(struct tls_link *link)
{
    if (link->held_len > 0)
        return;
    openssl.ERR_clear_error();
    openssl.SSL_shutdown(link->ssl);
    tls_link_push(link);
}

void tls_link_end(struct tls_link *link)
{
    if (link->ssl)
        openssl.SSL_free(link->ssl);
    link->ssl = NULL;
}
