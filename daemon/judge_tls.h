/* judge_tls.h - whether the files of a sink's `tls` can be used, and only by those who should. */
#ifndef DAEMON_JUDGE_TLS_H
#define DAEMON_JUDGE_TLS_H

#include "conf/conf.h"

/* Reads them, and forgets them. */
void judge_tls(const struct conf *conf, const struct conf_sink *sink,
               struct conf_problems *problems);

#endif
