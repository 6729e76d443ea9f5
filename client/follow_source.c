/* What is read from a followed file that is open. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "client/follow_parts.h"
#include "client/say.h"
#include "conf/nanoseconds.h"

enum { READS_A_LOOK = 16 }; /* so that one busy file does not starve the others */

struct uplink *follow_uplink(const struct follow *follow)
{
    return follow->shipment->uplink;
}

/* One read. *more_out is false at the end of what there is. */
static int read_once(struct follow *follow, struct source *source, const char *name, bool *more_out,
                     struct err *err)
{
    struct line_reader *reader = &follow->shipment->reader;
    ssize_t count;

    *more_out = false;
    if (shipment_make_room(follow->shipment, err) < 0)
        return -1;
    count = read(source->fd, line_reader_room(reader), line_reader_room_bytes(reader));
    if (count < 0 && errno != EINTR && errno != EAGAIN)
        say("cannot read %s: %s", name, strerror(errno));
    if (count <= 0)
        return 0;
    *more_out = true;
    source->offset += count;
    source->quiet_since_ms = monotonic_ms();
    return shipment_take(follow->shipment, (size_t)count, name, err);
}

int follow_read_source(struct follow *follow, struct source *source, const char *name,
                       bool *more_out, struct err *err)
{
    *more_out = false;
    if (source->fd < 0)
        return 0;
    if (shipment_take_up(follow->shipment, &source->begun, err) < 0)
        return -1;
    *more_out = true;
    for (unsigned i = 0; i < READS_A_LOOK && *more_out && uplink_signal(follow_uplink(follow)) == 0;
         i++)
        if (read_once(follow, source, name, more_out, err) < 0)
            return -1;
    shipment_put_aside(follow->shipment, &source->begun);
    return 0;
}

int follow_end_source(struct follow *follow, struct source *source, const char *name,
                      struct err *err)
{
    if (shipment_take_up(follow->shipment, &source->begun, err) < 0)
        return -1;
    source->begun.len = 0;
    return shipment_end_input(follow->shipment, name, true, err);
}

void follow_close_source(struct follow *follow, struct source *source)
{
    if (source->fd < 0)
        return;
    close(source->fd);
    if (source->watch >= 0)
        inotify_rm_watch(follow->inotify, source->watch);
    free(source->begun.bytes);
    *source = (struct source){.fd = -1};
}
