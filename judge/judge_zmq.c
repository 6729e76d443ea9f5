/* Where ZeroMQ listens and connects, and whether it encrypts. */
#include <errno.h>
#include <string.h>

#include "aggregate/format.h"
#include "judge/judge.h"
#include "judge/judge_parts.h"
#include "zeromq/address.h"
#include "zeromq/admission.h"
#include "zeromq/curve.h"
#include "zeromq/listener.h"

/* Whoever reaches an address beyond loopback can read, send and flood, so it must be wanted. */
static bool is_exposed_by_accident(const struct conf *conf, const struct conf_curve *curve,
                                   const struct address *address)
{
    return !address_is_loopback(address) && curve->encryption == CONF_ENCRYPTION_NONE &&
           !conf_is_plain_on_purpose(conf, curve);
}

static void judge_address(const struct conf *conf, const char *text, enum address_use use,
                          const struct conf_curve *curve, struct conf_problems *problems)
{
    struct address address;
    struct err err;

    if (address_parse(text, use, &address, &err) < 0)
        conf_problem(conf, problems, text, "%s", err.text);
    else if (is_exposed_by_accident(conf, curve, &address))
        conf_problem(conf, problems, text,
                     "'%s' is beyond loopback, and nothing says whether to encrypt; write "
                     "'encryption: curve' with 'key' and '%s' (docs/security.md has it in five "
                     "commands), or 'encryption: none' if whoever reaches it may read and send",
                     text, use == ADDRESS_TO_BIND ? "allow" : "server_key");
}

/* Port 0 is another port each time. */
static bool lets_kernel_choose(const char *text)
{
    struct address address;

    return address_parse(text, ADDRESS_TO_BIND, &address, NULL) == 0 &&
           address.transport == ADDRESS_TCP && address.port == 0;
}

/* All bind addresses, those of endpoints first. */
static const struct conf_strings *bind_list(const struct conf *conf, unsigned index)
{
    return index < conf->ingest_count ? &conf->ingest[index].bind
                                      : &conf->sinks[index - conf->ingest_count].bind;
}

/* Whether this bind address stood before, in this list or an earlier one. */
static bool stood_before(const struct conf *conf, unsigned list, unsigned item)
{
    const char *text = bind_list(conf, list)->items[item];

    if (lets_kernel_choose(text))
        return false;
    for (unsigned l = 0; l <= list; l++) {
        const struct conf_strings *bind = bind_list(conf, l);
        unsigned count = l < list ? bind->count : item;

        for (unsigned i = 0; i < count; i++) {
            if (strcmp(bind->items[i], text) == 0)
                return true;
        }
    }
    return false;
}

/* Whether keys can be read, and are keys. */
static void judge_keys(const struct conf *conf, const struct conf_curve *curve, bool is_server,
                       struct conf_problems *problems)
{
    const void *setting;
    struct err err;

    if (curve->encryption == CONF_ENCRYPTION_CURVE &&
        curve_judge(curve, is_server, &setting, &err) < 0)
        conf_problem(conf, problems, setting, "%s", err.text);
    if (is_server && curve->key.count > 1 && conf->memory.gate == CONF_GATE_OFF)
        conf_problem(conf, problems, &curve->key,
                     "two server keys at once need the gate, which is off (memory.gate): nobody "
                     "else deals clients to them");
}

static void judge_users(const struct conf *conf, const struct conf_ipc *ipc,
                        struct conf_problems *problems)
{
    const struct conf_curve plain = {.encryption = CONF_ENCRYPTION_NONE};
    const void *setting;
    struct err err;
    struct admission *admission = admission_new(&plain, ipc, &setting, &err);

    if (!admission)
        conf_problem(conf, problems, setting, "%s", err.text);
    admission_free(&admission);
}

/* Where a ZeroMQ socket listens, the `list`th, and connects. */
static void judge_addresses(const struct conf *conf, unsigned list,
                            const struct conf_strings *connect, const struct conf_curve *curve,
                            struct conf_problems *problems)
{
    const struct conf_strings *bind = bind_list(conf, list);

    for (unsigned i = 0; i < bind->count; i++) {
        judge_address(conf, bind->items[i], ADDRESS_TO_BIND, curve, problems);
        if (stood_before(conf, list, i))
            conf_problem(conf, problems, bind->items[i], "'%s' is bound twice", bind->items[i]);
    }
    for (unsigned i = 0; i < connect->count; i++)
        judge_address(conf, connect->items[i], ADDRESS_TO_CONNECT, curve, problems);
}

void judge_endpoint(const struct conf *conf, unsigned index, struct conf_problems *problems)
{
    const struct conf_ingest *ingest = &conf->ingest[index];

    judge_addresses(conf, index, &ingest->connect, &ingest->curve, problems);
    judge_keys(conf, &ingest->curve, ingest->bind.count > 0, problems);
    judge_owner(conf, &ingest->ipc.owner, &ingest->ipc.group, "socket file", problems);
    judge_users(conf, &ingest->ipc, problems);
}

