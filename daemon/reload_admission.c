/* Who may come in: keys, lists and users. They are read anew at each reload, whether the settings
 * are the same ones or not, since they stand in files. */
#include <string.h>

#include "conf/log.h"
#include "daemon/reload.h"
#include "zeromq/admission.h"

static bool is_same(const struct conf_strings *a, const struct conf_strings *b)
{
    if (a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return true;
}

static const struct conf_ingest *conf_of(const struct conf *conf, const struct endpoint *endpoint)
{
    for (unsigned i = 0; i < conf->ingest_count; i++) {
        if (strcmp(conf->ingest[i].name, endpoint_name(endpoint)) == 0)
            return &conf->ingest[i];
    }
    return NULL; /* refused before */
}

/* Who connects keeps its key as long as its connections. */
static void judge_client(struct reload *reload, const struct conf_ingest *conf,
                         const struct conf_ingest *before)
{
    if (!is_same(&conf->curve.key, &before->curve.key))
        conf_problem(reload->conf, reload->problems, &conf->curve.key,
                     "endpoint %s: another 'key' of who connects needs a restart", conf->name);
}

static void prepare(struct reload *reload, struct endpoint *endpoint,
                    const struct conf_ingest *conf)
{
    const void *setting = &conf->curve.key;
    struct admission *admission;
    struct err err;

    admission = admission_new(&conf->curve, &conf->ipc, &setting, &err);
    if (!admission || endpoint_prepare_admission(endpoint, &admission, &err) < 0)
        conf_problem(reload->conf, reload->problems, setting, "%s", err.text);
    admission_free(&admission);
}

void reload_prepare_admissions(struct reload *reload)
{
    const struct daemon *daemon = reload->daemon;

    for (unsigned i = 0; i < daemon->endpoint_count; i++) {
        const struct conf_ingest *conf = conf_of(reload->conf, daemon->endpoints[i]);
        const struct conf_ingest *before = conf_of(daemon->conf, daemon->endpoints[i]);

        if (conf && conf->bind.count > 0)
            prepare(reload, daemon->endpoints[i], conf);
        else if (conf && before)
            judge_client(reload, conf, before);
    }
}

void reload_forget_admissions(struct reload *reload)
{
    for (unsigned i = 0; i < reload->daemon->endpoint_count; i++)
        endpoint_forget_admission(reload->daemon->endpoints[i]);
}

static void admit(struct reload *reload, struct endpoint *endpoint)
{
    struct admission_change change;
    char text[ADMISSION_TEXT_MAX];

    endpoint_admit(endpoint, &change);
    admission_show(&change, text);
    if (!*text)
        return;
    reload_tell(reload, LOG_LEVEL_NOTICE, "reloaded: endpoint %s: %s", endpoint_name(endpoint),
                text);
    reload->change_count++;
}

void reload_admit(struct reload *reload)
{
    const struct daemon *daemon = reload->daemon;

    for (unsigned i = 0; i < daemon->endpoint_count; i++) {
        if (daemon->conf->ingest[i].bind.count > 0)
            admit(reload, daemon->endpoints[i]);
    }
}
