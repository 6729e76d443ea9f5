#include "conf/yaml.h"

#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "conf/alloc.h"
#include "conf/explicit_key.h"
#include "conf/must.h"
#include "conf/quoting.h"
#include "conf/syntax.h"

const char yaml_empty[] = "is empty; it needs at least 'ingest' and 'sinks'";

struct reader {
    const struct source *source;
    struct conf_problems *problems;
    struct fy_diag *diag;
    struct fy_parser *parser;
    struct yaml_node *root;
    struct yaml_node *open;  /* innermost list or map that is not closed yet */
    struct place last_value; /* the start of what was read last */
    const char *line_at;     /* how far walk_to has come */
    unsigned line;
    unsigned documents;
    unsigned skipped_levels; /* open ones that are too deep */
};

void yaml_free(struct yaml_node **root)
{
    struct yaml_node *next;

    for (struct yaml_node *node = *root; node; node = next) {
        next = node->next;
        yaml_free(&node->children);
        yaml_free(&node->pending);
        free(node->text);
        free(node->key);
        free(node);
    }
    *root = NULL;
}

/* ---- building the tree --------------------------------------------------- */

/* The start of a line, or NULL behind the last. Asked in the order of lines, so that a
 * whole file is walked once. */
static const char *walk_to(struct reader *reader, unsigned line)
{
    while (reader->line < line) {
        const char *line_end = strchr(reader->line_at, '\n');

        if (!line_end)
            return NULL;
        reader->line_at = line_end + 1;
        reader->line++;
    }
    return reader->line == line ? reader->line_at : NULL;
}

/* The dash of the item that comes next in a list without []: nothing but items stands in
 * that column. */
static struct place next_dash(struct reader *reader, const struct yaml_node *list)
{
    struct place place = {reader->source, reader->last_value.line + 1, list->at.column};
    const char *line;

    for (; list->last && (line = walk_to(reader, place.line)); place.line++)
        if (strspn(line, " ") == place.column - 1 && line[place.column - 1] == '-')
            return place;
    return list->at;
}

static struct place place_of(struct reader *reader, const struct fy_mark *mark)
{
    const struct yaml_node *open = reader->open;

    if (mark)
        return (struct place){reader->source, (unsigned)mark->line + 1, (unsigned)mark->column + 1};
    if (!open)
        return (struct place){reader->source, 1, 1};
    if (open->kind == YAML_LIST && !open->flow)
        return next_dash(reader, open);
    return open->pending ? open->pending->at : open->at;
}

static void refuse(struct reader *reader, struct yaml_node *node, const char *what)
{
    problems_add(reader->problems, node->at, "%s%s", what, quoting_hint(node->at));
    node->kind = YAML_REFUSED;
}

static void append(struct yaml_node *parent, struct yaml_node *node)
{
    if (parent->last)
        parent->last->next = node;
    else
        parent->children = node;
    parent->last = node;
    parent->count++;
}

/* In a map every other node is a key; it waits there for its value. */
static void attach_to_map(struct reader *reader, struct yaml_node *map, struct yaml_node *node)
{
    struct yaml_node *key = map->pending;

    if (!key) {
        map->pending = node;
        if (node->kind == YAML_LIST || node->kind == YAML_MAP)
            refuse(reader, node, "a list or a section stands where a key is meant");
        return;
    }
    if (key->kind == YAML_REFUSED)
        node->kind = YAML_REFUSED;
    node->key = key->text ? key->text : alloc_text("", 0);
    node->key_at = key->at;
    key->text = NULL;
    map->pending = NULL;
    yaml_free(&key);
    append(map, node);
}

static void attach(struct reader *reader, struct yaml_node *node)
{
    struct yaml_node *parent = reader->open;

    node->parent = parent;
    node->depth = parent ? parent->depth + 1 : 1;
    if (!parent)
        reader->root = node;
    else if (parent->kind == YAML_MAP)
        attach_to_map(reader, parent, node);
    else
        append(parent, node);
}

/* libfyaml's mark of a `|` or `>` text is at the line behind these. The text of one without
 * lines may be a NUL that the file has not. */
static void find_block_text(struct reader *reader, struct yaml_node *node, size_t *len)
{
    const char *line;

    *len = strnlen(node->text, *len);
    if (*len == 0) {
        node->at = place_of(reader, NULL);
        return;
    }
    for (; (line = walk_to(reader, node->at.line)); node->at.line++) {
        size_t blanks = strspn(line, " \t");

        if (!strchr("\r\n", line[blanks])) { /* or the end */
            node->at.column = (unsigned)blanks + 1;
            return;
        }
    }
}

static void set_text(struct reader *reader, struct yaml_node *node, struct fy_token *token)
{
    size_t len = 0;
    const char *text = token ? fy_token_get_text(token, &len) : NULL;
    enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;

    node->text = alloc_text(text, text ? len : 0);
    node->quoted = style != FYSS_PLAIN;
    if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && node->at.column > 1)
        node->at.column--; /* libfyaml's mark is behind the quote */
    if (style == FYSS_LITERAL || style == FYSS_FOLDED)
        find_block_text(reader, node, &len);
    if (text && memchr(text, '\0', len))
        refuse(reader, node, "this text has a NUL byte, which no setting may have");
}

static void refuse_decorated(struct reader *reader, struct yaml_node *node, struct fy_event *event)
{
    if (event->type == FYET_ALIAS)
        refuse(reader, node, "aliases are not supported; write the value out");
    else if (fy_event_get_anchor_token(event))
        refuse(reader, node, "anchors are not supported");
    else if (fy_event_get_tag_token(event))
        refuse(reader, node, "tags are not supported");
}

