/* admission.h - who may come in at addresses of ours, as configured and as files say now.
 *
 * Read as a whole before anything of it holds: so what cannot be read changes nothing, at the
 * start or while the daemon runs. The secret keys in it are wiped when it is freed. Any thread,
 * one at a time. */
#ifndef ZEROMQ_ADMISSION_H
#define ZEROMQ_ADMISSION_H

#include "conf/conf.h"
#include "zeromq/curve_allow.h"
#include "zeromq/curve_key.h"

enum { ADMISSION_KEYS_MAX = 2 };

struct admission {
    unsigned key_count;                         /* 0: without encryption */
    struct curve_pair keys[ADMISSION_KEYS_MAX]; /* the server's, newest first */
    struct curve_allow *allow;                  /* the clients'; NULL: without encryption */
};

/* Of addresses that are bound. Borrows the settings until it returns. NULL, a sentence and the
 * setting to blame. */
struct admission *admission_new(const struct conf_curve *curve, const struct conf_ipc *ipc,
                                const void **setting_out, struct err *err);
void admission_free(struct admission **admission);

/* What a new one means to those who had to do with the one before. */
enum { ADMISSION_NAMES_MAX = 256 };
struct admission_change {
    unsigned keys_added, keys_gone;       /* of the server */
    unsigned clients_added, clients_gone; /* keys of clients */
    unsigned clients_renamed;             /* from their next connection on */
    unsigned cut;                         /* connections of clients that are gone */
    char names_gone[ADMISSION_NAMES_MAX]; /* "web1, web2 and 3 more"; "": nobody */
};

/* In words, "" where nothing is different: "1 client was added; 2 were taken off (web1, web2), and
 * 3 connections of theirs cut off". Returns text. */
enum { ADMISSION_TEXT_MAX = 512 };
const char *admission_show(const struct admission_change *change, char text[ADMISSION_TEXT_MAX]);

#endif
