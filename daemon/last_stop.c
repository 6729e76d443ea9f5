/* last_stop.c - tells the next start how this daemon ended, and learns how the last one did
 * (status/state_file.h). */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf/log.h"
#include "conf/must.h"
#include "conf/nanoseconds.h"
#include "daemon/daemon_parts.h"
#include "status/state_file.h"

/* How long the end waits for the disk that the state file is on. */
enum { PATIENCE_S = 1, FOLDER_MAX = 512 };

/* ---- where it is ------------------------------------------------------------------------- */

/* The first folder of $STATE_DIRECTORY (systemd.exec(5)), in which it then is. */
static const char *path_by_itself(char path[FOLDER_MAX])
{
    const char *folders = getenv("STATE_DIRECTORY");
    size_t len = folders ? strcspn(folders, ":") : 0;

    if (len == 0 || len >= FOLDER_MAX - sizeof "/last-stop")
        return NULL;
    snprintf(path, FOLDER_MAX, "%.*s/last-stop", (int)len, folders);
    return path;
}

/* NULL: there is to be none. */
static const char *path_of(const struct conf *conf, char path[FOLDER_MAX])
{
    if (strcmp(conf->state, "none") == 0)
        return NULL;
    return conf_names_state(conf) ? conf->state : path_by_itself(path);
}

/* ---- at the start ------------------------------------------------------------------------ */

/* Whether the machine was started after that moment, by its own clock. */
static bool is_before_boot(int64_t time_ns)
{
    int64_t up_ns = clock_nanoseconds(CLOCK_BOOTTIME);

    return time_ns < clock_nanoseconds(CLOCK_REALTIME) - up_ns;
}

static void learn(struct status_last_stop *last, const struct state_record *record)
{
    char time[TIMESTAMP_MAX + 1];

    if (record->running_since_ns != 0) {
        last->how = STATUS_LAST_STOP_UNCLEAN;
        snprintf(last->sentence, sizeof last->sentence,
                 "the last stop was not clean: the logboomd of before (pid %lu, running since %s) "
                 "ended without a word%s; what it had not written is lost, uncounted",
                 record->running_pid, state_file_show_time(record->running_since_ns, time),
                 is_before_boot(record->running_since_ns) ? ", and the machine was started since"
                                                          : "");
    } else if (record->stopped_at_ns != 0) {
        last->how = strcmp(record->sentence, "lost nothing") == 0 ? STATUS_LAST_STOP_FINE
                                                                  : STATUS_LAST_STOP_LOSSES;
        last->at_ns = record->stopped_at_ns;
        snprintf(last->sentence, sizeof last->sentence, "the last stop, at %s, %s",
                 state_file_show_time(record->stopped_at_ns, time), record->sentence);
    }
}

static bool is_temporary(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EROFS || error == EIO;
}

static void go_on_without(const struct err *why)
{
    log_line(LOG_LEVEL_WARNING, "%s; the next start will not know how this one ended", why->text);
}

enum exit_status daemon_open_state(struct daemon *daemon)
{
    const struct conf *conf = daemon->conf;
    char folder[FOLDER_MAX];
    const char *path = path_of(conf, folder);
    struct state_record record;
    struct err err;

    if (!path)
        return EXIT_FINE;
    daemon->state_file = state_file_open(path, &record, &err);
    if (daemon->state_file) {
        learn(&daemon->last_stop, &record);
        return EXIT_FINE;
    }
    if (!conf_names_state(conf) || is_temporary(errno)) {
        go_on_without(&err);
        return EXIT_FINE;
    }
    conf_problem(conf, daemon->problems, &conf->state, "%s", err.text);
    return errno == 0 ? EXIT_SYSTEM : EXIT_CONFIGURATION;
}

void daemon_begin_state(struct daemon *daemon)
{
    const struct status_last_stop *last = &daemon->last_stop;
    struct err err;

    if (last->how != STATUS_LAST_STOP_UNKNOWN)
        log_line(last->how == STATUS_LAST_STOP_FINE ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "%s",
                 last->sentence);
    if (!daemon->state_file ||
        state_file_begin(daemon->state_file, clock_nanoseconds(CLOCK_REALTIME), &err) == 0)
        return;
    go_on_without(&err);
    state_file_close(&daemon->state_file);
}

/* ---- at the end -------------------------------------------------------------------------- */

/* What the stop has lost, in one line: `lost 812 entries: sink all 800, endpoint apps 12`. */
struct sum {
    char text[STATE_SENTENCE_MAX];
    size_t len;
    uint64_t entries;
    const char *unsure_of; /* a sink */
};

