#include "client/probe_yaml.h"

#include <inttypes.h>
#include <string.h>

#include "conf/settings.h"
#include "conf/units.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)

/* From a default up, as sizes are written by hand. */
static uint64_t power_of_two(uint64_t from, uint64_t needed)
{
    while (from < needed)
        from *= 2;
    return from;
}

static void print_size(FILE *out, const char *indent, const char *key, uint64_t bytes)
{
    char size[UNITS_TEXT_MAX];

    fprintf(out, "%s%s: %s\n", indent, key, units_show_bytes((struct conf_bytes){bytes}, size));
}

/* In single quotes, of which one in the text is doubled. */
static void print_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++)
        fprintf(out, "%s%c", *text == '\'' ? "'" : "", *text);
    fputc('\'', out);
}

/* The parser and what waits take some 13 times the longest message; see `logboomd --plan`. */
static void print_memory(const struct probe_found *found, FILE *out)
{
    uint64_t max_message = power_of_two(256 * KIB, found->longest_message);

    if (max_message <= 1 * MIB)
        return;
    fprintf(out, "memory:\n");
    print_size(out, "  ", "cap", 64 * MIB + 16 * max_message);
}

/* As an entry may be at most a MiB long, so may a text. */
static void print_limits(const struct probe_found *found, FILE *out)
{
    uint64_t longest_entry = found->longest_payload < MIB ? found->longest_payload : MIB;

    if (longest_entry > 64 * KIB)
        print_size(out, "    ", "max_entry", power_of_two(64 * KIB, longest_entry));
    if (found->longest_message > 256 * KIB)
        print_size(out, "    ", "max_message", power_of_two(256 * KIB, found->longest_message));
}

static void print_decoding(const struct probe_found *found, FILE *out)
{
    if (found->malformed > 0 && found->better_texts == found->entries)
        fprintf(out, "    decode: text\n");
    if (found->with_lines > 0)
        fprintf(out,
                "    # split: lines    # each line an entry of its own; %u of %u entries have "
                "several\n",
                found->with_lines, found->entries);
}

/* Which of three frames is what, nobody can know who does not know the client. */
static void print_frames(const struct probe_found *found, FILE *out)
{
    if (found->with_payloads > 0)
        fprintf(out,
                "    # frames: topic-key    # the second frame is a key, not an entry; %u of %u "
                "messages have three or more\n",
                found->with_payloads, found->messages);
}

/* An endpoint that binds is the server, and one that connects a client. */
static void print_curve(const struct probe_yaml *yaml, FILE *out)
{
    if (yaml->binds == (yaml->server_key != NULL))
        fprintf(out, "    # logboomd is the server where it binds, and a client where it connects: "
                     "turn the client around\n");
    fprintf(out, "    encryption: curve\n    key: ");
    print_quoted(out, yaml->key);
    fprintf(out, "\n    %s: ", yaml->server_key ? "server_key" : "allow");
    print_quoted(out, yaml->server_key ? yaml->server_key : yaml->found->key);
    fputc('\n', out);
}

/* Beyond loopback it must be written. */
static void print_encryption(const struct probe_yaml *yaml, FILE *out)
{
    const struct setting *ingest = settings_find(&settings_root, "ingest");

    if (yaml->key) {
        print_curve(yaml, out);
        return;
    }
    if (yaml->is_loopback)
        return;
    if (settings_find(ingest->section, "encryption"))
        fprintf(out, "    encryption: none    # as the client logs now: others can read it, and "
                     "send, too\n");
    else
        fprintf(out, "    # this version of logboomd refuses addresses beyond loopback\n");
}

void probe_yaml_print(const struct probe_yaml *yaml, FILE *out)
{
    const struct probe_found *found = yaml->found;

    fprintf(out, "# for a client that is a %s and %s; try it with logboomd --config FILE\n",
            found->type, yaml->binds ? "connects" : "listens");
    if (*found->stranger)
        fprintf(out, "# a %s came, too: it needs an endpoint of its own, at another address\n",
                found->stranger);
    if (found->socket == PROBE_PAIR && !yaml->binds)
        fprintf(out, "# start the client anew: a PAIR that listens takes no second peer, and the "
                     "probe was the first\n");
    print_memory(found, out);
    fprintf(out,
            "ingest:\n  - name: probed\n    socket: %s\n    %s: ", probe_socket_word(found->socket),
            yaml->binds ? "bind" : "connect");
    print_quoted(out, yaml->address);
    fputc('\n', out);
    print_encryption(yaml, out);
    print_frames(found, out);
    print_decoding(found, out);
    print_limits(found, out);
    fprintf(out, "sinks:\n  - name: seen\n    type: stdout\n");
    if (found->socket == PROBE_SUB) /* a publisher does not wait for anybody */
        fprintf(out, "    when_full: drop_newest\n");
}
