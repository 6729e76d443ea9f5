/* tls_link.c - an encrypted connection against OpenSSL's own server, over loopback. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/tls_link.h"

enum { ROOM = 4 * 1024 * 1024 };

static struct tls_context context;
static struct tls_link link_;
static SSL_CTX *server;
static SSL *peer;
static int ours, theirs;
static char sent[ROOM], received[ROOM];
static size_t received_len;

/* ---- the other side ------------------------------------------------------------------------- */

static void sign_itself(SSL_CTX *ssl)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();

    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(ssl, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ssl, key), 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* Whether it got something. */
static bool receive_some(void)
{
    int len = SSL_read(peer, received + received_len, 50000);

    if (len > 0)
        received_len += (size_t)len;
    return len > 0;
}

static void greet(void)
{
    enum transport_word word;

    do {
        word = tls_link_greet(&link_);
        assert_true(word == TRANSPORT_MORE || word == TRANSPORT_DRY);
        receive_some();
    } while (word != TRANSPORT_MORE);
}

static enum transport_word receive_until_over(void)
{
    enum transport_word word;

    do {
        word = tls_link_receive(&link_);
    } while (word == TRANSPORT_MORE || word == TRANSPORT_DRY);
    return word;
}

static ssize_t send_from(size_t at, size_t len)
{
    struct iovec vectors[2] = {{sent + at, len / 3}, {sent + at + len / 3, len - len / 3}};

    return tls_link_send(&link_, vectors, 2);
}

static void connect_them(void)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof own;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 65536;

    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_int_equal(bind(listener, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&own, &len), 0);
    ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    assert_int_equal(connect(ours, (struct sockaddr *)&own, sizeof own), 0);
    theirs = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(theirs >= 0);
    close(listener);
}

