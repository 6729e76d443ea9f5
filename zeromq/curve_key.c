#include "zeromq/curve_key.h"

#include <string.h>
#include <zmq.h>

#include "conf/must.h"

/* zmq_z85_decode() takes any length, so the length is ours to look at. */
bool curve_key_parse(const char *text, struct curve_key *key_out)
{
    struct curve_key key;
    bool is_key = strlen(text) == CURVE_KEY_CHARS && zmq_z85_decode(key.bytes, text) != NULL;

    if (is_key)
        *key_out = key;
    explicit_bzero(&key, sizeof key);
    return is_key;
}

const char *curve_key_show(const struct curve_key *key, char text[CURVE_KEY_CHARS + 1])
{
    must(zmq_z85_encode(text, key->bytes, CURVE_KEY_BYTES));
    return text;
}

bool curve_key_is_same(const struct curve_key *a, const struct curve_key *b)
{
    return memcmp(a->bytes, b->bytes, CURVE_KEY_BYTES) == 0;
}

bool curve_name_is_right(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789_.-";
    size_t len = strlen(name);

    return len > 0 && len <= CURVE_NAME_MAX && strspn(name, allowed) == len;
}

int curve_pair_make(struct curve_pair *pair_out, struct err *err)
{
    char public_text[CURVE_KEY_CHARS + 1], secret_text[CURVE_KEY_CHARS + 1];

    do {
        if (zmq_curve_keypair(public_text, secret_text) < 0)
            return err_set(err, "this libzmq cannot make keys: %s", zmq_strerror(zmq_errno()));
    } while (strchr("#/.-", public_text[0]));
    memset(pair_out, 0, sizeof *pair_out);
    must(curve_key_parse(public_text, &pair_out->public_key));
    must(curve_key_parse(secret_text, &pair_out->secret_key));
    explicit_bzero(secret_text, sizeof secret_text);
    return 0;
}

int curve_key_derive(const struct curve_key *secret, struct curve_key *public_out, struct err *err)
{
    char public_text[CURVE_KEY_CHARS + 1], secret_text[CURVE_KEY_CHARS + 1];
    int result;

    curve_key_show(secret, secret_text);
    result = zmq_curve_public(public_text, secret_text);
    explicit_bzero(secret_text, sizeof secret_text);
    if (result < 0)
        return err_set(err, "this libzmq knows no keys: %s", zmq_strerror(zmq_errno()));
    must(curve_key_parse(public_text, public_out));
    return 0;
}

void curve_pair_wipe(struct curve_pair *pair)
{
    explicit_bzero(pair, sizeof *pair);
}
