/* curve_talk.h - one side of a conversation over CurveZMQ (RFC 26): its handshake, then boxes.
 *
 *     client   HELLO ───►          ───► INITIATE + properties        MESSAGE …
 *     server         ◄─── WELCOME                    READY + properties ◄───
 *
 * For those who speak ZMTP themselves. Commands are bodies of frames, made into or taken from the
 * caller's memory; the cryptography is libsodium's. No I/O; one thread at a time. Whatever is
 * refused is -1 and a sentence, which lacks only its subject. */
#ifndef CLIENT_CURVE_TALK_H
#define CLIENT_CURVE_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"
#include "zeromq/curve_key.h"

enum {
    CURVE_HELLO_LEN = 200,
    CURVE_WELCOME_LEN = 168,
    CURVE_COOKIE_LEN = 96,
    CURVE_INITIATE_HEAD = 257, /* and the properties */
    CURVE_READY_HEAD = 30,     /* the same */
    CURVE_SEAL_EXTRA = 33,     /* what a sealed frame has beyond its body */
    CURVE_PROPERTIES_MAX = 512,
};

/* Who we are in all conversations. */
struct curve_self {
    bool is_server;
    struct curve_pair pair;
    struct curve_key server; /* whom we want, as a client */
};

struct curve_talk {
    const struct curve_self *self;
    struct curve_key peer;   /* a server's: who the client is, once accepted */
    struct curve_pair brief; /* ours, for this conversation */
    unsigned char peer_brief[CURVE_KEY_BYTES];
    unsigned char cookie[CURVE_COOKIE_LEN];
    unsigned char shared[CURVE_KEY_BYTES];
    uint64_t number, peer_number; /* of the last box of each side */
    bool is_open;                 /* boxes may come */
};

/* Borrows `self`. */
void curve_talk_begin(struct curve_talk *talk, const struct curve_self *self);
void curve_talk_wipe(struct curve_talk *talk);

/* A client's steps. `initiate` has CURVE_INITIATE_HEAD bytes and those of the properties. */
void curve_talk_hello(struct curve_talk *talk, unsigned char hello[CURVE_HELLO_LEN]);
int curve_talk_initiate(struct curve_talk *talk, const void *welcome, size_t len,
                        const void *properties, size_t properties_len, unsigned char *initiate,
                        struct err *err);
int curve_talk_take_ready(struct curve_talk *talk, const void *ready, size_t len,
                          void *properties_out, size_t *properties_len_out, struct err *err);

/* A server's; whoever has the server's key may come in. */
int curve_talk_welcome(struct curve_talk *talk, const void *hello, size_t len,
                       unsigned char welcome[CURVE_WELCOME_LEN], struct err *err);
int curve_talk_accept(struct curve_talk *talk, const void *initiate, size_t len,
                      void *properties_out, size_t *properties_len_out, struct err *err);
void curve_talk_ready(struct curve_talk *talk, const void *properties, size_t properties_len,
                      unsigned char *ready);

/* `sealed` has CURVE_SEAL_EXTRA bytes more than the body. */
enum { CURVE_MORE = 1, CURVE_COMMAND = 2 };
void curve_talk_seal(struct curve_talk *talk, unsigned flags, const void *body, size_t len,
                     unsigned char *sealed);

/* Opens it in its place: *body_out and *len_out are within it. */
int curve_talk_open(struct curve_talk *talk, unsigned char *sealed, size_t sealed_len,
                    unsigned *flags_out, unsigned char **body_out, size_t *len_out,
                    struct err *err);

#endif