static void wait_until_arrived(void)
{
    for (unsigned i = 0; i < 20000 && tls_link_under_way(&link_) > 0; i++)
        usleep(1000);
    assert_int_equal(tls_link_under_way(&link_), 0);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void what_is_sent_comes_out_again(void **state)
{
    (void)state;
    greet();
    assert_int_equal(send_from(0, 100000), 100000);
    while (received_len < 100000) {
        receive_some();
        tls_link_push(&link_);
    }
    assert_memory_equal(received, sent, 100000);
    wait_until_arrived();
}

/* What it takes is bounded by its buffer and the kernel's, and all of it is delivered, once. */
static void who_does_not_read_bounds_what_is_taken(void **state)
{
    size_t taken = 0, before;
    ssize_t more;

    (void)state;
    greet();
    while ((more = send_from(taken, ROOM - taken)) > 0)
        taken += (size_t)more;
    assert_int_equal(errno, EAGAIN);
    assert_true(taken < 1024 * 1024);
    assert_true(link_.held_len > 0 && link_.held_len <= sizeof link_.held);
    assert_int_equal(tls_link_push(&link_), TRANSPORT_DRY);
    before = tls_link_under_way(&link_);
    assert_true(before > 0 && before <= taken);
    while (received_len < taken) {
        receive_some();
        tls_link_push(&link_);
        assert_true(tls_link_under_way(&link_) <= before);
    }
    assert_memory_equal(received, sent, taken);
    assert_false(receive_some());
    wait_until_arrived();
}

/* Only whole records count. */
static void nothing_has_arrived_of_a_record_that_is_held(void **state)
{
    (void)state;
    greet();
    while (send_from(0, ROOM) > 0)
        ;
    assert_int_equal(send_from(0, 100), -1);
    assert_true(tls_link_under_way(&link_) >= 7 * TLS_RECORD_BYTES);
}

static void a_peer_that_closes_has_closed(void **state)
{
    (void)state;
    greet();
    SSL_shutdown(peer);
    assert_int_equal(receive_until_over(), TRANSPORT_CLOSED);
}

static void a_peer_that_is_gone_has_closed(void **state)
{
    (void)state;
    greet();
    shutdown(theirs, SHUT_WR);
    assert_int_equal(receive_until_over(), TRANSPORT_CLOSED);
}

static void nonsense_breaks_it_in_words(void **state)
{
    (void)state;
    greet();
    assert_int_equal(send(theirs, "GET / HTTP/1.0\r\n\r\n", 18, 0), 18);
    assert_int_equal(receive_until_over(), TRANSPORT_BROKEN);
    assert_int_equal(errno, EPROTO);
    assert_non_null(strstr(link_.why.text, "OpenSSL: "));
}

static void what_it_said_before_it_was_gone_is_the_reason(void **state)
{
    (void)state;
    greet();
    assert_int_equal(send(theirs, "GET / HTTP/1.0\r\n\r\n", 18, 0), 18);
    close(theirs);
    theirs = -1;
    while (send_from(0, 100000) > 0 || errno == EAGAIN)
        ;
    assert_int_equal(errno, EPROTO);
    assert_non_null(strstr(link_.why.text, "it does not speak TLS"));
}

static int unread_bytes(int fd)
{
    int bytes = 0;

    assert_int_equal(ioctl(fd, FIONREAD, &bytes), 0);
    return bytes;
}

/* OpenSSL takes tickets for itself, and would go on as long as there are some. */
static void a_peer_that_sends_tickets_without_end_gets_its_turn_and_no_more(void **state)
{
    int before;

    (void)state;
    greet();
    assert_int_equal(SSL_version(peer), TLS1_3_VERSION);
    while (unread_bytes(ours) < 2 * TLS_READ_BYTES) {
        assert_int_equal(SSL_new_session_ticket(peer), 1);
        SSL_do_handshake(peer);
    }
    before = unread_bytes(ours);
    assert_int_equal(tls_link_receive(&link_), TRANSPORT_DRY);
    assert_true(unread_bytes(ours) >= before - TLS_READ_BYTES);
    while (unread_bytes(ours) > 0)
        assert_int_equal(tls_link_receive(&link_), TRANSPORT_DRY);
    assert_int_equal(send_from(0, 100), 100);
    while (received_len < 100)
        receive_some();
}

static void a_farewell_is_heard(void **state)
{
    (void)state;
    greet();
    tls_link_farewell(&link_);
    while (!(SSL_get_shutdown(peer) & SSL_RECEIVED_SHUTDOWN))
        assert_false(receive_some());
    assert_true(SSL_get_shutdown(peer) & SSL_RECEIVED_SHUTDOWN);
}

static void without_a_certificate_asked_for_nobody_judges(void **state)
{
    (void)state;
    greet();
    assert_true(tls_link_is_judged(&link_));
}

static void who_asks_is_waited_for_until_he_answers(void **state)
{
    (void)state;
    SSL_set_verify(peer, SSL_VERIFY_PEER, NULL); /* asks, and takes none as well */
    while (tls_link_greet(&link_) != TRANSPORT_MORE)
        if (!link_.is_asked)
            receive_some();
    assert_false(tls_link_is_judged(&link_)); /* the peer has not seen our side of it */
    while (!tls_link_is_judged(&link_)) {
        receive_some();
        tls_link_receive(&link_);
    }
}

static int begin(void **state)
{
    static char name[] = "peer.example";
    struct conf_sink conf = {.tls = {.verify = CONF_VERIFY_OFF}};
    const void *setting;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ROOM; i++)
        sent[i] = (char)(i * 7 + i / 251);
    received_len = 0;
    connect_them();
    server = SSL_CTX_new(TLS_server_method());
    sign_itself(server);
    peer = SSL_new(server);
    SSL_set_fd(peer, theirs);
    SSL_set_accept_state(peer);
    if (tls_context_init(&context, &conf, name, &setting, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(tls_link_begin(&link_, &context, ours), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tls_link_end(&link_);
    tls_link_end(&link_); /* once more does nothing */
    tls_context_fini(&context);
    SSL_free(peer);
    SSL_CTX_free(server);
    close(ours);
    if (theirs >= 0)
        close(theirs);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_sent_comes_out_again),
        TEST(who_does_not_read_bounds_what_is_taken),
        TEST(nothing_has_arrived_of_a_record_that_is_held),
        TEST(a_peer_that_closes_has_closed),
        TEST(a_peer_that_is_gone_has_closed),
        TEST(nonsense_breaks_it_in_words),
        TEST(what_it_said_before_it_was_gone_is_the_reason),
        TEST(a_peer_that_sends_tickets_without_end_gets_its_turn_and_no_more),
        TEST(a_farewell_is_heard),
        TEST(without_a_certificate_asked_for_nobody_judges),
        TEST(who_asks_is_waited_for_until_he_answers),
    };

    signal(SIGPIPE, SIG_IGN); /* of the server, which is OpenSSL's */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
