/* Sentences that repeat are counted (conf/log.h). Here a timer tells how often, when nobody else
 * says anything; it runs only while something is counted. */
#include "conf/log.h"
#include "conf/log_repeats.h"
#include "conf/must.h"
#include "daemon/daemon_parts.h"

static void on_time(uv_timer_t *timer)
{
    log_tell_repeats(false);
    if (!log_repeats_wait())
        uv_timer_stop(timer);
}

void daemon_watch_voice(struct daemon *daemon)
{
    if (!uv_is_active((uv_handle_t *)&daemon->voice_timer) && log_repeats_wait())
        uv_timer_start(&daemon->voice_timer, on_time, LOG_REPEATS_WINDOW_MS, LOG_REPEATS_WINDOW_MS);
}
