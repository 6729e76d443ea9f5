#include "daemon/activation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/log.h"

enum { FIRST_FD = 3 };

static bool is_for_us(void)
{
    const char *pid = getenv("LISTEN_PID");
    char own[24];

    snprintf(own, sizeof own, "%d", (int)getpid());
    return pid && strcmp(pid, own) == 0;
}

static int count_of_descriptors(void)
{
    const char *text = getenv("LISTEN_FDS");
    char *end;
    long count = text ? strtol(text, &end, 10) : 0;

    if (!text || *end != '\0' || count < 1)
        return 0;
    return count < INHERITED_MAX ? (int)count : INHERITED_MAX;
}

struct inherited *activation_take(void)
{
    struct inherited *inherited = inherited_new();
    int count = is_for_us() ? count_of_descriptors() : 0;
    struct err err;

    for (int fd = FIRST_FD; fd < FIRST_FD + count; fd++) {
        if (inherited_add(inherited, fd, &err) < 0)
            log_line(LOG_LEVEL_WARNING, "the service manager gave us what we cannot use: %s",
                     err.text);
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return inherited;
}

void activation_close_rest(struct inherited *inherited)
{
    char address[ADDRESS_TEXT_MAX];

    while (inherited_close_untaken(inherited, address))
        log_line(LOG_LEVEL_WARNING,
                 "the service manager listens on %s for us, which is no 'bind' of ours: nobody "
                 "serves it; write it there just so, or take it out of the socket unit",
                 address);
}
