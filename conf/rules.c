#include "conf/rules.h"

#include <string.h>

#include "conf/count_of.h"
#include "conf/places.h"

static bool is_written(const struct conf *conf, const void *setting)
{
    return places_was_written(conf->places, setting);
}

static bool is_settled(const struct conf *conf, const void *setting)
{
    return !places_was_refused(conf->places, setting);
}

/* ---- ingest -------------------------------------------------------------- */

static void judge_addresses(const struct conf *conf, struct conf_problems *problems,
                            const struct conf_ingest *ingest)
{
    if (ingest->bind.count == 0 && ingest->connect.count == 0 && is_settled(conf, &ingest->bind) &&
        is_settled(conf, &ingest->connect))
        conf_problem(conf, problems, &ingest->bind,
                     "an ingest endpoint needs 'bind' or 'connect', such as "
                     "bind: 'tcp://127.0.0.1:5514'");
}

static void judge_socket(const struct conf *conf, struct conf_problems *problems,
                         const struct conf_ingest *ingest)
{
    if (!is_settled(conf, &ingest->socket))
        return;
    if (ingest->socket != CONF_SOCKET_SUB && is_written(conf, &ingest->subscribe))
        conf_problem(conf, problems, &ingest->subscribe, "'subscribe' is only for sub sockets");
    if (ingest->socket == CONF_SOCKET_PAIR && ingest->bind.count + ingest->connect.count > 1)
        conf_problem(conf, problems, &ingest->socket,
                     "a pair socket has one peer, and so one address in 'bind' or 'connect'");
}

static void judge_limits(const struct conf *conf, struct conf_problems *problems,
                         const struct conf_ingest *ingest)
{
    char entry[UNITS_TEXT_MAX], message[UNITS_TEXT_MAX];

    if (ingest->max_entry.bytes <= ingest->max_message.bytes ||
        !is_settled(conf, &ingest->max_entry) || !is_settled(conf, &ingest->max_message))
        return;
    units_show_bytes(ingest->max_entry, entry);
    units_show_bytes(ingest->max_message, message);
    if (is_written(conf, &ingest->max_message))
        conf_problem(conf, problems, &ingest->max_message,
                     "'max_message' is %s, below 'max_entry', which is %s", message, entry);
    else
        conf_problem(conf, problems, &ingest->max_entry,
                     "'max_entry' is %s, above 'max_message', which is %s", entry, message);
}

/* What encryption needs, and what nothing but encryption has. Who binds is the server. */
static void judge_curve(const struct conf *conf, struct conf_problems *problems,
                        const struct conf_curve *curve, bool binds, bool connects)
{
    const struct {
        const void *setting;
        const char *name, *remedy;
        bool needed;
    } settings[] = {
        {&curve->key, "key",
         "the file of its own key pair, which 'logboom keygen /etc/logboom/server.key' makes",
         true},
        {&curve->allow, "allow", "a list, file or folder of the public keys that are let in",
         binds},
        {&curve->server_key, "server_key", "the public key of whom it connects to", connects},
    };

    if (!is_settled(conf, &curve->encryption))
        return;
    for (unsigned i = 0; i < COUNT_OF(settings); i++) {
        bool written = is_written(conf, settings[i].setting);

        if (written && curve->encryption == CONF_ENCRYPTION_NONE)
            conf_problem(conf, problems, settings[i].setting,
                         "'%s' is only for encryption: curve, which is not written here",
                         settings[i].name);
        else if (written && !settings[i].needed)
            conf_problem(conf, problems, settings[i].setting, "'%s' is only for those who %s",
                         settings[i].name, binds ? "connect" : "bind");
        else if (!written && curve->encryption == CONF_ENCRYPTION_CURVE && settings[i].needed)
            conf_problem(conf, problems, &curve->encryption, "encryption: curve needs '%s', %s",
                         settings[i].name, settings[i].remedy);
    }
    if (curve->encryption == CONF_ENCRYPTION_CURVE && binds && connects)
        conf_problem(conf, problems, &curve->encryption,
                     "with encryption: curve, who binds lets clients in, and who connects is one; "
                     "make two of it, one with 'bind' and one with 'connect'");
}

