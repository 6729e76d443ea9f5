#include "sink/tls_way.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/must.h"

static int on_write(BIO *bio, const char *bytes, int len)
{
    struct tls_link *link = openssl.BIO_get_data(bio);
    size_t room = sizeof link->held - link->held_len;

    openssl.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    if ((size_t)len > room)
        len = (int)room;
    if (len <= 0) {
        openssl.BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY);
        return -1;
    }
    memcpy(link->held + link->held_len, bytes, (size_t)len);
    link->held_len += (size_t)len;
    link->encrypted += (size_t)len;
    return len;
}

static int on_read(BIO *bio, char *bytes, int room)
{
    struct tls_link *link = openssl.BIO_get_data(bio);
    size_t most = (size_t)room < link->may_read ? (size_t)room : link->may_read;
    ssize_t len;

    openssl.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    if (most == 0) {
        openssl.BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
        return -1;
    }
    do {
        len = recv(link->fd, bytes, most, MSG_DONTWAIT);
    } while (len < 0 && errno == EINTR);
    if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        openssl.BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
    else if (len < 0)
        link->error = errno;
    link->is_at_end |= len == 0;
    link->may_read -= len > 0 ? (size_t)len : 0;
    return (int)len;
}

static long on_control(BIO *bio, int command, long number, void *pointer)
{
    const struct tls_link *link = openssl.BIO_get_data(bio);

    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return link->is_at_end;
    return command == BIO_CTRL_FLUSH;
}

/* One for all connections, made with the first. */
static BIO_METHOD *way_method(void)
{
    static BIO_METHOD *method;

    if (method)
        return method;
    method =
        openssl.BIO_meth_new(openssl.BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "logboom link");
    must(method);
    openssl.BIO_meth_set_write(method, on_write);
    openssl.BIO_meth_set_read(method, on_read);
    openssl.BIO_meth_set_ctrl(method, on_control);
    return method;
}

BIO *tls_way_new(struct tls_link *link)
{
    BIO *bio = openssl.BIO_new(way_method());

    if (!bio)
        return NULL;
    openssl.BIO_set_data(bio, link);
    openssl.BIO_set_init(bio, 1);
    return bio;
}

/* ---- what is to be known of a handshake --------------------------------------------------------
 */

static struct tls_link *link_of(const SSL *ssl)
{
    return openssl.BIO_get_data(openssl.SSL_get_rbio(ssl));
}

static int on_asked(SSL *ssl, void *context)
{
    (void)context;
    link_of(ssl)->is_asked = true;
    return 1;
}

static int on_ticket(SSL *ssl, SSL_SESSION *session)
{
    (void)session;
    link_of(ssl)->is_answered = true;
    return 0; /* it stays OpenSSL's */
}

void tls_way_watch(SSL_CTX *ssl)
{
    openssl.SSL_CTX_set_cert_cb(ssl, on_asked, NULL);
    openssl.SSL_CTX_ctrl(ssl, SSL_CTRL_SET_SESS_CACHE_MODE,
                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL, NULL);
    openssl.SSL_CTX_sess_set_new_cb(ssl, on_ticket);
}
