/* descriptors.h - the standard descriptors are taken, whoever started us. */
#ifndef CONF_DESCRIPTORS_H
#define CONF_DESCRIPTORS_H

#include "conf/err.h"

/* A standard descriptor that came closed would become that of a socket or a file, which
 * then gets what is meant for the terminal, or is read as input. Such a one is opened on
 * /dev/null, the wrong way round for stdin and stdout: reading and writing them still
 * fails with EBADF, as if they were closed. To be called before anything else is opened.
 * 0, or -1 and a sentence. */
int descriptors_fill_standard(struct err *err);

#endif
