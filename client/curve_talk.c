#include "client/curve_talk.h"

#include <sodium.h>
#include <string.h>

#include "conf/must.h"

enum { MAC = crypto_box_MACBYTES, NONCE = crypto_box_NONCEBYTES, SHORT_NONCE = 8, LONG_NONCE = 16 };
enum { HELLO_PROOF = 64, VOUCH_LEN = 2 * CURVE_KEY_BYTES + MAC };

_Static_assert(NONCE == 24 && MAC == 16, "as RFC 26 has them");

/* ---- nonces ------------------------------------------------------------------------------ */

static void put_number(unsigned char bytes[SHORT_NONCE], uint64_t number)
{
    for (unsigned i = SHORT_NONCE; i > 0; i--, number >>= 8)
        bytes[i - 1] = (unsigned char)number;
}

/* Sixteen characters, and the number of the box. */
static void make_nonce(unsigned char nonce[NONCE], const char *name, const unsigned char *number)
{
    memcpy(nonce, name, LONG_NONCE);
    memcpy(nonce + LONG_NONCE, number, SHORT_NONCE);
}

/* Eight characters, and sixteen bytes of chance. */
static void make_long_nonce(unsigned char nonce[NONCE], const char *name,
                            const unsigned char *chance)
{
    memcpy(nonce, name, SHORT_NONCE);
    memcpy(nonce + SHORT_NONCE, chance, LONG_NONCE);
}

/* No box twice. */
static bool is_next(struct curve_talk *talk, const unsigned char *number_bytes)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < SHORT_NONCE; i++)
        number = number << 8 | number_bytes[i];
    if (number <= talk->peer_number)
        return false;
    talk->peer_number = number;
    return true;
}

/* ---- both -------------------------------------------------------------------------------- */

void curve_talk_begin(struct curve_talk *talk, const struct curve_self *self)
{
    must(sodium_init() >= 0);
    *talk = (struct curve_talk){.self = self};
    crypto_box_keypair(talk->brief.public_key.bytes, talk->brief.secret_key.bytes);
}

void curve_talk_wipe(struct curve_talk *talk)
{
    sodium_memzero(talk, sizeof *talk);
}

static void agree(struct curve_talk *talk)
{
    must(crypto_box_beforenm(talk->shared, talk->peer_brief, talk->brief.secret_key.bytes) == 0);
}

/* A box under what both agreed on, behind a name of `name_len` and its number. */
static void put_box(struct curve_talk *talk, unsigned char *command, const char *name,
                    size_t name_len, const char *nonce_name, const void *plain, size_t len)
{
    unsigned char nonce[NONCE];

    memcpy(command, name, name_len);
    put_number(command + name_len, ++talk->number);
    make_nonce(nonce, nonce_name, command + name_len);
    must(crypto_box_easy_afternm(command + name_len + SHORT_NONCE, plain, len, nonce,
                                 talk->shared) == 0);
}

static int take_box(struct curve_talk *talk, const unsigned char *box, size_t len,
                    const unsigned char *number, const char *nonce_name, void *plain)
{
    unsigned char nonce[NONCE];

    if (len < MAC || !is_next(talk, number))
        return -1;
    make_nonce(nonce, nonce_name, number);
    return crypto_box_open_easy_afternm(plain, box, len, nonce, talk->shared);
}

/* ---- client ------------------------------------------------------------------------------ */

static const char hello_name[] = "\5HELLO\1\0", welcome_name[] = "\7WELCOME";
static const char initiate_name[] = "\10INITIATE", ready_name[] = "\5READY";
static const char message_name[] = "\7MESSAGE";

enum { HELLO_KEY = 80, HELLO_NUMBER = HELLO_KEY + CURVE_KEY_BYTES };
enum { HELLO_BOX = HELLO_NUMBER + SHORT_NONCE };

void curve_talk_hello(struct curve_talk *talk, unsigned char hello[CURVE_HELLO_LEN])
{
    static const unsigned char zeros[HELLO_PROOF];
    unsigned char nonce[NONCE];

    memset(hello, 0, CURVE_HELLO_LEN);
    memcpy(hello, hello_name, sizeof hello_name - 1);
    memcpy(hello + HELLO_KEY, talk->brief.public_key.bytes, CURVE_KEY_BYTES);
    put_number(hello + HELLO_NUMBER, ++talk->number);
    make_nonce(nonce, "CurveZMQHELLO---", hello + HELLO_NUMBER);
    must(crypto_box_easy(hello + HELLO_BOX, zeros, sizeof zeros, nonce, talk->self->server.bytes,
                         talk->brief.secret_key.bytes) == 0);
}

