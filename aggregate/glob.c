#include "aggregate/glob.h"

#include <stdlib.h>

#include "conf/must.h"

enum atom_kind { ATOM_BYTE, ATOM_CHARACTER, ATOM_SET, ATOM_STAR };

/* One step of a pattern. */
struct glob_atom {
    enum atom_kind kind;
    unsigned char byte;
    bool negated;
    uint64_t set[2]; /* of ASCII characters, a bit each */
};

static bool is_in_set(const struct glob_atom *atom, unsigned char byte)
{
    bool listed = byte < 128 && (atom->set[byte / 64] >> byte % 64 & 1);

    return listed != atom->negated;
}

/* ---- compiling ------------------------------------------------------------------------- */

/* A character of a set, which may have a backslash in front. Returns behind it; NULL: there is
 * none, or it is not ASCII. */
static const char *read_ascii(const char *at, unsigned char *byte_out)
{
    if (*at == '\\')
        at++;
    *byte_out = (unsigned char)*at;
    return *byte_out == '\0' || *byte_out >= 128 ? NULL : at + 1;
}

/* One member of a set, `a` or `a-z`. Returns behind it; NULL: not a member. */
static const char *read_member(const char *at, struct glob_atom *atom)
{
    unsigned char first, last;

    at = read_ascii(at, &first);
    if (!at)
        return NULL;
    last = first;
    if (*at == '-' && at[1] != ']' && at[1] != '\0')
        at = read_ascii(at + 1, &last);
    if (!at || last < first)
        return NULL;
    for (unsigned byte = first; byte <= last; byte++)
        atom->set[byte / 64] |= 1ULL << byte % 64;
    return at;
}

/* `at` is behind the bracket. Returns behind the other; a `]` that stands first is a member. */
static const char *read_set(const char *pattern, const char *at, struct glob_atom *atom,
                            struct err *err)
{
    const char *first;

    atom->kind = ATOM_SET;
    atom->negated = *at == '!' || *at == '^';
    at += atom->negated;
    for (first = at; *at != '\0' && (*at != ']' || at == first);) {
        at = read_member(at, atom);
        if (!at) {
            err_set(err,
                    "the set of characters in '%s' can only have ASCII characters and ranges of "
                    "them that go upward, such as [a-z0-9_]",
                    pattern);
            return NULL;
        }
    }
    if (*at == '\0') {
        err_set(err, "'%s' has a '[' without a ']'; write \\[ for a bracket", pattern);
        return NULL;
    }
    return at + 1;
}

/* Returns behind what makes one atom, or NULL. */
static const char *read_atom(const char *pattern, const char *at, struct glob_atom *atom,
                             struct err *err)
{
    *atom = (struct glob_atom){.kind = ATOM_BYTE, .byte = (unsigned char)*at};
    if (*at == '[')
        return read_set(pattern, at + 1, atom, err);
    if (*at == '*')
        atom->kind = ATOM_STAR;
    else if (*at == '?')
        atom->kind = ATOM_CHARACTER;
    else if (*at == '\\')
        atom->byte = (unsigned char)*++at;
    if (*at != '\0')
        return at + 1;
    err_set(err, "'%s' ends with a backslash; write \\\\ for one", pattern);
    return NULL;
}

static int read_atoms(struct glob *glob, const char *pattern, struct err *err)
{
    for (const char *at = pattern; *at != '\0';) {
        struct glob_atom *atom = &glob->atoms[glob->atom_count];

        at = read_atom(pattern, at, atom, err);
        if (!at)
            return -1;
        if (atom->kind != ATOM_STAR || glob->atom_count == 0 || atom[-1].kind != ATOM_STAR)
            glob->atom_count++;
    }
    return 0;
}

/* How many of the atoms from this one on are bytes. */
static unsigned count_bytes(const struct glob *glob, unsigned from)
{
    unsigned count = 0;

    while (from + count < glob->atom_count && glob->atoms[from + count].kind == ATOM_BYTE)
        count++;
    return count;
}

static bool is_star(const struct glob *glob, unsigned at)
{
    return at < glob->atom_count && glob->atoms[at].kind == ATOM_STAR;
}

static enum glob_kind kind_of(const struct glob *glob, unsigned prefix)
{
    if (prefix == glob->atom_count)
        return GLOB_NAME;
    if (prefix + 1 == glob->atom_count && is_star(glob, prefix))
        return GLOB_PREFIX;
    if (is_star(glob, 0) && 1 + count_bytes(glob, 1) == glob->atom_count)
        return GLOB_SUFFIX;
    return GLOB_OTHER;
}