static void __attribute__((format(printf, 2, 3))) add(struct sum *sum, const char *format, ...)
{
    size_t room = sizeof sum->text - sum->len;
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(sum->text + sum->len, room, format, args);
    va_end(args);
    sum->len += len < (int)room ? (size_t)len : room - 1;
}

static void add_entries(struct sum *sum, const char *what, const char *name, uint64_t count)
{
    if (count == 0)
        return;
    add(sum, "%s%s %s %" PRIu64, sum->entries == 0 ? "" : ", ", what, name, count);
    sum->entries += count;
}

static void add_channel(struct sum *sum, const struct channel *channel)
{
    add_entries(sum, "sink", channel->conf->name, daemon_entries_lost_by(channel));
    if (daemon_is_unsure_of(channel))
        sum->unsure_of = channel->conf->name;
}

static void sum_up(const struct daemon *daemon, struct sum *sum)
{
    *sum = (struct sum){.len = 0};
    for (unsigned i = 0; i < daemon->channel_count; i++)
        add_channel(sum, daemon->channels[i]);
    for (unsigned i = 0; i < daemon->leaving_count; i++)
        add_channel(sum, daemon->leaving[i]);
    for (unsigned i = 0; i < daemon->endpoint_count; i++)
        add_entries(sum, "endpoint", endpoint_name(daemon->endpoints[i]),
                    endpoint_ledger(daemon->endpoints[i])->refused[REFUSE_SHUTDOWN]);
}

/* What cannot be counted comes first, since a long list of places is cut. */
static void say(const struct daemon *daemon, struct sum *sentence)
{
    struct sum places;

    sum_up(daemon, &places);
    *sentence = (struct sum){.len = 0};
    if (!daemon_has_losses(daemon)) {
        add(sentence, "lost nothing");
        return;
    }
    add(sentence, "lost");
    if (daemon->cut_short)
        add(sentence, " what had not been received, uncounted%s", places.entries ? ", and" : "");
    if (places.entries > 0)
        add(sentence, " %" PRIu64 " entr%s: %s", places.entries, places.entries == 1 ? "y" : "ies",
            places.text);
    else if (places.unsure_of)
        add(sentence, "%s perhaps what sink %s had not yet on the disk",
            daemon->cut_short ? ", and" : "", places.unsure_of);
}

static void write_line(void *context, const char *line)
{
    fprintf(context, "%s\n", line);
}

/* What the writing thread has; if it never comes back, it keeps all of it. */
struct farewell {
    struct state_file *file;
    struct sum sentence;
    char *ledger;
    int result;
    struct err err;
};

static void *write_farewell(void *context)
{
    struct farewell *farewell = context;

    farewell->result = state_file_end(farewell->file, clock_nanoseconds(CLOCK_REALTIME),
                                      farewell->sentence.text, farewell->ledger, &farewell->err);
    return NULL;
}

static struct farewell *make_farewell(struct daemon *daemon)
{
    struct farewell *farewell = calloc(1, sizeof *farewell);
    size_t len;
    FILE *out;

    must(farewell);
    farewell->file = daemon->state_file;
    daemon->state_file = NULL;
    say(daemon, &farewell->sentence);
    out = open_memstream(&farewell->ledger, &len);
    must(out);
    daemon_tell_ledger(daemon, write_line, out);
    must(fclose(out) == 0);
    return farewell;
}

static void free_farewell(struct farewell *farewell)
{
    state_file_close(&farewell->file);
    free(farewell->ledger);
    free(farewell);
}

/* A disk that hangs holds nobody up, and least of all the news that it does. */
static bool comes_back(pthread_t writer)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE_S;
    return pthread_clockjoin_np(writer, NULL, CLOCK_MONOTONIC, &until) == 0;
}

/* False: the disk hangs, and so does a thread that has the farewell now. Where no thread can be
 * had, it is written by this one, which then waits for the disk. */
static bool bid(struct farewell *farewell)
{
    pthread_t writer;

    if (pthread_create(&writer, NULL, write_farewell, farewell) != 0) {
        write_farewell(farewell);
        return true;
    }
    if (comes_back(writer))
        return true;
    pthread_detach(writer);
    return false;
}

void daemon_end_state(struct daemon *daemon)
{
    struct farewell *farewell;

    if (!daemon->state_file)
        return;
    farewell = make_farewell(daemon);
    if (!bid(farewell)) {
        log_line(LOG_LEVEL_WARNING, "a disk does not return from the state file; leaving without "
                                    "it, and the next start will say that this stop was not clean");
        return;
    }
    if (farewell->result < 0)
        log_line(LOG_LEVEL_WARNING, "%s; the next start will say that this stop was not clean",
                 farewell->err.text);
    free_farewell(farewell);
}
