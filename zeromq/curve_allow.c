#include "zeromq/curve_allow.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/alloc.h"
#include "conf/must.h"
#include "zeromq/curve_text.h"

struct client {
    struct curve_key key;
    char name[CURVE_NAME_MAX + 1];
    const char *path; /* where it stands; NULL: in the configuration itself */
    unsigned line;
};

struct curve_allow {
    struct client *clients; /* sorted by key */
    unsigned count;
    char **paths; /* that clients point to */
    unsigned path_count;
};

/* ---- one client ----------------------------------------------------------------------- */

static int refuse(const char *path, unsigned line, struct err *err, const char *what)
{
    if (!path)
        return err_set(err, "'allow' has %s", what);
    return err_set(err, "%s:%u: %s", path, line, what);
}

/* Words of a key pair's file, which somebody may put here by mistake. */
static bool is_reserved(const char *name)
{
    return strcmp(name, "secret") == 0 || strcmp(name, "public") == 0 || strcmp(name, "name") == 0;
}

static int judge_name(const char *name, const char *path, unsigned line, struct err *err)
{
    if (strcmp(name, "secret") == 0)
        return refuse(path, line, err,
                      "a secret key; only public ones belong here, as 'logboom keygen --public "
                      "FILE' prints them");
    if (is_reserved(name) || !curve_name_is_right(name))
        return refuse(path, line, err,
                      "a name that is none: it has 1 to 64 letters, digits, '_', '.' and '-', and "
                      "is not 'public' or 'name'");
    return 0;
}

static struct client *add_room(struct curve_allow *allow)
{
    /* in steps, since one at a time would copy all of them each time */
    if (allow->count % 256 == 0) {
        allow->clients = realloc(allow->clients, (allow->count + 256) * sizeof(struct client));
        must(allow->clients);
    }
    return &allow->clients[allow->count];
}

/* `name` may be NULL. */
static int add(struct curve_allow *allow, const char *name, const char *key_text, const char *path,
               unsigned line, struct err *err)
{
    struct client *client;

    if (name && judge_name(name, path, line, err) < 0)
        return -1;
    if (allow->count == CURVE_CLIENTS_MAX)
        return refuse(path, line, err, "one client too many: 10000 is the largest number allowed");
    client = add_room(allow);
    if (!curve_key_parse(key_text, &client->key))
        return refuse(path, line, err,
                      "what is no public key; a key has 40 characters, as 'logboom keygen' prints "
                      "them");
    strcpy(client->name, name ? name : key_text);
    client->path = path;
    client->line = line;
    allow->count++;
    return 0;
}

/* ---- files ---------------------------------------------------------------------------- */

static const char *keep_path(struct curve_allow *allow, const char *path)
{
    allow->paths = alloc_room(allow->paths, allow->path_count, sizeof(char *));
    allow->paths[allow->path_count] = alloc_text(path, strlen(path));
    return allow->paths[allow->path_count++];
}

/* `owner` is whose the lines without a name are, or NULL. */
static int add_line(struct curve_allow *allow, const struct curve_text *text, const char *owner,
                    struct err *err)
{
    if (text->count == 1)
        return add(allow, owner, text->words[0], text->path, text->line, err);
    if (text->count == 2)
        return add(allow, text->words[0], text->words[1], text->path, text->line, err);
    return refuse(text->path, text->line, err, "more than 'NAME KEY'; one client a line");
}

static int add_file(struct curve_allow *allow, const char *path, const char *owner, struct err *err)
{
    struct curve_text text;
    int result = curve_text_read(&text, keep_path(allow, path), CURVE_PUBLIC, err);

    if (result < 0)
        return -1;
    while (result == 0 && curve_text_next(&text))
        result = add_line(allow, &text, owner, err);
    curve_text_free(&text);
    return result;
}

/* What editors and package managers leave behind begins with a dot or ends in a tilde. */
static int is_wanted(const struct dirent *item)
{
    size_t len = strlen(item->d_name);

    return item->d_name[0] != '.' && item->d_name[len - 1] != '~';
}

static int add_file_of_folder(struct curve_allow *allow, const char *folder, const char *file,
                              struct err *err)
{
    char *path = NULL, *owner = alloc_text(file, strlen(file));
    char *ending = strrchr(owner, '.');
    int result;

    if (ending && strcmp(ending, ".pub") == 0)
        *ending = '\0';
    must(asprintf(&path, "%s/%s", folder, file) > 0);
    result = add_file(allow, path, curve_name_is_right(owner) ? owner : NULL, err);
    free(path);
    free(owner);
    return result;
}

