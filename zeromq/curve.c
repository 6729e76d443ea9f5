#include "zeromq/curve.h"

#include <errno.h>
#include <string.h>
#include <zmq.h>

#include "conf/must.h"
#include "zeromq/admission.h"
#include "zeromq/curve_file.h"

/* Behind the DRAFT flag in zmq.h 4.3, but known by number: no answer from a handler is a no. */
enum { OPTION_ZAP_ENFORCE_DOMAIN = 93 };

/* ---- options, read back -------------------------------------------------------------------- */

static int set_number(void *socket, int option, int value, struct err *err)
{
    if (zmq_setsockopt(socket, option, &value, sizeof value) < 0)
        return err_set(err, "cannot set ZeroMQ's socket option %d: %s", option,
                       zmq_strerror(errno));
    return 0;
}

static int set_bytes(void *socket, int option, const void *bytes, size_t len, struct err *err)
{
    if (zmq_setsockopt(socket, option, bytes, len) < 0)
        return err_set(err, "cannot set ZeroMQ's socket option %d: %s", option,
                       zmq_strerror(errno));
    return 0;
}

static bool number_is(void *socket, int option, int expected)
{
    int value = -1;
    size_t value_bytes = sizeof value;

    return zmq_getsockopt(socket, option, &value, &value_bytes) == 0 && value == expected;
}

static bool text_is(void *socket, int option, const char *expected)
{
    char text[256];
    size_t text_bytes = sizeof text;

    return zmq_getsockopt(socket, option, text, &text_bytes) == 0 && strcmp(text, expected) == 0;
}

/* ---- server -------------------------------------------------------------------------------- */

static bool is_guarded(void *socket, const char *domain)
{
    return number_is(socket, ZMQ_MECHANISM, ZMQ_CURVE) && number_is(socket, ZMQ_CURVE_SERVER, 1) &&
           text_is(socket, ZMQ_ZAP_DOMAIN, domain) &&
           number_is(socket, OPTION_ZAP_ENFORCE_DOMAIN, 1);
}

/* The domain and its enforcement first: a socket that has these alone takes nobody. */
int curve_serve_as(void *socket, const struct curve_pair *pair, const char *domain, struct err *err)
{
    must(*domain != '\0');
    if (set_bytes(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain), err) < 0 ||
        set_number(socket, OPTION_ZAP_ENFORCE_DOMAIN, 1, err) < 0 ||
        set_bytes(socket, ZMQ_CURVE_SECRETKEY, pair->secret_key.bytes, CURVE_KEY_BYTES, err) < 0 ||
        set_number(socket, ZMQ_CURVE_SERVER, 1, err) < 0)
        return -1;
    if (!is_guarded(socket, domain))
        return err_set(err, "this libzmq does not keep the options that guard a socket, so nobody "
                            "is let in");
    return 0;
}

/* ---- client -------------------------------------------------------------------------------- */

int curve_connect_as(void *socket, const struct curve_pair *pair, const struct curve_key *server,
                     struct err *err)
{
    if (set_bytes(socket, ZMQ_CURVE_PUBLICKEY, pair->public_key.bytes, CURVE_KEY_BYTES, err) < 0 ||
        set_bytes(socket, ZMQ_CURVE_SECRETKEY, pair->secret_key.bytes, CURVE_KEY_BYTES, err) < 0 ||
        set_bytes(socket, ZMQ_CURVE_SERVERKEY, server->bytes, CURVE_KEY_BYTES, err) < 0)
        return -1;
    if (!number_is(socket, ZMQ_MECHANISM, ZMQ_CURVE) || !number_is(socket, ZMQ_CURVE_SERVER, 0))
        return err_set(err, "this libzmq does not keep the options for encryption");
    return 0;
}

/* Our own key's line, which has a name in front, is taken as well. */
static int parse_server_key(const char *text, struct curve_key *key_out, struct err *err)
{
    const char *space = strchr(text, ' ');

    if (curve_key_parse(space ? space + 1 : text, key_out))
        return 0;
    return err_set(err,
                   "'server_key' is '%s', which is no public key; 'logboom keygen --public FILE' "
                   "prints it where the server's key is",
                   text);
}

int curve_connect(void *socket, const struct conf_curve *conf, const void **setting_out,
                  struct err *err)
{
    struct curve_key server;
    struct curve_pair pair;
    int result;

    must(conf->encryption == CONF_ENCRYPTION_CURVE);
    *setting_out = &conf->server_key;
    if (parse_server_key(conf->server_key, &server, err) < 0)
        return -1;
    *setting_out = &conf->key;
    if (conf->key.count != 1)
        return err_set(err, "'key' has %u files; who connects shows one", conf->key.count);
    if (curve_file_read(conf->key.items[0], &pair, err) < 0)
        return -1;
    result = curve_connect_as(socket, &pair, &server, err);
    curve_pair_wipe(&pair);
    return result;
}

/* ---- judging ------------------------------------------------------------------------------- */

static int judge_server(const struct conf_curve *conf, const void **setting_out, struct err *err)
{
    const struct conf_ipc nobody_in_particular = {.allow_uid = {NULL, 0}};
    struct admission *admission = admission_new(conf, &nobody_in_particular, setting_out, err);
    bool is_right = admission != NULL;

    admission_free(&admission);
    return is_right ? 0 : -1;
}

static int judge_client(const struct conf_curve *conf, const void **setting_out, struct err *err)
{
    struct curve_pair pair;
    struct curve_key server;

    *setting_out = &conf->key;
    if (conf->key.count > 1)
        return err_set(err, "'key' has %u files; who connects shows one", conf->key.count);
    if (conf->key.count == 1 && curve_file_read(conf->key.items[0], &pair, err) < 0)
        return -1;
    curve_pair_wipe(&pair);
    *setting_out = &conf->server_key;
    return conf->server_key ? parse_server_key(conf->server_key, &server, err) : 0;
}

int curve_judge(const struct conf_curve *conf, bool is_server, const void **setting_out,
                struct err *err)
{
    return is_server ? judge_server(conf, setting_out, err) : judge_client(conf, setting_out, err);
}
