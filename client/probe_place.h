/* probe_place.h - where the client is looked for: connects there, or listens.
 *
 *     DIALLING ──connected──► GIVEN         one connection at a time, and again when it ended
 *       │  ▲                    │
 *    refused└──── RESTING ◄─────┘
 *       └─── nobody said which way, and the address is this machine's own ───► LISTENING
 *
 * Names are looked up once, when it opens. One thread. */
#ifndef CLIENT_PROBE_PLACE_H
#define CLIENT_PROBE_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/err.h"

enum probe_way { PROBE_EITHER, PROBE_CONNECT, PROBE_BIND };

struct probe_place;

/* Keeps the address's text. NULL and a sentence; then *status_out is the exit status that
 * suits it (client/command.h). */
struct probe_place *probe_place_new(const char *address, enum probe_way way, int *status_out,
                                    struct err *err);
void probe_place_free(struct probe_place **place);

/* PROBE_CONNECT or PROBE_BIND, whichever is the way just now. */
enum probe_way probe_place_way(const struct probe_place *place);

/* As a configuration would have it; with the port that the kernel chose. */
const char *probe_place_address(const struct probe_place *place);
bool probe_place_is_loopback(const struct probe_place *place);

/* For poll(2): the descriptor, or -1, and how long until a turn is due, or -1. */
int probe_place_fd(const struct probe_place *place, short *events_out);
int probe_place_nap_ms(const struct probe_place *place);

/* A new connection, which becomes the caller's, and what to call it; or -1. */
int probe_place_turn(struct probe_place *place, char *name, size_t name_cap);

/* The connection that it gave has ended. */
void probe_place_again(struct probe_place *place);

/* Why there is none: the last errno of an attempt to connect, or 0. */
int probe_place_error(const struct probe_place *place);

#endif
