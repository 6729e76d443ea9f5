/* microhttpd.h - GNU libmicrohttpd, which is loaded when metrics are configured, so that it costs
 * others nothing.
 *
 * MICROHTTPD_FUNCTIONS names each function that is used, and microhttpd.NAME calls it, with the
 * types of its own header. */
#ifndef METRICS_MICROHTTPD_H
#define METRICS_MICROHTTPD_H

#include <microhttpd.h>

#include "conf/err.h"

#define MICROHTTPD_FUNCTIONS(X)                                                                    \
    X(MHD_add_response_header)                                                                     \
    X(MHD_create_response_from_buffer_with_free_callback_cls)                                      \
    X(MHD_destroy_response)                                                                        \
    X(MHD_get_connection_info)                                                                     \
    X(MHD_get_daemon_info)                                                                         \
    X(MHD_get_timeout)                                                                             \
    X(MHD_queue_response)                                                                          \
    X(MHD_run)                                                                                     \
    X(MHD_start_daemon)                                                                            \
    X(MHD_stop_daemon)

#define MICROHTTPD_MEMBER(name) __typeof__(name) *(name);

struct microhttpd {
    MICROHTTPD_FUNCTIONS(MICROHTTPD_MEMBER)
};

extern struct microhttpd microhttpd;

/* 0, or -1 and a sentence: the library is not there, or lacks something. Once is enough; it is
 * never unloaded. */
int microhttpd_load(struct err *err);

#endif
