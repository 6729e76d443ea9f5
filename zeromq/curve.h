/* curve.h - makes a ZeroMQ socket speak CURVE, as configured, and nothing else.
 *
 * Each of libzmq's options that guard a socket fails open when another is missing: without a
 * handler for ZAP every key is let in, and so it is with an empty domain. So they are set here,
 * all together, read back, and never anywhere else. Loop thread only. */
#ifndef ZEROMQ_CURVE_H
#define ZEROMQ_CURVE_H

#include "conf/conf.h"
#include "zeromq/curve_key.h"
#include "zeromq/zap.h"

/* Reads what the settings name, and keeps nothing: for judging a configuration. Whether keys,
 * permissions and lists are right. 0, or -1, a sentence and the setting to blame. */
int curve_judge(const struct conf_curve *conf, bool is_server, const void **setting_out,
                struct err *err);

/* The socket takes, at whatever it binds from now on, only clients that are on the list of
 * `domain`, which the desk knows or does not (zap_admit). 0, or -1 and a sentence; then it must
 * not bind. */
int curve_serve_as(void *zmq_socket, const struct curve_pair *pair, const char *domain,
                   struct err *err);

/* The socket connects only to who has the server's key, and shows it our own. */
int curve_connect(void *zmq_socket, const struct conf_curve *conf, const void **setting_out,
                  struct err *err);
int curve_connect_as(void *zmq_socket, const struct curve_pair *pair,
                     const struct curve_key *server, struct err *err);

/* Proves that this libzmq, guarded as above, refuses an unknown key and a client without
 * encryption, and takes a client that is on the list, by name. In a context and on an address of
 * its own; takes some 20 ms, and at most 15 s. 0, or -1 and what was wrong. */
int curve_self_test(struct err *err);

#endif
