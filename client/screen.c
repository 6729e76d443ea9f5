#include "client/screen.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* xterm's and all that followed it (console_codes(4), ctlseqs of xterm). */
#define ALTERNATE_PAGE "\x1b[?1049h"
#define USUAL_PAGE     "\x1b[?1049l"
#define HIDE_CURSOR    "\x1b[?25l"
#define SHOW_CURSOR    "\x1b[?25h"
#define HOME           "\x1b[H"
#define ERASE_LINE     "\x1b[K"
#define ERASE_BELOW    "\x1b[J"

static struct termios before;
static bool has_keys;

/* ^C stays what it is; ^Z would leave the terminal as it is now, and does nothing. */
static void take_keys(void)
{
    struct termios now;

    has_keys = tcgetattr(STDIN_FILENO, &before) == 0;
    if (!has_keys)
        return;
    now = before;
    now.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    now.c_cc[VMIN] = 1;
    now.c_cc[VTIME] = 0;
    now.c_cc[VSUSP] = _POSIX_VDISABLE;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
}

void screen_open(void)
{
    take_keys();
    fputs(ALTERNATE_PAGE HIDE_CURSOR, stdout);
    fflush(stdout);
}

/* After Ctrl-S a terminal takes nothing until Ctrl-Q; whoever wrote would wait for that. */
static bool is_stopped(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&out, 1, 0) == 0;
}

/* Also after Ctrl-S: TCOON alone undoes only a TCOOFF, and both together either. */
static void go_on(void)
{
    tcflow(STDOUT_FILENO, TCOOFF);
    tcflow(STDOUT_FILENO, TCOON);
}

void screen_close(void)
{
    go_on();
    fputs(SHOW_CURSOR USUAL_PAGE, stdout);
    fflush(stdout);
    if (has_keys)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

/* The newline of the last line is left out: it would move the page up. */
void screen_show(const char *lines, size_t len)
{
    if (is_stopped())
        return;
    fputs(HOME, stdout);
    for (size_t at = 0; at < len;) {
        const char *end = memchr(lines + at, '\n', len - at);
        size_t line_len = end ? (size_t)(end - lines) - at : len - at;

        fwrite(lines + at, 1, line_len, stdout);
        at += line_len + 1;
        fputs(at < len ? ERASE_LINE "\r\n" : ERASE_LINE, stdout);
    }
    fputs(ERASE_BELOW, stdout);
    fflush(stdout);
}
