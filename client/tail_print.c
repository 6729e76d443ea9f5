#include "client/tail_print.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "client/terminal.h"
#include "conf/write_all.h"

static const char RESET[] = "\033[0m";

enum { RESET_LEN = sizeof RESET - 1, GATHERED_MAX = 64 * 1024 };

static char gathered[GATHERED_MAX];
static size_t gathered_len;
static bool with_color;

bool tail_print_wants_color(enum tail_color color)
{
    if (color != TAIL_COLOR_AUTO)
        return color == TAIL_COLOR_ALWAYS;
    return terminal_obeys(STDOUT_FILENO) && !terminal_refuses_color();
}

/* It may come in the middle of a line. A terminal that is stopped is not waited for. */
static void on_signal(int signal_number)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    ssize_t written;

    if (poll(&out, 1, 0) == 1 && (out.revents & POLLOUT)) {
        written = write(STDOUT_FILENO, RESET, RESET_LEN);
        (void)written;
    }
    raise(signal_number); /* SA_RESETHAND: now it ends us */
}

void tail_print_begin(bool color)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = on_signal,
                               .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};

    with_color = color;
    if (!color)
        return;
    for (unsigned i = 0; i < sizeof ending / sizeof *ending; i++)
        sigaction(ending[i], &action, NULL);
}

static int write_out(const char *bytes, size_t len, struct err *err)
{
    if (write_all(STDOUT_FILENO, bytes, len) < 0)
        return err_set(err, "cannot write to standard output: %s", strerror(errno));
    return 0;
}

int tail_print_flush(struct err *err)
{
    size_t len = gathered_len;

    gathered_len = 0;
    return write_out(gathered, len, err);
}

static int put(const char *text, size_t len, struct err *err)
{
    if (gathered_len + len > GATHERED_MAX && tail_print_flush(err) < 0)
        return -1;
    if (len > GATHERED_MAX)
        return write_out(text, len, err);
    memcpy(gathered + gathered_len, text, len);
    gathered_len += len;
    return 0;
}

/* "" for those that look like the rest. */
static const char *color_of(const char *level)
{
    static const struct {
        const char *level;
        const char *color;
    } colors[] = {
        {"emerg", "\033[1;31m"}, {"alert", "\033[1;31m"}, {"crit", "\033[1;31m"},
        {"error", "\033[31m"},   {"warning", "\033[33m"}, {"notice", "\033[1m"},
        {"debug", "\033[2m"},    {"trace", "\033[2m"},
    };

    for (unsigned i = 0; level && with_color && i < sizeof colors / sizeof *colors; i++) {
        if (strcmp(level, colors[i].level) == 0)
            return colors[i].color;
    }
    return "";
}

int tail_print(const char *level, const char *text, size_t len, struct err *err)
{
    const char *color = color_of(level);

    if (put(color, strlen(color), err) < 0 || put(text, len, err) < 0 ||
        (*color && put(RESET, RESET_LEN, err) < 0))
        return -1;
    return put("\n", 1, err);
}
