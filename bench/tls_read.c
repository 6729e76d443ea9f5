/* tls_read - the other end of a tls sink: decrypts, and counts what came.
 *
 *     tls_read BYTES CERTIFICATE KEY    one connection, until so many plain bytes have come
 *
 * Listens on a free port of 127.0.0.1 and prints it, and `done` at the end. */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[1 << 20];

static void fail(const char *what)
{
    fprintf(stderr, "tls_read: %s\n", what);
    exit(71);
}

static int listen_somewhere(void)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof own;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, (struct sockaddr *)&own, &len) < 0)
        fail("cannot listen");
    printf("%u\n", ntohs(own.sin_port));
    fflush(stdout);
    return fd;
}

static SSL *greet(int fd, const char *certificate, const char *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL *ssl = SSL_new(context);

    if (SSL_use_certificate_file(ssl, certificate, SSL_FILETYPE_PEM) != 1 ||
        SSL_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1)
        fail("cannot use the certificate");
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) != 1)
        fail("no handshake");
    return ssl;
}

int main(int argc, char **argv)
{
    unsigned long long left = argc == 4 ? strtoull(argv[1], NULL, 10) : 0;
    SSL *ssl;

    if (!left) {
        fprintf(stderr, "usage: tls_read BYTES CERTIFICATE KEY\n");
        return 64;
    }
    ssl = greet(accept(listen_somewhere(), NULL, NULL), argv[2], argv[3]);
    while (left > 0) {
        int len = SSL_read(ssl, buffer, sizeof buffer);

        if (len <= 0)
            fail("bytes are missing");
        left -= (unsigned long long)len < left ? (unsigned long long)len : left;
    }
    puts("done");
    fflush(stdout);
    (void)!getchar(); /* until the bench has seen the daemon stop */
    return 0;
}