static int take_welcome(struct curve_talk *talk, const unsigned char *welcome, size_t len)
{
    unsigned char nonce[NONCE], plain[CURVE_KEY_BYTES + CURVE_COOKIE_LEN];

    if (len != CURVE_WELCOME_LEN)
        return -1;
    make_long_nonce(nonce, "WELCOME-", welcome + 8);
    if (crypto_box_open_easy(plain, welcome + 8 + LONG_NONCE, sizeof plain + MAC, nonce,
                             talk->self->server.bytes, talk->brief.secret_key.bytes) != 0)
        return -1;
    memcpy(talk->peer_brief, plain, CURVE_KEY_BYTES);
    memcpy(talk->cookie, plain + CURVE_KEY_BYTES, CURVE_COOKIE_LEN);
    agree(talk);
    return 0;
}

/* Our key, and a box by which it vouches for the brief one, to this server alone. */
static void put_vouch(const struct curve_talk *talk, unsigned char *at)
{
    unsigned char nonce[NONCE], plain[2 * CURVE_KEY_BYTES];

    memcpy(at, talk->self->pair.public_key.bytes, CURVE_KEY_BYTES);
    randombytes_buf(at + CURVE_KEY_BYTES, LONG_NONCE);
    make_long_nonce(nonce, "VOUCH---", at + CURVE_KEY_BYTES);
    memcpy(plain, talk->brief.public_key.bytes, CURVE_KEY_BYTES);
    memcpy(plain + CURVE_KEY_BYTES, talk->self->server.bytes, CURVE_KEY_BYTES);
    must(crypto_box_easy(at + CURVE_KEY_BYTES + LONG_NONCE, plain, sizeof plain, nonce,
                         talk->peer_brief, talk->self->pair.secret_key.bytes) == 0);
}

enum { VOUCHED_LEN = CURVE_KEY_BYTES + LONG_NONCE + VOUCH_LEN };

int curve_talk_initiate(struct curve_talk *talk, const void *welcome, size_t len,
                        const void *properties, size_t properties_len, unsigned char *initiate,
                        struct err *err)
{
    unsigned char plain[VOUCHED_LEN + CURVE_PROPERTIES_MAX];
    unsigned char box[sizeof ready_name + SHORT_NONCE + sizeof plain + MAC];
    size_t plain_len = VOUCHED_LEN + properties_len;

    must(properties_len <= CURVE_PROPERTIES_MAX);
    if (take_welcome(talk, welcome, len) < 0)
        return err_set(err, "does not have the key of --server-key");
    put_vouch(talk, plain);
    memcpy(plain + VOUCHED_LEN, properties, properties_len);
    put_box(talk, box, "", 0, "CurveZMQINITIATE", plain, plain_len);
    memcpy(initiate, initiate_name, 9);
    memcpy(initiate + 9, talk->cookie, CURVE_COOKIE_LEN);
    memcpy(initiate + 9 + CURVE_COOKIE_LEN, box, SHORT_NONCE + plain_len + MAC);
    return 0;
}

int curve_talk_take_ready(struct curve_talk *talk, const void *ready, size_t len,
                          void *properties_out, size_t *properties_len_out, struct err *err)
{
    const unsigned char *bytes = ready;

    if (len < CURVE_READY_HEAD || len > CURVE_READY_HEAD + CURVE_PROPERTIES_MAX ||
        take_box(talk, bytes + 14, len - 14, bytes + 6, "CurveZMQREADY---", properties_out) < 0)
        return err_set(err, "says READY in a way that is not CURVE's");
    *properties_len_out = len - CURVE_READY_HEAD;
    talk->is_open = true;
    return 0;
}

/* ---- server ------------------------------------------------------------------------------ */

static int take_hello(struct curve_talk *talk, const unsigned char *hello, size_t len)
{
    unsigned char nonce[NONCE], plain[HELLO_PROOF];

    if (len != CURVE_HELLO_LEN || !is_next(talk, hello + HELLO_NUMBER))
        return -1;
    memcpy(talk->peer_brief, hello + HELLO_KEY, CURVE_KEY_BYTES);
    make_nonce(nonce, "CurveZMQHELLO---", hello + HELLO_NUMBER);
    return crypto_box_open_easy(plain, hello + HELLO_BOX, sizeof plain + MAC, nonce,
                                talk->peer_brief, talk->self->pair.secret_key.bytes);
}