/* The kernel knows users of sockets of this machine alone. */
static void judge_users(const struct conf *conf, struct conf_problems *problems,
                        const struct conf_ipc *ipc, const struct conf_strings *bind)
{
    bool any_file = false;

    for (unsigned i = 0; i < bind->count; i++)
        any_file |= strncmp(bind->items[i], "ipc:", 4) == 0;
    if (ipc->allow_uid.count > 0 && !any_file)
        conf_problem(conf, problems, &ipc->allow_uid,
                     "'allow_uid' is for ipc:// addresses in 'bind', and there is none");
}

bool conf_is_plain_on_purpose(const struct conf *conf, const struct conf_curve *curve)
{
    return curve->encryption == CONF_ENCRYPTION_NONE && conf->places &&
           is_written(conf, &curve->encryption);
}

static void judge_ingest_name(const struct conf *conf, struct conf_problems *problems, unsigned at)
{
    const char *name = conf->ingest[at].name;

    for (unsigned i = 0; name && i < at; i++)
        if (conf->ingest[i].name && strcmp(conf->ingest[i].name, name) == 0) {
            conf_problem(conf, problems, &conf->ingest[at].name,
                         "another ingest endpoint is called '%s' too", name);
            return;
        }
}

static void judge_ingest(const struct conf *conf, struct conf_problems *problems)
{
    if (conf->ingest_count == 0 && is_settled(conf, &conf->ingest))
        conf_problem(conf, problems, &conf->ingest,
                     "'ingest' needs at least one endpoint, such as "
                     "- {name: apps, bind: 'tcp://127.0.0.1:5514'}");
    for (unsigned i = 0; i < conf->ingest_count; i++) {
        judge_ingest_name(conf, problems, i);
        judge_addresses(conf, problems, &conf->ingest[i]);
        judge_socket(conf, problems, &conf->ingest[i]);
        judge_limits(conf, problems, &conf->ingest[i]);
        judge_curve(conf, problems, &conf->ingest[i].curve, conf->ingest[i].bind.count > 0,
                    conf->ingest[i].connect.count > 0);
        judge_users(conf, problems, &conf->ingest[i].ipc, &conf->ingest[i].bind);
    }
}

/* ---- sinks --------------------------------------------------------------- */

static void judge_path(const struct conf *conf, struct conf_problems *problems,
                       const struct conf_sink *sink)
{
    if (!is_settled(conf, &sink->type))
        return;
    if (sink->type == CONF_SINK_FILE && !is_written(conf, &sink->path))
        conf_problem(conf, problems, &sink->path,
                     "a sink of type file needs 'path', such as path: /var/log/logboom/all.log");
    if (sink->type != CONF_SINK_FILE && is_written(conf, &sink->path))
        conf_problem(conf, problems, &sink->path, "'path' is only for sinks of type file");
}

/* What only files have. */
static void judge_file_settings(const struct conf *conf, struct conf_problems *problems,
                                const struct conf_sink *sink)
{
    const struct {
        const void *setting;
        const char *name;
    } settings[] = {
        {&sink->mode, "mode"},
        {&sink->owner, "owner"},
        {&sink->group, "group"},
        {&sink->rotate.size, "rotate.size"},
        {&sink->rotate.every, "rotate.every"},
        {&sink->rotate.keep, "rotate.keep"},
        {&sink->rotate.max_total, "rotate.max_total"},
        {&sink->rotate.compress, "rotate.compress"},
        {&sink->sync, "sync"},
        {&sink->min_free, "min_free"},
        {&sink->max_open, "max_open"},
        {&sink->max_paths, "max_paths"},
    };

    if (sink->type == CONF_SINK_FILE || !is_settled(conf, &sink->type))
        return;
    for (unsigned i = 0; i < COUNT_OF(settings); i++)
        if (is_written(conf, settings[i].setting))
            conf_problem(conf, problems, settings[i].setting, "'%s' is only for sinks of type file",
                         settings[i].name);
}

