/* misuse.h - shows that a call stops the process, as must() promises of misuse.
 *
 * The call runs in a child with its standard error closed. After cmocka.h. */
#ifndef TESTS_AGGREGATE_MISUSE_H
#define TESTS_AGGREGATE_MISUSE_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static inline pid_t misuse_begin(void)
{
    pid_t child = fork();

    if (child == 0) {
        const struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2);
    }
    return child;
}

static inline bool misuse_stopped(pid_t child)
{
    int status = 0;

    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGABRT;
}

#define assert_stops(call)                                                                         \
    do {                                                                                           \
        pid_t child = misuse_begin();                                                              \
                                                                                                   \
        if (child == 0) {                                                                          \
            call;                                                                                  \
            _exit(0);                                                                              \
        }                                                                                          \
        if (!misuse_stopped(child))                                                                \
            fail_msg("%s went on", #call);                                                         \
    } while (0)

#endif
