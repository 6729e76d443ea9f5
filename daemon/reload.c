#include "daemon/reload.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf/alloc.h"
#include "conf/log.h"
#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "daemon/notify.h"

enum { SENTENCE_MAX = 1024 };

void reload_tell(struct reload *reload, int level, const char *format, ...)
{
    char text[SENTENCE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_line(level, "%s", text);
    fprintf(reload->told, "%s\n", text);
}

static void begin(struct reload *reload, struct daemon *daemon)
{
    *reload = (struct reload){.daemon = daemon, .problems = conf_problems_new()};
    reload->told = open_memstream(&reload->told_text, &reload->told_len);
    must(reload->told);
}

static void end(struct reload *reload, char **told_out)
{
    must(fclose(reload->told) == 0);
    if (told_out)
        *told_out = reload->told_text;
    else
        free(reload->told_text);
    if (reload->is_planned)
        plan_fini(&reload->plan);
    free(reload->channels);
    free(reload->fates);
    free(reload->stays);
    conf_problems_free(&reload->problems);
    conf_free(&reload->conf);
}

static bool is_refused(const struct reload *reload)
{
    return conf_problems_count(reload->problems) > 0;
}

static void tell_problems(struct reload *reload)
{
    char text[SENTENCE_MAX];
    unsigned count = conf_problems_count(reload->problems);

    for (unsigned i = 0; conf_problems_sentence(reload->problems, i, text, sizeof text); i++)
        reload_tell(reload, LOG_LEVEL_ERROR, "%s", text);
    reload_tell(reload, LOG_LEVEL_ERROR,
                "reload refused: %u problem%s; the configuration of before holds, unchanged%s",
                count, count == 1 ? "" : "s",
                reload->needs_restart ? "; ask 'logboom check' before a restart" : "");
}

/* Each step is for those that passed the one before. */
static void try(struct reload *reload)
{
    reload->conf = conf_load_again(reload->daemon->conf_path, reload->problems);
    if (reload->conf)
        reload_judge(reload);
    if (!is_refused(reload))
        reload_plan(reload);
    if (!is_refused(reload))
        reload_open(reload);
    if (is_refused(reload))
        reload_undo(reload);
    else
        reload_change(reload);
}

static void notify_reloading(void)
{
    char text[64];

    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
             clock_nanoseconds(CLOCK_MONOTONIC) / 1000);
    notify_send(text);
}

static bool refuse_stopping(char **told_out)
{
    static const char sentence[] = "the daemon is stopping; nothing is reloaded any more\n";

    if (told_out)
        *told_out = alloc_text(sentence, sizeof sentence - 1);
    return false;
}

bool daemon_reload(struct daemon *daemon, char **told_out)
{
    struct reload reload;
    bool holds;

    if (daemon->state != DAEMON_RUNNING)
        return refuse_stopping(told_out);
    notify_reloading();
    begin(&reload, daemon);
    try(&reload);
    holds = !is_refused(&reload);
    if (!holds)
        tell_problems(&reload);
    fflush(reload.told);
    daemon_note_reload(daemon, holds, reload.told_text);
    end(&reload, told_out);
    notify_send("READY=1");
    return holds;
}
