#include "zeromq/curve_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/write_all.h"
#include "zeromq/curve_text.h"

/* ---- writing -------------------------------------------------------------------------- */

static int write_pair(int fd, const struct curve_pair *pair)
{
    char text[1024], public_text[CURVE_KEY_CHARS + 1], secret_text[CURVE_KEY_CHARS + 1];
    bool has_name = *pair->name != '\0';
    int len, result;

    len = snprintf(text, sizeof text,
                   "# The key pair of %s, made by logboom keygen. Keep this file to yourself.\n"
                   "%s%s%s"
                   "public %s\n"
                   "secret %s\n",
                   has_name ? pair->name : "nobody in particular", has_name ? "name   " : "",
                   pair->name, has_name ? "\n" : "", curve_key_show(&pair->public_key, public_text),
                   curve_key_show(&pair->secret_key, secret_text));
    result = write_all(fd, text, (size_t)len) == 0 ? fsync(fd) : -1;
    explicit_bzero(text, sizeof text);
    explicit_bzero(secret_text, sizeof secret_text);
    return result;
}

/* fchmod: a umask can only have taken away what the owner needs. */
int curve_file_write(const char *path, const struct curve_pair *pair, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 && errno == EEXIST)
        return err_set(err,
                       "'%s' is there already, and a key is never written over; choose another "
                       "name, or remove it if nobody needs it any more",
                       path);
    if (fd < 0)
        return err_set(err, "cannot make '%s': %s", path, strerror(errno));
    if (fchmod(fd, 0600) < 0 || write_pair(fd, pair) < 0) {
        err_set(err, "cannot write '%s': %s", path, strerror(errno));
        close(fd);
        unlink(path);
        return -1;
    }
    close(fd);
    return 0;
}

/* ---- reading -------------------------------------------------------------------------- */

struct pair_reader {
    struct curve_text text;
    struct curve_pair pair;
    bool has_name, has_public, has_secret;
};

static int refuse(const struct pair_reader *reader, struct err *err, const char *what)
{
    return err_set(err, "%s:%u: %s", reader->text.path, reader->text.line, what);
}

static int read_name(struct pair_reader *reader, struct err *err)
{
    const char *name = reader->text.words[1];

    if (reader->has_name)
        return refuse(reader, err, "a second name");
    if (!curve_name_is_right(name))
        return refuse(reader, err,
                      "a name has 1 to 64 letters, digits, '_', '.' and '-', and nothing else");
    reader->has_name = true;
    strcpy(reader->pair.name, name);
    return 0;
}

static int read_key(struct pair_reader *reader, struct curve_key *key, bool *has, struct err *err)
{
    if (*has)
        return refuse(reader, err, "a second key of that kind");
    if (!curve_key_parse(reader->text.words[1], key))
        return refuse(reader, err,
                      "this is no key; a key has 40 characters, as logboom keygen "
                      "writes them");
    *has = true;
    return 0;
}

static int read_line(struct pair_reader *reader, struct err *err)
{
    const char *what = reader->text.words[0];

    if (reader->text.count == 2 && strcmp(what, "name") == 0)
        return read_name(reader, err);
    if (reader->text.count == 2 && strcmp(what, "public") == 0)
        return read_key(reader, &reader->pair.public_key, &reader->has_public, err);
    if (reader->text.count == 2 && strcmp(what, "secret") == 0)
        return read_key(reader, &reader->pair.secret_key, &reader->has_secret, err);
    return refuse(reader, err,
                  "a line is 'name NAME', 'public KEY' or 'secret KEY', or begins "
                  "with '# '");
}

/* A public key that is not that of the secret would let nobody in, and not say why. */
static int complete(struct pair_reader *reader, struct err *err)
{
    struct curve_key derived;

    if (!reader->has_secret)
        return err_set(err,
                       "'%s' has no line 'secret KEY', so it is no key pair; 'logboom keygen "
                       "FILE' makes one",
                       reader->text.path);
    if (curve_key_derive(&reader->pair.secret_key, &derived, err) < 0)
        return -1;
    if (reader->has_public && !curve_key_is_same(&derived, &reader->pair.public_key))
        return err_set(err, "the public key in '%s' does not belong to the secret one",
                       reader->text.path);
    reader->pair.public_key = derived;
    return 0;
}

int curve_file_read(const char *path, struct curve_pair *pair_out, struct err *err)
{
    struct pair_reader reader = {.has_name = false};
    int result = curve_text_read(&reader.text, path, CURVE_SECRET, err);

    if (result < 0)
        return -1;
    while (result == 0 && curve_text_next(&reader.text))
        result = read_line(&reader, err);
    if (result == 0)
        result = complete(&reader, err);
    if (result == 0)
        *pair_out = reader.pair;
    curve_text_free(&reader.text);
    curve_pair_wipe(&reader.pair);
    return result;
}