/* The cookie is for servers that remember nothing in between; ours is any bytes. */
int curve_talk_welcome(struct curve_talk *talk, const void *hello, size_t len,
                       unsigned char welcome[CURVE_WELCOME_LEN], struct err *err)
{
    unsigned char nonce[NONCE], plain[CURVE_KEY_BYTES + CURVE_COOKIE_LEN];

    if (take_hello(talk, hello, len) < 0)
        return err_set(err, "takes us for a server with another key than that of --key");
    randombytes_buf(talk->cookie, CURVE_COOKIE_LEN);
    memcpy(plain, talk->brief.public_key.bytes, CURVE_KEY_BYTES);
    memcpy(plain + CURVE_KEY_BYTES, talk->cookie, CURVE_COOKIE_LEN);
    memcpy(welcome, welcome_name, 8);
    randombytes_buf(welcome + 8, LONG_NONCE);
    make_long_nonce(nonce, "WELCOME-", welcome + 8);
    must(crypto_box_easy(welcome + 8 + LONG_NONCE, plain, sizeof plain, nonce, talk->peer_brief,
                         talk->self->pair.secret_key.bytes) == 0);
    agree(talk);
    return 0;
}

/* Whether the key that the client shows vouches for the one it speaks with. */
static bool is_vouched(const struct curve_talk *talk, const unsigned char *vouched)
{
    unsigned char nonce[NONCE], plain[2 * CURVE_KEY_BYTES];

    make_long_nonce(nonce, "VOUCH---", vouched + CURVE_KEY_BYTES);
    return crypto_box_open_easy(plain, vouched + CURVE_KEY_BYTES + LONG_NONCE, VOUCH_LEN, nonce,
                                vouched, talk->brief.secret_key.bytes) == 0 &&
           memcmp(plain, talk->peer_brief, CURVE_KEY_BYTES) == 0 &&
           memcmp(plain + CURVE_KEY_BYTES, talk->self->pair.public_key.bytes, CURVE_KEY_BYTES) == 0;
}

int curve_talk_accept(struct curve_talk *talk, const void *initiate, size_t len,
                      void *properties_out, size_t *properties_len_out, struct err *err)
{
    enum { NUMBER = 9 + CURVE_COOKIE_LEN, BOX = NUMBER + SHORT_NONCE };
    unsigned char plain[VOUCHED_LEN + CURVE_PROPERTIES_MAX];
    const unsigned char *bytes = initiate;

    if (len < CURVE_INITIATE_HEAD || len > CURVE_INITIATE_HEAD + CURVE_PROPERTIES_MAX ||
        memcmp(bytes + 9, talk->cookie, CURVE_COOKIE_LEN) != 0 ||
        take_box(talk, bytes + BOX, len - BOX, bytes + NUMBER, "CurveZMQINITIATE", plain) < 0 ||
        !is_vouched(talk, plain))
        return err_set(err, "does not prove that its key is its own");
    memcpy(talk->peer.bytes, plain, CURVE_KEY_BYTES);
    *properties_len_out = len - CURVE_INITIATE_HEAD;
    memcpy(properties_out, plain + VOUCHED_LEN, *properties_len_out);
    talk->is_open = true;
    return 0;
}

void curve_talk_ready(struct curve_talk *talk, const void *properties, size_t properties_len,
                      unsigned char *ready)
{
    put_box(talk, ready, ready_name, sizeof ready_name - 1, "CurveZMQREADY---", properties,
            properties_len);
}

/* ---- boxes ------------------------------------------------------------------------------- */

static const char *message_nonce(bool from_server)
{
    return from_server ? "CurveZMQMESSAGES" : "CurveZMQMESSAGEC";
}

void curve_talk_seal(struct curve_talk *talk, unsigned flags, const void *body, size_t len,
                     unsigned char *sealed)
{
    enum { PLAIN = 8 + SHORT_NONCE };

    /* In its place: the box is longer than what is in it by the tag in front. */
    sealed[PLAIN] = (unsigned char)flags;
    memcpy(sealed + PLAIN + 1, body, len);
    put_box(talk, sealed, message_name, sizeof message_name - 1,
            message_nonce(talk->self->is_server), sealed + PLAIN, 1 + len);
}

int curve_talk_open(struct curve_talk *talk, unsigned char *sealed, size_t sealed_len,
                    unsigned *flags_out, unsigned char **body_out, size_t *len_out, struct err *err)
{
    enum { NUMBER = 8, BOX = NUMBER + SHORT_NONCE };

    if (sealed_len < CURVE_SEAL_EXTRA || memcmp(sealed, message_name, NUMBER) != 0 ||
        take_box(talk, sealed + BOX, sealed_len - BOX, sealed + NUMBER,
                 message_nonce(!talk->self->is_server), sealed + BOX) < 0)
        return err_set(err, "sends what its key does not open");
    *flags_out = sealed[BOX];
    *body_out = sealed + BOX + 1;
    *len_out = sealed_len - CURVE_SEAL_EXTRA;
    return 0;
}
