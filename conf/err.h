/* err.h - one sentence that says what went wrong, carried upward.
 *
 * Low parts describe and return; only daemon/, client/ and the shared half of
 * sink/ print. A sentence longer than the buffer is cut. */
#ifndef CONF_ERR_H
#define CONF_ERR_H

struct err {
    char text[512];
};

/* Always returns -1, so that `return err_set(err, …)` reads as the failure it is.
 * A NULL err is allowed and forgets the sentence. Keeps errno as it was. */
int err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
