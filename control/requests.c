/* requests.c - what can be asked, who may ask it, and what the answer is. A new request is a row
 * here and a word in words.h. */
#include <string.h>

#include "aggregate/escape.h"
#include "control/control_parts.h"
#include "status/status_json.h"

/* ---- looking --------------------------------------------------------------------------------- */

static void on_stat(struct control_call *call)
{
    struct control *control = call->control;
    struct json_out out;
    size_t bytes;

    control->actions->gather(control->actions->context, &control->status);
    bytes = status_json_bytes(control->status.endpoint_count, control->status.sink_count);
    if (!connection_answer(call->connection, true, bytes, &out))
        return;
    status_write_json(&control->status, &out);
    connection_answered(call->connection, &out);
}

static void on_drops(struct control_call *call)
{
    const struct losses *losses = call->control->actions->losses(call->control->actions->context);
    struct json_out out;

    if (!connection_answer(call->connection, true, LOSSES_JSON_BYTES, &out))
        return;
    losses_write_json(losses, &out);
    connection_answered(call->connection, &out);
}

/* ---- acting ---------------------------------------------------------------------------------- */

static void say_done(struct control_call *call)
{
    struct json_out out;

    if (connection_answer(call->connection, true, 0, &out))
        connection_answered(call->connection, &out);
}

static void on_sink(struct control_call *call)
{
    const struct control_actions *actions = call->control->actions;
    uint32_t drop = json_doc_member(call->request, JSON_ROOT, CONTROL_DROP);
    char name[STATUS_NAME_MAX + 1];
    struct err err;

    if (!json_doc_text(call->request, json_doc_member(call->request, JSON_ROOT, CONTROL_NAME), name,
                       sizeof name) ||
        drop == JSON_NOTHING)
        connection_refuse(call->connection, "the request needs a '%s' and '%s', true or false",
                          CONTROL_NAME, CONTROL_DROP);
    else if (actions->set_drops_all(actions->context, name, json_doc_truth(call->request, drop),
                                    &err) < 0)
        connection_refuse(call->connection, "%s", err.text);
    else
        say_done(call);
}

static void on_reopen(struct control_call *call)
{
    call->control->actions->reopen(call->control->actions->context);
    say_done(call);
}

/* ---- what takes its time --------------------------------------------------------------------- */

static void work(struct control_call *call,
                 void (*action)(void *context, const struct control_later *later))
{
    struct connection *connection = call->connection;
    struct control_later later = {.control = call->control,
                                  .place = (unsigned)(connection - call->control->places),
                                  .number = connection->number};

    connection->state = CONNECTION_WORKING;
    action(call->control->actions->context, &later);
}

static void on_reload(struct control_call *call)
{
    if (call->control->actions->reload)
        work(call, call->control->actions->reload);
    else
        connection_refuse(call->connection, "this logboomd cannot reload its configuration; "
                                            "restart it");
}

static void on_check(struct control_call *call)
{
    if (call->control->actions->check)
        work(call, call->control->actions->check);
    else
        connection_refuse(call->connection, "this logboomd cannot check its configuration; run "
                                            "'logboomd --check'");
}

void control_finish(const struct control_later *later, const struct err *error, const char *text)
{
    struct connection *connection = &later->control->places[later->place];
    struct json_out out;
    size_t len;

    if (connection->number != later->number || connection->state != CONNECTION_WORKING)
        return; /* who asked has left */
    len = escape_fit(ESCAPE_JSON, text, strlen(text), CONTROL_TEXT_MAX);
    if (!connection_answer(connection, !error, CONTROL_TEXT_MAX + 6 * sizeof error->text, &out))
        return;
    if (error)
        json_text(&out, CONTROL_ERROR, error->text);
    json_bytes(&out, CONTROL_TEXT, text, len);
    connection_answered(connection, &out);
}

static void on_tail(struct control_call *call)
{
    struct tail *tail = call->control->actions->tail;

    if (tail)
        tail_serve(tail, call);
    else
        connection_refuse(call->connection,
                          "this logboomd keeps no entries ('control: {keep: 0}')");
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct request {
    const char *name;
    enum control_right right;
    void (*serve)(struct control_call *call);
} requests[] = {
    {CONTROL_STAT, CONTROL_LOOKS, on_stat},    {CONTROL_WATCH, CONTROL_LOOKS, control_on_watch},
    {CONTROL_DROPS, CONTROL_LOOKS, on_drops},  {CONTROL_CHECK, CONTROL_LOOKS, on_check},
    {CONTROL_SINK, CONTROL_ACTS, on_sink},     {CONTROL_REOPEN, CONTROL_ACTS, on_reopen},
    {CONTROL_RELOAD, CONTROL_ACTS, on_reload}, {CONTROL_TAIL, CONTROL_LOOKS, on_tail},
};

enum { REQUEST_COUNT = sizeof requests / sizeof *requests };

static const struct request *find(const char *name)
{
    for (unsigned i = 0; i < REQUEST_COUNT; i++) {
        if (strcmp(requests[i].name, name) == 0)
            return &requests[i];
    }
    return NULL;
}

static void serve(struct control_call *call, const char *name)
{
    const struct request *request = find(name);

    if (!request)
        connection_refuse(call->connection, "this logboomd knows no request '%s'", name);
    else if (call->connection->right < request->right)
        connection_refuse(call->connection,
                          "only root and the user that logboomd runs as may do this ('%s'); "
                          "members of control.group may look",
                          name);
    else
        request->serve(call);
}

void control_serve(struct connection *connection, const char *line, size_t len)
{
    struct control_call call = {.control = connection->control,
                                .connection = connection,
                                .request = connection->control->request};
    char name[32];

    if (!json_doc_read(call.request, line, len) || !json_doc_is_object(call.request, JSON_ROOT))
        connection_refuse(connection, "the request is no JSON object, such as {\"do\":\"stat\"}");
    else if (!json_doc_text(call.request, json_doc_member(call.request, JSON_ROOT, CONTROL_DO),
                            name, sizeof name))
        connection_refuse(connection, "the request does not say what to do, as in "
                                      "{\"do\":\"stat\"}");
    else
        serve(&call, name);
}
