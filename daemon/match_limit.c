/* A message that makes an expression give up is somebody's attack, or an expression that was
 * not thought through. The first is told; a sentence for each would be a flood of its own, so
 * the others are only counted. */
#include "conf/log.h"
#include "daemon/daemon_parts.h"

void daemon_watch_matches(struct daemon *daemon)
{
    for (unsigned i = 0; i < daemon->channel_count; i++) {
        if (outbox_ledger(daemon->channels[i]->outbox)->match_limit == 0 ||
            daemon->channels[i]->trouble.gave_up_told)
            continue;
        daemon->channels[i]->trouble.gave_up_told = true;
        log_line(LOG_LEVEL_WARNING,
                 "sink %s: searching a message for its 'match' took too many steps, and was given "
                 "up as if nothing were found; more of them are counted as match_limit",
                 sink_name(daemon->channels[i]->sink));
    }
}
