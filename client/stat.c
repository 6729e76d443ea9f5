/* stat.c - `logboom stat`: how logboomd is. The verdict comes first, then what it rests on. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/command.h"
#include "client/control_options.h"
#include "client/shown.h"
#include "conf/conf.h"

static const char HELP[] =
    "usage: logboom stat [OPTION...]\n"
    "\n"
    "Shows how logboomd is: first the verdict in one sentence, which is 'fine', or begins with\n"
    "LOSING or BLOCKED and says where and why; then its memory, endpoints and sinks. Numbers\n"
    "are entries since the start, unless they say otherwise.\n"
    "\n" CONTROL_OPTION_HELP "  --json           everything there is, as JSON on one line\n"
    "  -h, --help       this text\n"
    "\n"
    "Exit status:\n"
    "  0    fine\n"
    "  1    losing or blocked\n"
    "  2    logboomd could not be reached, or refused\n"
    "  64   wrong usage\n";

/* ---- reasons ------------------------------------------------------------------------------------
 */

/* `    dropped: full 800, operator 12`. */
static void print_reasons(struct json_doc *doc, uint32_t part, const char *what, const char *name)
{
    uint32_t reasons = json_doc_member(doc, part, name);
    struct json_each each = {0};
    const char *before = "";

    printf("    %s: ", what);
    while (json_doc_each(doc, reasons, &each)) {
        char reason[64];
        uint64_t count;

        if (!json_doc_number(doc, each.value, &count) || count == 0 ||
            !json_doc_text(doc, each.name, reason, sizeof reason))
            continue;
        printf("%s%s %" PRIu64, before, reason, count);
        before = ", ";
    }
    putchar('\n');
}

/* ---- endpoints ----------------------------------------------------------------------------------
 */

static bool has_any(struct json_doc *doc, uint32_t part, const char *name)
{
    return shown_number(doc, part, name) > 0;
}

static void print_endpoint(struct json_doc *doc, uint32_t endpoint)
{
    char name[SHOWN_MAX], addresses[SHOWN_MAX];

    printf("%-16s %8" PRIu64 " %12" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "%s\n",
           shown_text(doc, endpoint, "name", name), shown_number(doc, endpoint, "clients"),
           shown_number(doc, endpoint, "received"), shown_number(doc, endpoint, "refused"),
           shown_number(doc, endpoint, "malformed"), shown_number(doc, endpoint, "unrouted"),
           json_doc_truth(doc, json_doc_member(doc, endpoint, "waiting")) ? "  waiting" : "");
    printf("    %s\n", shown_text(doc, endpoint, "addresses", addresses));
    if (has_any(doc, endpoint, "refused"))
        print_reasons(doc, endpoint, "refused", "refused_by_reason");
    if (has_any(doc, endpoint, "closed"))
        print_reasons(doc, endpoint, "clients cut off", "closed_by_reason");
}

static void print_endpoints(struct json_doc *doc)
{
    uint32_t endpoints = json_doc_member(doc, JSON_ROOT, "endpoints");
    uint32_t encryption = json_doc_member(doc, JSON_ROOT, "encryption");
    struct json_each each = {0};

    printf("%-16s %8s %12s %10s %10s %10s\n", "endpoint", "clients", "received", "refused",
           "malformed", "unrouted");
    while (json_doc_each(doc, endpoints, &each))
        print_endpoint(doc, each.value);
    if (has_any(doc, encryption, "refused"))
        printf("    not let in, since nobody knows their key: %" PRIu64 " handshake%s\n",
               shown_number(doc, encryption, "refused"),
               shown_number(doc, encryption, "refused") == 1 ? "" : "s");
}

/* ---- sinks --------------------------------------------------------------------------------------
 */

static const char *state_of(struct json_doc *doc, uint32_t sink)
{
    if (json_doc_truth(doc, json_doc_member(doc, sink, "drops_all")))
        return "dropping";
    if (has_any(doc, sink, "blocked_ms"))
        return "blocked";
    if (has_any(doc, sink, "losing_ms"))
        return "losing";
    return json_doc_truth(doc, json_doc_member(doc, sink, "up")) ? "up" : "down";
}

static unsigned percent_of(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (unsigned)(part * 100 / whole) : 0;
}

