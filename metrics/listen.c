#include "metrics/listen.h"

#include <stdio.h>
#include <string.h>

int metrics_parse_listen(const char *text, struct address *address_out, struct err *err)
{
    char whole[ADDRESS_TEXT_MAX];

    if (strstr(text, "://") || text[0] == '/')
        return err_set(err, "'%s': write HOST:PORT alone, such as 127.0.0.1:9514", text);
    if (strlen(text) >= sizeof whole - sizeof "tcp://*")
        return err_set(err, "'%s' is no HOST:PORT, but much longer", text);
    snprintf(whole, sizeof whole, "tcp://%s%s", text[0] == ':' ? "*" : "", text);
    return address_parse(whole, ADDRESS_TO_BIND, address_out, err);
}

int metrics_listen(const char *text, struct listener *listener, struct err *err)
{
    static const struct conf_ipc no_file;
    struct address address;

    if (metrics_parse_listen(text, &address, err) < 0)
        return -1;
    return listener_open(listener, &address, &no_file, err);
}