static void on_value(struct reader *reader, struct fy_event *event, enum yaml_kind kind)
{
    struct yaml_node *node = alloc_zeroed(1, sizeof *node);

    node->kind = kind;
    node->at = place_of(reader, fy_event_start_mark(event));
    node->flow = fy_event_get_node_style(event) == FYNS_FLOW;
    if (kind == YAML_SCALAR)
        set_text(reader, node, event->type == FYET_SCALAR ? fy_event_get_token(event) : NULL);
    refuse_decorated(reader, node, event);
    reader->last_value = node->at;
    attach(reader, node);
    if (kind == YAML_LIST || kind == YAML_MAP)
        reader->open = node;
}

static void on_open(struct reader *reader, struct fy_event *event, enum yaml_kind kind)
{
    bool too_deep = reader->open && reader->open->depth == YAML_DEPTH_MAX;

    if (reader->skipped_levels == 0 && !too_deep) {
        on_value(reader, event, kind);
        return;
    }
    if (reader->skipped_levels++ > 0)
        return;
    problems_add(reader->problems, place_of(reader, fy_event_start_mark(event)),
                 "this is deeper than the largest allowed %d levels", YAML_DEPTH_MAX);
    on_value(reader, event, YAML_REFUSED);
}

static void on_close(struct reader *reader)
{
    if (reader->skipped_levels > 0) {
        reader->skipped_levels--;
        return;
    }
    must(reader->open); /* libfyaml closes only what it opened */
    reader->open = reader->open->parent;
}

/* False when reading should stop. */
static bool on_event(struct reader *reader, struct fy_event *event)
{
    switch ((int)event->type) {
    case FYET_DOCUMENT_START:
        if (++reader->documents > 1)
            problems_add(reader->problems, place_of(reader, fy_event_start_mark(event)),
                         "a second document begins here; a configuration is one document");
        return reader->documents == 1;
    case FYET_MAPPING_START:
        on_open(reader, event, YAML_MAP);
        return true;
    case FYET_SEQUENCE_START:
        on_open(reader, event, YAML_LIST);
        return true;
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        on_close(reader);
        return true;
    case FYET_SCALAR:
    case FYET_ALIAS:
        if (reader->skipped_levels == 0)
            on_value(reader, event, YAML_SCALAR);
        return true;
    default:
        return true;
    }
}

/* ---- libfyaml ------------------------------------------------------------ */

/* libfyaml would print by itself, FYPCF_QUIET or not; we collect and show. */
static void stay_quiet(struct fy_diag *diag, void *user, const char *text, size_t len)
{
    (void)diag;
    (void)user;
    (void)text;
    (void)len;
}

static bool open_parser(struct reader *reader)
{
    struct fy_diag_cfg diag_cfg;
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_JSON_NONE};

    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.output_fn = stay_quiet;
    diag_cfg.colorize = false;
    reader->diag = fy_diag_create(&diag_cfg);
    if (!reader->diag)
        return false;
    fy_diag_set_collect_errors(reader->diag, true);
    cfg.diag = reader->diag;
    reader->parser = fy_parser_create(&cfg);
    return reader->parser &&
           fy_parser_set_string(reader->parser, reader->source->text, reader->source->len) == 0;
}

static void close_parser(struct reader *reader)
{
    if (reader->parser)
        fy_parser_destroy(reader->parser);
    if (reader->diag)
        fy_diag_destroy(reader->diag);
}

static void tell_syntax_error(struct reader *reader)
{
    void *iterator = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(reader->diag, &iterator);
    struct syntax_error told = {
        error ? error->msg : "this is not YAML", place_of(reader, NULL), reader->last_value, {0}};

    if (error && error->line > 0)
        told.at = (struct place){reader->source, (unsigned)error->line, (unsigned)error->column};
    if (reader->open && reader->open->flow)
        told.flow = reader->open->at;
    for (const struct yaml_node *node = reader->open; node && node->flow; node = node->parent)
        told.value = node->at;
    syntax_tell(reader->problems, &told);
}

/* False when a problem was added that leaves no document. A second document leaves
 * the first, which is whole by then. */
static bool read_events(struct reader *reader)
{
    bool going_on = true;
    struct fy_event *event;

    while (going_on && (event = fy_parser_parse(reader->parser))) {
        going_on = on_event(reader, event);
        fy_parser_event_free(reader->parser, event);
    }
    if (going_on && fy_parser_get_stream_error(reader->parser)) {
        tell_syntax_error(reader);
        return false;
    }
    return true;
}

struct yaml_node *yaml_read(const struct source *source, struct conf_problems *problems)
{
    struct reader reader = {.source = source,
                            .problems = problems,
                            .last_value = {source, 1, 1},
                            .line = 1,
                            .line_at = source->text};
    struct place place = {source, 0, 0};
    unsigned char byte;

    if (source_has_binary(source, &place, &byte))
        problems_add(problems, place, "byte \\x%02X is not text; save the file as UTF-8", byte);
    else if (explicit_key_find(source, &place))
        problems_add(problems, place, "keys that begin with '?' are not supported");
    else if (!open_parser(&reader))
        problems_add(problems, place, "cannot be parsed: out of memory");
    else if (!read_events(&reader))
        yaml_free(&reader.root);
    else if (!reader.root)
        problems_add(problems, place, "%s", yaml_empty);
    close_parser(&reader);
    return reader.root;
}
