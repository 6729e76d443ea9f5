/* curve_file.h - the file of a key pair.
 *
 *     # The key pair of web1, made by logboom keygen. Keep this file to yourself.
 *     name   web1
 *     public rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7
 *     secret JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6
 *
 * `name` may be missing, and so may `public`, which follows from the secret. */
#ifndef ZEROMQ_CURVE_FILE_H
#define ZEROMQ_CURVE_FILE_H

#include "zeromq/curve_key.h"

/* Makes the file, mode 0600 whatever the umask, and syncs it. Never writes over anything: what
 * stands there already is left alone. 0, or -1 and a sentence, and no file of ours. */
int curve_file_write(const char *path, const struct curve_pair *pair, struct err *err);

/* Refuses a file that somebody else owns or may read. 0, or -1 and a sentence that says where
 * and what to do; the caller wipes the pair. */
int curve_file_read(const char *path, struct curve_pair *pair_out, struct err *err);

#endif