static void judge_topic(const struct conf *conf, const struct conf_sink *sink,
                        struct conf_problems *problems)
{
    struct format_options options = {0};
    struct err err;
    struct format *topic = format_new_topic(sink->topic, &options, &err);

    if (!topic)
        conf_problem(conf, problems, &sink->topic, "%s", err.text);
    else
        format_free(&topic);
}

void judge_zmq(const struct conf *conf, unsigned index, struct conf_problems *problems)
{
    const struct conf_sink *sink = &conf->sinks[index];

    judge_addresses(conf, conf->ingest_count + index, &sink->connect, &sink->curve, problems);
    judge_keys(conf, &sink->curve, sink->bind.count > 0, problems);
    judge_owner(conf, &sink->ipc.owner, &sink->ipc.group, "socket file", problems);
    judge_users(conf, &sink->ipc, problems);
    if (sink->topic)
        judge_topic(conf, sink, problems);
}

static const char *first_beyond_loopback(const struct conf_strings *list, enum address_use use)
{
    struct address address;

    for (unsigned i = 0; i < list->count; i++) {
        if (address_parse(list->items[i], use, &address, NULL) == 0 &&
            !address_is_loopback(&address))
            return list->items[i];
    }
    return NULL;
}

/* The first address that others reach and that nothing guards; NULL: there is none. */
static const char *first_open(const struct conf_curve *curve, const struct conf_strings *bind,
                              const struct conf_strings *connect)
{
    const char *address = first_beyond_loopback(bind, ADDRESS_TO_BIND);

    if (!address)
        address = first_beyond_loopback(connect, ADDRESS_TO_CONNECT);
    return curve->encryption == CONF_ENCRYPTION_NONE ? address : NULL;
}

bool judge_is_open(const struct conf_ingest *ingest, struct err *sentence)
{
    const char *address = first_open(&ingest->curve, &ingest->bind, &ingest->connect);

    if (!address)
        return false;
    err_set(sentence,
            "endpoint %s: '%s' is beyond loopback and not encrypted (encryption: none): whoever "
            "reaches it can send, and whoever is on the way can read and change what others send",
            ingest->name, address);
    return true;
}

bool judge_sink_is_open(const struct conf_sink *sink, struct err *sentence)
{
    const char *address = first_open(&sink->curve, &sink->bind, &sink->connect);

    if (!address)
        return false;
    err_set(sentence,
            "sink %s: '%s' is beyond loopback and not encrypted (encryption: none): whoever is on "
            "the way%s can read what is sent",
            sink->name, address, sink->bind.count > 0 ? ", or reaches it," : "");
    return true;
}

/* ---- listening ----------------------------------------------------------------------- */

static void try_to_listen(const struct conf *conf, const struct conf_ipc *ipc,
                          const struct conf_curve *curve, const char *text,
                          const struct inherited *inherited, const struct conf_strings *listening,
                          struct conf_problems *problems)
{
    struct address address;
    struct listener listener;
    struct err err;
    bool in_use;

    if (judge_is_listening(listening, text) ||
        address_parse(text, ADDRESS_TO_BIND, &address, &err) < 0 ||
        is_exposed_by_accident(conf, curve, &address) || judge_is_unknown_user(ipc->owner) ||
        judge_is_unknown_group(ipc->group))
        return; /* said before */
    if (inherited_has(inherited, &address))
        return;
    if (listener_open(&listener, &address, ipc, &err) == 0) {
        listener_close(&listener);
        return;
    }
    in_use = strstr(err.text, strerror(EADDRINUSE)) != NULL;
    conf_problem(conf, problems, text, "%s%s", err.text,
                 listening && in_use ? JUDGE_ASK_THE_OTHER : "");
}

static void try_list_to_listen(const struct conf *conf, const struct conf_ipc *ipc,
                               const struct conf_curve *curve, const struct conf_strings *bind,
                               const struct inherited *inherited,
                               const struct conf_strings *listening, struct conf_problems *problems)
{
    for (unsigned i = 0; i < bind->count; i++)
        try_to_listen(conf, ipc, curve, bind->items[i], inherited, listening, problems);
}

bool judge_is_listening(const struct conf_strings *listening, const char *text)
{
    for (unsigned i = 0; listening && i < listening->count; i++) {
        if (strcmp(listening->items[i], text) == 0)
            return true;
    }
    return false;
}

void judge_try_to_listen(const struct conf *conf, const struct inherited *inherited,
                         const struct conf_strings *listening, struct conf_problems *problems)
{
    for (unsigned i = 0; i < conf->ingest_count; i++)
        try_list_to_listen(conf, &conf->ingest[i].ipc, &conf->ingest[i].curve,
                           &conf->ingest[i].bind, inherited, listening, problems);
    for (unsigned i = 0; i < conf->sink_count; i++)
        try_list_to_listen(conf, &conf->sinks[i].ipc, &conf->sinks[i].curve, &conf->sinks[i].bind,
                           inherited, listening, problems);
}
