/* drops.c - `logboom drops`: what was lost lately, when, why and whose. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/command.h"
#include "client/control_options.h"
#include "client/shown.h"
#include "conf/conf.h"

static const char HELP[] =
    "usage: logboom drops [OPTION...]\n"
    "\n"
    "Shows what logboomd lost lately, the latest first: entries that a sink dropped or an\n"
    "endpoint refused, clients that were cut off or not let in. What goes on without a pause\n"
    "of 10 s is one line; the last 64 are kept. All times are UTC.\n"
    "\n" CONTROL_OPTION_HELP "  --json           as JSON, on one line\n"
    "  -h, --help       this text\n"
    "\n"
    "Exit status:\n"
    "  0    shown, whether there is anything or not\n"
    "  1    logboomd refused; standard error says why\n"
    "  2    logboomd could not be reached\n"
    "  64   wrong usage\n";

/* `2026-11-26T04:51:03.845Z`: the day and the time to the second; of the end without the day. */
static void show_times(struct json_doc *doc, uint32_t loss, char text[64])
{
    char from[SHOWN_MAX], to[SHOWN_MAX];

    shown_text(doc, loss, "from", from);
    shown_text(doc, loss, "to", to);
    if (strlen(from) < 19 || strlen(to) < 19)
        snprintf(text, 64, "-");
    else
        snprintf(text, 64, "%.10s %.8s–%.8s", from, from + 11, to + 11);
}

static void show_place(struct json_doc *doc, uint32_t loss, char text[SHOWN_MAX + 16])
{
    bool is_sink = json_doc_member(doc, loss, "sink") != JSON_NOTHING;
    char name[SHOWN_MAX];

    snprintf(text, SHOWN_MAX + 16, "%s %s", is_sink ? "sink" : "endpoint",
             shown_text(doc, loss, is_sink ? "sink" : "endpoint", name));
}

static void show_whose(struct json_doc *doc, uint32_t loss, char text[2 * SHOWN_MAX])
{
    char app[SHOWN_MAX], peer[SHOWN_MAX];

    shown_text(doc, loss, "mostly_app", app);
    shown_text(doc, loss, "last_peer", peer);
    if (app[0])
        snprintf(text, 2 * SHOWN_MAX, "mostly app=%s", app);
    else if (peer[0])
        snprintf(text, 2 * SHOWN_MAX,
                 shown_number(doc, loss, "count") > 1 ? "%s was the last" : "%s", peer);
    else
        snprintf(text, 2 * SHOWN_MAX, "-");
}

static void print_loss(struct json_doc *doc, uint32_t loss)
{
    char times[64], place[SHOWN_MAX + 16], what[SHOWN_MAX], reason[SHOWN_MAX];
    char whose[2 * SHOWN_MAX];

    show_times(doc, loss, times);
    show_place(doc, loss, place);
    show_whose(doc, loss, whose);
    printf("%-28s  %-10s  %10" PRIu64 "  %-13s  %-16s  %s\n", times,
           shown_text(doc, loss, "what", what), shown_number(doc, loss, "count"),
           shown_text(doc, loss, "reason", reason), place, whose);
}

static void print_losses(struct json_doc *doc)
{
    uint32_t losses = json_doc_member(doc, JSON_ROOT, "losses");
    uint64_t forgotten = shown_number(doc, JSON_ROOT, "forgotten");
    struct json_each each = {0};
    bool any = false;

    while (json_doc_each(doc, losses, &each)) {
        if (!any)
            printf("%-28s  %-10s  %10s  %-13s  %-16s  %s\n", "when (UTC)", "what", "how many",
                   "why", "where", "whose");
        print_loss(doc, each.value);
        any = true;
    }
    if (!any)
        puts("nothing was lost since logboomd started");
    else if (forgotten > 0)
        printf("%" PRIu64 " older ones are forgotten; 'logboom stat' has the sums\n", forgotten);
}

static int run(int argc, char **argv)
{
    struct control_answer answer;
    struct control_conf conf;
    int status = control_command_ask_word(argc, argv, true, CONTROL_DROPS, HELP,
                                          "drops shows all there is", &conf, &answer);

    if (status >= 0)
        return status;
    if (conf.json)
        puts(answer.line);
    else
        print_losses(answer.doc);
    control_answer_fini(&answer);
    return EXIT_SUCCESS;
}

const struct command drops_command = {
    .name = "drops",
    .summary = "shows what was lost lately: when, why and whose",
    .help = HELP,
    .run = run,
};
