#include "client/probe_show.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "aggregate/escape.h"
#include "decode/foreign.h"

enum {
    TEXT_SHOWN_MAX = 512,  /* bytes of a frame, escaped */
    HEX_SHOWN_MAX = 32,    /* bytes of a frame that are no text */
    JSON_SHOWN_MAX = 2048, /* bytes of an entry */
    ENTRIES_SHOWN = 3,     /* of a payload */
};

static const char *const role_names[] = {
    [FRAME_ENVELOPE] = "way back", [FRAME_TOPIC] = "topic",     [FRAME_KEY] = "key",
    [FRAME_HEADER] = "header",     [FRAME_PAYLOAD] = "payload", [FRAME_REFUSED] = "refused",
};

static void print(const struct probe_show *show, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void print(const struct probe_show *show, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (show->out)
        vfprintf(show->out, format, args);
    va_end(args);
}

static void print_bytes(const struct probe_show *show, const char *bytes, size_t len)
{
    if (show->out)
        fwrite(bytes, 1, len, show->out);
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* ---- a frame ----------------------------------------------------------------------- */

/* \xHH is four bytes for one, \n two. */
static bool is_text(const char *bytes, size_t len)
{
    return escape_len(ESCAPE_MESSAGE, bytes, len) <= 2 * len;
}

static size_t show_hex(const struct probe_show *show, const char *bytes, size_t len)
{
    size_t shown = len < HEX_SHOWN_MAX ? len : HEX_SHOWN_MAX;

    for (size_t i = 0; i < shown; i++)
        print(show, "%s%02x", i > 0 ? " " : "", (unsigned char)bytes[i]);
    return shown;
}

static size_t show_text(const struct probe_show *show, const char *bytes, size_t len)
{
    char escaped[TEXT_SHOWN_MAX];
    size_t shown = escape_fit(ESCAPE_MESSAGE, bytes, len, sizeof escaped);
    const char *end = escape_write(ESCAPE_MESSAGE, escaped, bytes, shown);

    print_bytes(show, escaped, (size_t)(end - escaped));
    return shown;
}

static void show_frame(const struct probe_show *show, enum frame_role role,
                       const struct zmtp_frame *frame, const char *bytes)
{
    size_t shown;

    print(show, "  %-8s %8" PRIu64 " B  ", role_names[role], frame->len);
    shown = is_text(bytes, frame->kept_len) ? show_text(show, bytes, frame->kept_len)
                                            : show_hex(show, bytes, frame->kept_len);
    print(show, "%s\n", shown < frame->len ? " ..." : "");
}

/* ---- what is made of a payload ------------------------------------------------------ */

static const char *why_malformed(const struct read_entry *entry, const struct message_part *payload)
{
    const char *bytes = payload->bytes;

    if (entry->is_text && payload->len > 0 && bytes[0] == '{')
        return "begins with '{' but is not JSON, so it is kept as text";
    if (entry->is_text)
        return "is not what it claims to be, so it is kept as text";
    return "something in it could not be read, such as a time";
}

static void show_json(const struct probe_show *show, const struct read_entry *entry)
{
    size_t len = entry->json_len;

    if (len > JSON_SHOWN_MAX) {
        for (len = JSON_SHOWN_MAX; ((unsigned char)entry->json[len] & 0xc0) == 0x80;)
            len--;
    }
    print_bytes(show, entry->json, len);
    print(show, "%s\n", len < entry->json_len ? " ..." : "");
}

static void show_entry(const struct probe_show *show, const char *decoder,
                       const struct read_entry *entry, const struct message_part *payload)
{
    print(show, "    as %s: ", decoder);
    show_json(show, entry);
    if (entry->malformed)
        print(show, "    malformed: %s\n", why_malformed(entry, payload));
    if (entry->cut)
        print(show, "    cut: its text is longer than 'max_entry', 64KiB\n");
}

/* Whether `decode: text` finds nothing wrong with it. */
static bool is_right_as_text(struct probe_show *show, const struct message_parts *parts)
{
    struct read_entry entry;

    reading_begin(show->reading, parts, CONF_DECODE_TEXT);
    return reading_next(show->reading, &entry) && !entry.malformed;
}

static void show_entries(struct probe_show *show, const struct message_parts *parts)
{
    struct probe_found *found = &show->found;
    const char *decoder = reading_decoder(show->reading, parts);
    unsigned count = 0, malformed = 0;
    struct read_entry entry;

    reading_begin(show->reading, parts, CONF_DECODE_AUTO);
    while (reading_next(show->reading, &entry)) {
        if (count++ < ENTRIES_SHOWN)
            show_entry(show, decoder ? decoder : "auto", &entry, &parts->payload);
        malformed += entry.malformed;
        found->with_lines += entry.is_text && entry.has_line;
    }
    if (count > ENTRIES_SHOWN)
        print(show, "    and %u more entries, of them %u malformed\n", count - ENTRIES_SHOWN,
              malformed);
    found->entries += count;
    found->malformed += malformed;
    if (malformed > 0 && is_right_as_text(show, parts))
        found->better_texts += malformed;
}

static void show_payload(struct probe_show *show, const struct zmtp_frame *frame,
                         const struct message_parts *parts)
{
    enum foreign foreign = foreign_of(parts->payload.bytes, parts->payload.len);

    if (frame->len > show->found.longest_payload)
        show->found.longest_payload = frame->len;
    if (frame->kept_len < frame->len)
        print(show, "    longer than logboomd's 'max_message', 256KiB: not read\n");
    else if (foreign != FOREIGN_NONE)
        print(show,
              "    refused: %s, which cannot be opened without running them; let the client "
              "send JSON or text\n",
              foreign_name(foreign));
    else
        show_entries(show, parts);
}

/* ---- a message ----------------------------------------------------------------------- */

/* The first one decides; what logboomd has for that does not suit everybody. */
static void remember_type(struct probe_found *found, const struct probe_peer *peer)
{
    const char *type = peer->in.type;

    if (found->messages == 1) {
        found->socket = peer->socket;
        strcpy(found->type, type);
        if (peer->out.talk && peer->talk.self->is_server)
            curve_key_show(&peer->talk.peer, found->key);
    } else if (!probe_socket_suits(found->socket, type)) {
        strcpy(found->stranger, type);
    }
    if (peer->in.message_len > found->longest_message)
        found->longest_message = peer->in.message_len;
}

static struct message_part part_of(const struct zmtp_in *in, const struct zmtp_frame *frame)
{
    return (struct message_part){in->kept + frame->kept_offset, frame->kept_len};
}

static void show_frames(struct probe_show *show, const struct probe_peer *peer)
{
    enum frames_envelope envelope = probe_socket_envelope(peer->socket);
    const struct zmtp_in *in = &peer->in;
    struct message_parts parts = {0};
    unsigned payloads = 0;
    struct frames frames;

    frames_begin(&frames, CONF_FRAMES_AUTO, envelope);
    if (envelope == FRAMES_ASKED)
        frames_next(&frames, "", 0, true); /* who sent it: ZeroMQ puts it there, not the client */
    for (unsigned i = 0; i < in->frame_count; i++) {
        const struct zmtp_frame *frame = &in->frames[i];
        struct message_part part = part_of(in, frame);
        enum frame_role role = frames_next(&frames, part.bytes, part.len, i + 1 < in->frame_count);

        show_frame(show, role, frame, part.bytes);
        if (role == FRAME_TOPIC)
            parts.topic = part;
        else if (role == FRAME_HEADER)
            parts.header = part;
        else if (role == FRAME_KEY)
            parts.key = part;
        parts.payload = part;
        if (role == FRAME_PAYLOAD && payloads++ == 1)
            show->found.with_payloads++;
        if (role == FRAME_PAYLOAD)
            show_payload(show, frame, &parts);
        if (role == FRAME_REFUSED)
            break;
    }
}

void probe_show_message(struct probe_show *show, const struct probe_peer *peer)
{
    const struct zmtp_in *in = &peer->in;

    show->found.messages++;
    remember_type(&show->found, peer);
    print(show, "message %u, from a %s: %u frame%s, %" PRIu64 " byte%s\n", show->found.messages,
          in->type, in->frame_count, plural(in->frame_count), in->message_len,
          plural(in->message_len));
    show_frames(show, peer);
    print(show, "\n");
    if (show->out)
        fflush(show->out);
}
