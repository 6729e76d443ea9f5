#include "judge/judge_parts.h"
#include "sink/net_address.h"
#include "sink/tls_context.h"

void judge_tls(const struct conf *conf, const struct conf_sink *sink,
               struct conf_problems *problems)
{
    struct net_address address;
    struct tls_context context;
    const void *setting;
    struct err err;

    if (sink->type != CONF_SINK_TLS || !sink->address ||
        net_address_parse(sink->address, NET_HOST_PORT, &address, NULL) < 0)
        return; /* said before */
    if (tls_context_init(&context, sink, address.host, &setting, &err) < 0)
        conf_problem(conf, problems, setting, "%s", err.text);
    else
        tls_context_fini(&context);
}
