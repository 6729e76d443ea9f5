#include "aggregate/own_host.h"

#include <string.h>
#include <sys/utsname.h>

#include "aggregate/escape.h"

void own_host(char to[OWN_HOST_ROOM])
{
    struct utsname names;
    size_t fit = 0;

    if (uname(&names) == 0)
        fit = escape_fit(ESCAPE_HEADER, names.nodename, strlen(names.nodename), OWN_HOST_ROOM - 1);
    if (fit > 0)
        *escape_write(ESCAPE_HEADER, to, names.nodename, fit) = '\0';
    else
        strcpy(to, "localhost");
}
