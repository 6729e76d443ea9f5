#include "client/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_obeys(int fd)
{
    const char *kind = getenv("TERM");

    return isatty(fd) && kind && *kind && strcmp(kind, "dumb") != 0;
}

bool terminal_refuses_color(void)
{
    const char *no_color = getenv("NO_COLOR");

    return no_color && *no_color;
}

struct terminal_size terminal_size(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
        return (struct terminal_size){.columns = 80, .lines = 24};
    return (struct terminal_size){.columns = size.ws_col, .lines = size.ws_row};
}
