/* curve_rig.h - a folder of one test, and files of keys in it. */
#ifndef TESTS_CURVE_RIG_H
#define TESTS_CURVE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/err.h"
#include "zeromq/curve_key.h"

static const char KEY_A[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
static const char KEY_B[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char SECRET_B[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

static char folder[] = "/tmp/curve-XXXXXX";
static char path[300]; /* of the last file that was written or named */
static struct err err;

static int make_folder(void **state)
{
    (void)state;
    umask(022);
    strcpy(folder, "/tmp/curve-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static inline const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static inline const char *put(const char *name, mode_t mode, const char *text)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

/* The sentence has all these words, which `|` divides. */
static inline void said(const char *words)
{
    char copy[256], *rest = copy, *word;

    snprintf(copy, sizeof copy, "%s", words);
    while ((word = strtok_r(rest, "|", &rest))) {
        if (!strstr(err.text, word))
            fail_msg("'%s' is not in: %s", word, err.text);
    }
}

#endif