static void set_head(struct glob *glob, unsigned prefix)
{
    unsigned char head[GLOB_HEAD] = {0}, mask[GLOB_HEAD] = {0};

    for (unsigned i = 0; i < prefix && i < GLOB_HEAD; i++) {
        head[i] = glob->atoms[i].byte;
        mask[i] = 0xff;
    }
    memcpy(&glob->head, head, sizeof glob->head);
    memcpy(&glob->mask, mask, sizeof glob->mask);
}

static void set_text(struct glob *glob)
{
    unsigned len = 0;

    for (unsigned i = 0; i < glob->atom_count; i++) {
        if (glob->atoms[i].kind == ATOM_BYTE)
            glob->text[len++] = (char)glob->atoms[i].byte;
    }
}

int glob_init(struct glob *glob, const char *pattern, struct err *err)
{
    size_t len = strlen(pattern);
    unsigned prefix;

    *glob = (struct glob){.atoms = calloc(len + 1, sizeof *glob->atoms), .text = malloc(len + 1)};
    must(glob->atoms && glob->text);
    if (read_atoms(glob, pattern, err) < 0) {
        glob_fini(glob);
        return -1;
    }
    for (unsigned i = 0; i < glob->atom_count; i++)
        glob->least_len += glob->atoms[i].kind != ATOM_STAR;
    prefix = count_bytes(glob, 0);
    glob->kind = kind_of(glob, prefix);
    set_head(glob, prefix);
    set_text(glob);
    return 0;
}

void glob_fini(struct glob *glob)
{
    free(glob->atoms);
    free(glob->text);
    *glob = (struct glob){0};
}

bool glob_is_any(const struct glob *glob)
{
    return glob->kind == GLOB_PREFIX && glob->least_len == 0;
}

size_t glob_bytes(size_t pattern_len)
{
    enum { ALLOCATOR = 64 };

    return sizeof(struct glob) + (pattern_len + 1) * (sizeof(struct glob_atom) + 1) + ALLOCATOR;
}

/* ---- comparing --------------------------------------------------------------------------- */

/* An ASCII character, or a byte and those that continue its UTF-8 sequence. What is no UTF-8
 * goes by as it comes. */
static size_t character_len(const char *at, const char *end)
{
    enum { LONGEST = 4 };
    size_t len = 1;

    if ((unsigned char)*at < 128)
        return 1;
    while (len < LONGEST && at + len < end && ((unsigned char)at[len] & 0xc0) == 0x80)
        len++;
    return len;
}

/* How many bytes this atom takes; 0: it does not take what is there. */
static size_t taken(const struct glob_atom *atom, const char *at, const char *end)
{
    unsigned char byte = (unsigned char)*at;

    if (atom->kind == ATOM_BYTE)
        return byte == atom->byte;
    if (atom->kind == ATOM_SET && !is_in_set(atom, byte))
        return 0;
    return character_len(at, end);
}

/* Only the last star that was passed is ever tried again, a byte further each time: what the
 * stars before it took is right if anything is. So there is no tree of attempts. */
static bool walk(const struct glob *glob, const char *at, const char *end)
{
    const struct glob_atom *atom = glob->atoms, *last = atom + glob->atom_count;
    const struct glob_atom *behind_star = NULL;
    const char *retry = NULL;

    while (at < end) {
        size_t len;

        if (atom < last && atom->kind == ATOM_STAR) {
            behind_star = ++atom;
            retry = at;
            continue;
        }
        len = atom < last ? taken(atom, at, end) : 0;
        if (len > 0) {
            at += len;
            atom++;
        } else if (behind_star) {
            atom = behind_star;
            at = ++retry;
        } else {
            return false;
        }
    }
    return atom == last || (atom + 1 == last && atom->kind == ATOM_STAR);
}

bool glob_matches_rest(const struct glob *glob, const char *bytes, size_t len)
{
    switch (glob->kind) {
    case GLOB_NAME:
        return len == glob->least_len && memcmp(bytes, glob->text, len) == 0;
    case GLOB_PREFIX:
        return memcmp(bytes, glob->text, glob->least_len) == 0;
    case GLOB_SUFFIX:
        return memcmp(bytes + len - glob->least_len, glob->text, glob->least_len) == 0;
    case GLOB_OTHER:
        break;
    }
    return walk(glob, bytes, bytes + len);
}
