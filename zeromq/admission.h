/* admission.h - who may come in at addresses of ours, as configured and as files say now.
 *
 * Read as a whole before anything of it holds: so what cannot be read changes nothing, at the
 * start or while the daemon runs. The secret keys in it are wiped when it is freed. Any thread,
 * one at a time. */
#ifndef ZEROMQ_ADMISSION_H
#define ZEROMQ_ADMISSION_H

#include <sys/types.h>

#include "conf/conf.h"
#include "zeromq/curve_allow.h"
#include "zeromq/curve_key.h"
#include "zeromq/gate.h"

enum { ADMISSION_KEYS_MAX = 2 };

struct admission {
    unsigned key_count;                         /* 0: without encryption */
    struct curve_pair keys[ADMISSION_KEYS_MAX]; /* the server's, newest first */
    struct curve_allow *allow;                  /* the clients'; NULL: without encryption */
    bool picks_users;                           /* only these, over socket files: */
    unsigned user_count;
    uid_t users[GATE_USERS_MAX];
};

/* Of addresses that are bound. Borrows the settings until it returns. NULL, a sentence and the
 * setting to blame. */
struct admission *admission_new(const struct conf_curve *curve, const struct conf_ipc *ipc,
                                const void **setting_out, struct err *err);
void admission_free(struct admission **admission);

/* Over socket files of this group, or that this socket binds from now on, only the users of this
 * admission come in. Those that are there and may not be are cut, and added to *cut. Without the
 * gate ZeroMQ itself looks, and lets stay who is there. 0, or -1 and a sentence. */
int admission_pick_users(const struct admission *admission, struct gate_group *group,
                         void *zmq_socket, unsigned *cut, struct err *err);

/* What a new one means to those who had to do with the one before. */
enum { ADMISSION_NAMES_MAX = 256 };
struct admission_change {
    unsigned keys_added, keys_gone;       /* of the server */
    unsigned clients_added, clients_gone; /* keys of clients */
    unsigned clients_renamed;             /* from their next connection on */
    unsigned cut;                         /* connections of who may not come in any more */
    char names_gone[ADMISSION_NAMES_MAX]; /* "web1, web2 and 3 more"; "": nobody */
};

/* The clients' part of it. Either may be NULL, for nobody. */
void admission_compare(const struct curve_allow *before, const struct curve_allow *now,
                       struct admission_change *change);

/* In words, "" where nothing is different: "1 client added, 2 taken off (web1, web2), 3
 * connections cut off". Returns text. */
enum { ADMISSION_TEXT_MAX = 512 };
const char *admission_show(const struct admission_change *change, char text[ADMISSION_TEXT_MAX]);

#endif