static void print_sink(struct json_doc *doc, uint32_t sink)
{
    char text[SHOWN_MAX], oldest[SHOWN_TIME_MAX];

    printf("%-16s %-8s %12" PRIu64 " %10" PRIu64 " %10" PRIu64 " %5u %% %10s\n",
           shown_text(doc, sink, "name", text), state_of(doc, sink),
           shown_number(doc, sink, "written"), shown_number(doc, sink, "dropped"),
           shown_number(doc, sink, "queued") + shown_number(doc, sink, "in_flight"),
           percent_of(shown_number(doc, sink, "queue_bytes"),
                      shown_number(doc, sink, "queue_limit_bytes")),
           shown_time(shown_number(doc, sink, "oldest_ms"), oldest));
    printf("    %s\n", shown_text(doc, sink, "target", text));
    if (shown_text(doc, sink, "trouble", text)[0])
        printf("    %s\n", text);
    if (json_doc_truth(doc, json_doc_member(doc, sink, "drops_all")))
        printf("    drops everything, as an operator said; 'logboom sink %s resume' ends that\n",
               shown_text(doc, sink, "name", text));
    if (has_any(doc, sink, "dropped"))
        print_reasons(doc, sink, "dropped", "dropped_by_reason");
}

static void print_sinks(struct json_doc *doc)
{
    uint32_t sinks = json_doc_member(doc, JSON_ROOT, "sinks");
    struct json_each each = {0};

    printf("%-16s %-8s %12s %10s %10s %7s %10s\n", "sink", "state", "written", "dropped", "waiting",
           "queue", "oldest");
    while (json_doc_each(doc, sinks, &each))
        print_sink(doc, each.value);
}

/* `1 sink that was taken out by a reload is closed; 17 entries written`. */
static void print_parted(struct json_doc *doc, const char *member, const char *one_does,
                         const char *several_do)
{
    uint32_t parted = json_doc_member(doc, JSON_ROOT, member);
    uint64_t sinks = shown_number(doc, parted, "sinks");
    char names[SHOWN_MAX];

    if (sinks == 0)
        return;
    printf("%" PRIu64 " sink%s taken out by a reload %s; %" PRIu64 " entries written", sinks,
           sinks == 1 ? " that was" : "s that were", sinks == 1 ? one_does : several_do,
           shown_number(doc, parted, "written"));
    if (shown_text(doc, parted, "names", names)[0])
        printf(", %" PRIu64 " wait: %s",
               shown_number(doc, parted, "queued") + shown_number(doc, parted, "in_flight"), names);
    putchar('\n');
    if (has_any(doc, parted, "dropped"))
        print_reasons(doc, parted, "dropped", "dropped_by_reason");
}

/* ---- the whole ----------------------------------------------------------------------------------
 */

/* And an empty line behind all of the beginning. */
static void print_last_stop(struct json_doc *doc)
{
    uint32_t last = json_doc_member(doc, JSON_ROOT, "last_stop");
    char text[SHOWN_MAX];

    if (shown_text(doc, last, "sentence", text)[0])
        printf("%s\n", text);
    putchar('\n');
}

static void print_beginning(struct json_doc *doc)
{
    uint32_t memory = json_doc_member(doc, JSON_ROOT, "memory");
    uint32_t config = json_doc_member(doc, JSON_ROOT, "config");
    char text[SHOWN_MAX], other[SHOWN_MAX], up[SHOWN_TIME_MAX], now[SHOWN_TIME_MAX];
    char cap[SHOWN_TIME_MAX], peak[SHOWN_TIME_MAX];

    printf("%s\n\n", shown_text(doc, JSON_ROOT, "sentence", text));
    printf("logboomd %s, pid %" PRIu64 ", up for %s, with %s\n",
           shown_text(doc, JSON_ROOT, "version", text), shown_number(doc, JSON_ROOT, "pid"),
           shown_time(shown_number(doc, JSON_ROOT, "uptime_ms"), up),
           shown_text(doc, config, "path", other));
    printf("memory: %s of %s, at most %s so far\n",
           shown_size((double)shown_number(doc, memory, "resident_bytes"), now),
           shown_size((double)shown_number(doc, memory, "cap_bytes"), cap),
           shown_size((double)shown_number(doc, memory, "resident_peak_bytes"), peak));
    print_last_stop(doc);
}

static int status_of(struct json_doc *doc)
{
    char verdict[SHOWN_MAX];

    return strcmp(shown_text(doc, JSON_ROOT, "verdict", verdict), "fine") == 0 ? 0 : 1;
}

static int run(int argc, char **argv)
{
    struct control_answer answer;
    struct control_conf conf;
    int status = control_command_ask_word(argc, argv, true, CONTROL_STAT, HELP,
                                          "stat shows all there is", &conf, &answer);

    if (status >= 0)
        return status == CONTROL_REFUSED ? CONTROL_UNREACHABLE : status;
    status = status_of(answer.doc);
    if (conf.json) {
        puts(answer.line);
    } else {
        print_beginning(answer.doc);
        print_endpoints(answer.doc);
        putchar('\n');
        print_sinks(answer.doc);
        print_parted(answer.doc, "leaving", "still writes", "still write");
        print_parted(answer.doc, "left", "is closed", "are closed");
    }
    control_answer_fini(&answer);
    return status;
}

const struct command stat_command = {
    .name = "stat",
    .summary = "shows how logboomd is: fine, losing or blocked, and why",
    .help = HELP,
    .run = run,
};
