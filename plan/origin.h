/* origin.h - whether anybody wants to know who sent an entry. */
#ifndef PLAN_ORIGIN_H
#define PLAN_ORIGIN_H

#include "conf/conf.h"

/* A sink shows seq, peer or uid, or asks for the peer, or the peer is some endpoint's host. */
bool origin_is_asked_for(const struct conf *conf);

#endif