static bool puts_away(const struct conf_sink *sink)
{
    return sink->rotate.size.bytes > 0 || sink->rotate.every != CONF_EVERY_NEVER;
}

/* A file whose day is over need not be put away to be removed. */
static bool has_date(const struct conf_sink *sink)
{
    return sink->path && strstr(sink->path, "{date}");
}

/* What is for files that were put away, and none ever is. */
static void judge_without_rotation(const struct conf *conf, struct conf_problems *problems,
                                   const struct conf_sink *sink)
{
    const struct conf_rotate *rotate = &sink->rotate;
    const struct {
        const void *setting;
        const char *name;
    } settings[] = {
        {&rotate->keep, "keep"},
        {&rotate->max_total, "max_total"},
        {&rotate->compress, "compress"},
    };

    for (unsigned i = 0; i < COUNT_OF(settings); i++)
        if (is_written(conf, settings[i].setting) &&
            !(settings[i].setting == &rotate->max_total && has_date(sink)))
            conf_problem(conf, problems, settings[i].setting,
                         "'%s' is for files that were put away; that needs 'size' or 'every', such "
                         "as size: 100MiB",
                         settings[i].name);
}

static void judge_rotate(const struct conf *conf, struct conf_problems *problems,
                         const struct conf_sink *sink)
{
    const struct conf_rotate *rotate = &sink->rotate;
    char total[UNITS_TEXT_MAX], size[UNITS_TEXT_MAX];

    if (sink->type != CONF_SINK_FILE || !is_settled(conf, &sink->type) ||
        !is_settled(conf, &rotate->size) || !is_settled(conf, &rotate->every))
        return;
    if (!puts_away(sink))
        judge_without_rotation(conf, problems, sink);
    else if (is_settled(conf, &rotate->max_total) && rotate->max_total.bytes > 0 &&
             rotate->max_total.bytes / 2 < rotate->size.bytes)
        conf_problem(conf, problems, &rotate->max_total,
                     "'max_total' is %s, below twice 'size', which is %s",
                     units_show_bytes(rotate->max_total, total),
                     units_show_bytes(rotate->size, size));
}

static bool is_stream(const struct conf_sink *sink)
{
    return sink->type == CONF_SINK_TCP || sink->type == CONF_SINK_TLS ||
           sink->type == CONF_SINK_UNIX;
}

/* Whether entries go over a connection, be it one that carries datagrams. */
static bool is_remote(const struct conf_sink *sink)
{
    return is_stream(sink) || sink->type == CONF_SINK_UDP || sink->type == CONF_SINK_UNIX_DGRAM;
}

static void judge_only(const struct conf *conf, struct conf_problems *problems, const void *setting,
                       const char *name, const char *types)
{
    if (is_written(conf, setting))
        conf_problem(conf, problems, setting, "'%s' is only for sinks of type %s", name, types);
}

static void judge_address_of_sink(const struct conf *conf, struct conf_problems *problems,
                                  const struct conf_sink *sink)
{
    static const struct {
        const char *type, *example;
    } words[] = {
        [CONF_SINK_TCP] = {"tcp", "'loghost:514'"},
        [CONF_SINK_TLS] = {"tls", "'loghost:6514'"},
        [CONF_SINK_UNIX] = {"unix", "/run/logs.sock"},
        [CONF_SINK_UDP] = {"udp", "'loghost:514'"},
        [CONF_SINK_UNIX_DGRAM] = {"unix-dgram", "/dev/log"},
    };

    if (!is_written(conf, &sink->address))
        conf_problem(conf, problems, &sink->address,
                     "a sink of type %s needs 'address', such as address: %s",
                     words[sink->type].type, words[sink->type].example);
}