static int add_folder(struct curve_allow *allow, const char *folder, struct err *err)
{
    struct dirent **items;
    int count = scandir(folder, &items, is_wanted, alphasort);
    int result = 0;

    if (count < 0)
        return err_set(err, "cannot read the folder '%s': %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (result == 0)
            result = add_file_of_folder(allow, folder, items[i]->d_name, err);
        free(items[i]);
    }
    free(items);
    return result;
}

/* Who may put a file there may let himself in. */
static int judge_folder(const char *path, const struct stat *st, struct err *err)
{
    if ((st->st_uid != geteuid() && st->st_uid != 0) || st->st_mode & 002)
        return err_set(err,
                       "'%s' says who is let in, but others than root and we can change it (uid "
                       "%u, mode %04o)",
                       path, (unsigned)st->st_uid, st->st_mode & 07777);
    return 0;
}

static int add_path(struct curve_allow *allow, const char *path, struct err *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return err_set(err, "'allow' has '%s', which is no key, and no file either: %s", path,
                       strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return add_file(allow, path, NULL, err);
    return judge_folder(path, &st, err) < 0 ? -1 : add_folder(allow, path, err);
}

/* ---- all of them ---------------------------------------------------------------------- */

static bool is_path(const char *item)
{
    struct curve_key key;

    if (*item == '/' || strncmp(item, "./", 2) == 0 || strncmp(item, "../", 3) == 0)
        return true;
    return !strchr(item, ' ') && !curve_key_parse(item, &key);
}

static int add_item(struct curve_allow *allow, const char *item, struct err *err)
{
    const char *space = strchr(item, ' ');
    char *name;
    int result;

    if (is_path(item))
        return add_path(allow, item, err);
    if (!space)
        return add(allow, NULL, item, NULL, 0, err);
    name = alloc_text(item, (size_t)(space - item));
    result = add(allow, name, space + strspn(space, " "), NULL, 0, err);
    free(name);
    return result;
}

static int compare(const void *a, const void *b)
{
    const struct client *left = a, *right = b;
    int by_key = memcmp(left->key.bytes, right->key.bytes, CURVE_KEY_BYTES);

    return by_key != 0 ? by_key : (left->line > right->line) - (left->line < right->line);
}

static int refuse_double(const struct client *first, const struct client *second, struct err *err)
{
    if (!first->path || !second->path)
        return err_set(err, "'allow' has the key of '%s' twice%s%s", second->name,
                       first->path || second->path ? ", also in " : "",
                       first->path    ? first->path
                       : second->path ? second->path
                                      : "");
    return err_set(err, "%s:%u: the key of '%s' stands in %s:%u already, for '%s'", second->path,
                   second->line, second->name, first->path, first->line, first->name);
}

static int sort(struct curve_allow *allow, struct err *err)
{
    if (allow->count > 0)
        qsort(allow->clients, allow->count, sizeof(struct client), compare);
    for (unsigned i = 1; i < allow->count; i++) {
        const struct client *before = &allow->clients[i - 1], *client = &allow->clients[i];

        if (curve_key_is_same(&before->key, &client->key))
            return refuse_double(before, client, err);
    }
    return 0;
}

struct curve_allow *curve_allow_new(const struct conf_strings *items, const void **item_out,
                                    struct err *err)
{
    struct curve_allow *allow = alloc_zeroed(1, sizeof *allow);
    int result = 0;

    for (unsigned i = 0; result == 0 && i < items->count; i++) {
        *item_out = items->items[i];
        result = add_item(allow, items->items[i], err);
    }
    if (result < 0 || sort(allow, err) < 0)
        curve_allow_free(&allow);
    return allow;
}

void curve_allow_free(struct curve_allow **allow_address)
{
    struct curve_allow *allow = *allow_address;

    *allow_address = NULL;
    if (!allow)
        return;
    for (unsigned i = 0; i < allow->path_count; i++)
        free(allow->paths[i]);
    free(allow->paths);
    free(allow->clients);
    free(allow);
}

/* ---- looking -------------------------------------------------------------------------- */

unsigned curve_allow_count(const struct curve_allow *allow)
{
    return allow->count;
}

void curve_allow_each(const struct curve_allow *allow,
                      void (*visit)(void *context, const struct curve_key *key, const char *name),
                      void *context)
{
    for (unsigned i = 0; i < allow->count; i++)
        visit(context, &allow->clients[i].key, allow->clients[i].name);
}

const char *curve_allow_find(const struct curve_allow *allow, const struct curve_key *key)
{
    unsigned from = 0, to = allow->count;

    while (from < to) {
        unsigned middle = from + (to - from) / 2;
        int order = memcmp(key->bytes, allow->clients[middle].key.bytes, CURVE_KEY_BYTES);

        if (order == 0)
            return allow->clients[middle].name;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}
