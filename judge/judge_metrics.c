/* Where metrics are served. */
#include <errno.h>
#include <string.h>

#include "judge/judge_parts.h"
#include "metrics/listen.h"

/* An endpoint or a sink that listens there, too. */
static bool is_bound_there(const struct conf_strings *bind, const struct address *address)
{
    char shown[ADDRESS_TEXT_MAX], other_shown[ADDRESS_TEXT_MAX];
    struct address other;

    for (unsigned i = 0; i < bind->count; i++) {
        if (address->port != 0 &&
            address_parse(bind->items[i], ADDRESS_TO_BIND, &other, NULL) == 0 &&
            strcmp(address_show(&other, other_shown), address_show(address, shown)) == 0)
            return true;
    }
    return false;
}

static const char *who_is_bound_there(const struct conf *conf, const struct address *address)
{
    for (unsigned i = 0; i < conf->ingest_count; i++) {
        if (is_bound_there(&conf->ingest[i].bind, address))
            return conf->ingest[i].name;
    }
    for (unsigned i = 0; i < conf->sink_count; i++) {
        if (is_bound_there(&conf->sinks[i].bind, address))
            return conf->sinks[i].name;
    }
    return NULL;
}

void judge_metrics(const struct conf *conf, struct conf_problems *problems)
{
    const char *listen = conf->metrics.listen, *other;
    struct address address;
    struct err err;

    if (!listen)
        return;
    if (metrics_parse_listen(listen, &address, &err) < 0)
        conf_problem(conf, problems, &conf->metrics.listen, "%s", err.text);
    else if ((other = who_is_bound_there(conf, &address)))
        conf_problem(conf, problems, &conf->metrics.listen, "'%s' is where '%s' listens, too",
                     listen, other);
}

void judge_metrics_warnings(const struct conf *conf, struct conf_problems *warnings)
{
    struct address address;

    if (!conf->metrics.listen || metrics_parse_listen(conf->metrics.listen, &address, NULL) < 0 ||
        address_is_loopback(&address))
        return;
    conf_problem(conf, warnings, &conf->metrics.listen,
                 "warning: '%s' is beyond loopback, and metrics are not encrypted: whoever reaches "
                 "it can read how much is logged, and what endpoints and sinks are called",
                 conf->metrics.listen);
}

void judge_try_metrics(const struct conf *conf, const struct conf_strings *listening,
                       struct conf_problems *problems)
{
    struct listener listener;
    struct address address;
    struct err err;
    bool in_use;

    if (!conf->metrics.listen || judge_is_listening(listening, conf->metrics.listen) ||
        metrics_parse_listen(conf->metrics.listen, &address, NULL) < 0)
        return; /* said before */
    if (metrics_listen(conf->metrics.listen, &listener, &err) == 0) {
        listener_close(&listener);
        return;
    }
    in_use = strstr(err.text, strerror(EADDRINUSE)) != NULL;
    conf_problem(conf, problems, &conf->metrics.listen, "%s%s", err.text,
                 listening && in_use ? JUDGE_ASK_THE_OTHER : "");
}