/* What only zmq has. */
static void judge_zmq_settings(const struct conf *conf, struct conf_problems *problems,
                               const struct conf_sink *sink)
{
    const struct {
        const void *setting;
        const char *name;
    } settings[] = {
        {&sink->socket, "socket"},
        {&sink->bind, "bind"},
        {&sink->connect, "connect"},
        {&sink->ipc.mode, "ipc.mode"},
        {&sink->ipc.owner, "ipc.owner"},
        {&sink->ipc.group, "ipc.group"},
        {&sink->ipc.allow_uid, "ipc.allow_uid"},
        {&sink->topic, "topic"},
        {&sink->max_clients, "max_clients"},
        {&sink->curve.key, "key"},
        {&sink->curve.encryption, "encryption"},
        {&sink->curve.allow, "allow"},
        {&sink->curve.server_key, "server_key"},
    };

    for (unsigned i = 0; i < COUNT_OF(settings); i++)
        judge_only(conf, problems, settings[i].setting, settings[i].name, "zmq");
}

static void judge_zmq(const struct conf *conf, struct conf_problems *problems,
                      const struct conf_sink *sink)
{
    if (sink->bind.count == 0 && sink->connect.count == 0 && is_settled(conf, &sink->bind) &&
        is_settled(conf, &sink->connect))
        conf_problem(conf, problems, &sink->type,
                     "a sink of type zmq needs 'bind' or 'connect', such as "
                     "connect: 'tcp://127.0.0.1:5514'");
    judge_curve(conf, problems, &sink->curve, sink->bind.count > 0, sink->connect.count > 0);
    judge_users(conf, problems, &sink->ipc, &sink->bind);
    if (sink->socket == CONF_OUTLET_PUSH && is_settled(conf, &sink->socket)) {
        if (is_written(conf, &sink->topic))
            conf_problem(conf, problems, &sink->topic,
                         "'topic' is only for socket: pub; this sink's is push");
        if (is_written(conf, &sink->timeout))
            conf_problem(conf, problems, &sink->timeout,
                         "'timeout' is only for socket: pub; push waits for its receivers");
    }
}

static void judge_tls_pair(const struct conf *conf, struct conf_problems *problems,
                           char *const *given, const char *name, char *const *missing,
                           const char *missing_name)
{
    if (is_written(conf, given) && !is_written(conf, missing))
        conf_problem(conf, problems, given, "'%s' needs '%s' beside it", name, missing_name);
}

static void judge_tls(const struct conf *conf, struct conf_problems *problems,
                      const struct conf_sink *sink)
{
    const struct conf_tls *tls = &sink->tls;
    const struct {
        const void *setting;
        const char *name;
    } settings[] = {{&tls->ca, "ca"},
                    {&tls->cert, "cert"},
                    {&tls->key, "key"},
                    {&tls->server_name, "server_name"},
                    {&tls->verify, "verify"}};

    if (sink->type == CONF_SINK_TLS) {
        judge_tls_pair(conf, problems, &tls->cert, "cert", &tls->key, "key");
        judge_tls_pair(conf, problems, &tls->key, "key", &tls->cert, "cert");
        return;
    }
    for (unsigned i = 0; i < COUNT_OF(settings); i++)
        judge_only(conf, problems, settings[i].setting, settings[i].name, "tls");
}

static void judge_connection(const struct conf *conf, struct conf_problems *problems,
                             const struct conf_sink *sink)
{
    static const char remote[] = "tcp, tls, unix, udp and unix-dgram";

    if (!is_settled(conf, &sink->type))
        return;
    judge_tls(conf, problems, sink);
    if (!is_stream(sink))
        judge_only(conf, problems, &sink->framing, "framing", "tcp, tls and unix");
    if (sink->type == CONF_SINK_ZMQ)
        judge_zmq(conf, problems, sink);
    else
        judge_zmq_settings(conf, problems, sink);
    if (is_remote(sink)) {
        judge_address_of_sink(conf, problems, sink);
        return;
    }
    judge_only(conf, problems, &sink->address, "address", remote);
    if (sink->type != CONF_SINK_ZMQ)
        judge_only(conf, problems, &sink->timeout, "timeout",
                   "tcp, tls, unix, udp, unix-dgram and zmq");
}

