#include "plan/origin.h"

#include "aggregate/format.h"
#include "aggregate/match.h"

/* A format that is none is told by the judge. */
static bool shows_it(const struct conf_sink *sink)
{
    struct format_options options = {.origin = sink->origin == CONF_ORIGIN_ON};
    struct format *format = format_new(sink->format, &options, NULL);
    bool asks = format && format_asks_origin(format);

    format_free(&format);
    return asks;
}

bool origin_is_asked_for(const struct conf *conf)
{
    for (unsigned i = 0; i < conf->sink_count; i++) {
        if (match_conf_asks_peer(&conf->sinks[i].match) || shows_it(&conf->sinks[i]))
            return true;
    }
    for (unsigned i = 0; i < conf->ingest_count; i++) {
        if (conf->ingest[i].host == CONF_HOST_PEER)
            return true;
    }
    return false;
}