static void judge_newlines(const struct conf *conf, struct conf_problems *problems,
                           const struct conf_sink *sink)
{
    bool is_template = strchr(sink->format, '{') || strcmp(sink->format, "text") == 0 ||
                       strcmp(sink->format, "line") == 0;

    if (!is_template && is_written(conf, &sink->newlines))
        conf_problem(conf, problems, &sink->newlines,
                     "'newlines' is only for the formats text, line and templates; "
                     "%s keeps an entry on one line in its own way",
                     sink->format);
}

static void judge_origin(const struct conf *conf, struct conf_problems *problems,
                         const struct conf_sink *sink)
{
    bool has_place = strcmp(sink->format, "json") == 0 || strcmp(sink->format, "rfc5424") == 0;

    if (sink->origin == CONF_ORIGIN_ON && !has_place && is_settled(conf, &sink->format))
        conf_problem(conf, problems, &sink->origin,
                     "'origin' is only for the formats json and rfc5424; in a template write "
                     "{received}, {seq}, {peer}, {uid} and {key}");
}

static void judge_block_for(const struct conf *conf, struct conf_problems *problems,
                            const struct conf_sink *sink)
{
    if (sink->when_full != CONF_WHEN_FULL_BLOCK && is_settled(conf, &sink->when_full) &&
        is_written(conf, &sink->block_for))
        conf_problem(conf, problems, &sink->block_for,
                     "'block_for' is only for sinks with when_full: block; this one never blocks");
}

static void judge_sink_name(const struct conf *conf, struct conf_problems *problems, unsigned at)
{
    const char *name = conf->sinks[at].name;

    for (unsigned i = 0; name && i < at; i++)
        if (conf->sinks[i].name && strcmp(conf->sinks[i].name, name) == 0) {
            conf_problem(conf, problems, &conf->sinks[at].name, "another sink is called '%s' too",
                         name);
            return;
        }
}

static void judge_sinks(const struct conf *conf, struct conf_problems *problems)
{
    if (conf->sink_count == 0 && is_settled(conf, &conf->sinks))
        conf_problem(conf, problems, &conf->sinks,
                     "'sinks' needs at least one sink, such as "
                     "- {name: all, type: file, path: /var/log/logboom/all.log}");
    for (unsigned i = 0; i < conf->sink_count; i++) {
        judge_sink_name(conf, problems, i);
        judge_path(conf, problems, &conf->sinks[i]);
        judge_file_settings(conf, problems, &conf->sinks[i]);
        judge_rotate(conf, problems, &conf->sinks[i]);
        judge_connection(conf, problems, &conf->sinks[i]);
        judge_newlines(conf, problems, &conf->sinks[i]);
        judge_origin(conf, problems, &conf->sinks[i]);
        judge_block_for(conf, problems, &conf->sinks[i]);
    }
}

bool conf_tells_drops(const struct conf *conf, const struct conf_sink *sink)
{
    bool is_raw = strcmp(sink->format, "raw") == 0;

    return sink->notices == CONF_NOTICES_ON &&
           (!is_raw || (conf->places && is_written(conf, &sink->notices)));
}

bool conf_has_control(const struct conf *conf)
{
    return strcmp(conf->control.path, "none") != 0;
}

bool conf_names_control(const struct conf *conf)
{
    return conf->places &&
           (is_written(conf, &conf->control.path) || is_written(conf, &conf->control.group));
}

bool conf_names_state(const struct conf *conf)
{
    return strcmp(conf->state, "auto") != 0 && strcmp(conf->state, "none") != 0;
}

bool conf_rotates(const struct conf_sink *sink)
{
    return puts_away(sink) || (has_date(sink) && sink->rotate.max_total.bytes > 0);
}

void rules_judge(const struct conf *conf, struct conf_problems *problems)
{
    judge_ingest(conf, problems);
    judge_sinks(conf, problems);
}
