#include "client/encryption.h"

#include <stdint.h>
#include <string.h>

#include "client/curve_talk.h"
#include "zeromq/curve.h"
#include "zeromq/curve_file.h"

int encryption_judge(const struct encryption_conf *conf, struct err *err)
{
    if (conf->key && !conf->server_key)
        return err_set(err, "--key needs --server-key, the public key of the daemon, which "
                            "'logboom keygen --public FILE' prints there");
    if (conf->server_key && !conf->key)
        return err_set(err, "--server-key needs --key, the file of a key pair, which 'logboom "
                            "keygen FILE' makes");
    return 0;
}

int encryption_apply(const struct encryption_conf *conf, void *zmq_socket, struct err *err)
{
    char *key = (char *)(uintptr_t)conf->key;
    const struct conf_curve curve = {.encryption = CONF_ENCRYPTION_CURVE,
                                     .key = {&key, 1},
                                     .server_key = (char *)(uintptr_t)conf->server_key};
    const void *setting;

    return conf->key ? curve_connect(zmq_socket, &curve, &setting, err) : 0;
}

/* The line of a key has a name in front. */
int encryption_read(const struct encryption_conf *conf, struct curve_self *self_out,
                    struct err *err)
{
    const char *text = conf->server_key, *space = text ? strchr(text, ' ') : NULL;

    *self_out = (struct curve_self){.is_server = !text};
    if (text && !curve_key_parse(space ? space + 1 : text, &self_out->server))
        return err_set(err, "--server-key is '%s', which is no public key", text);
    return curve_file_read(conf->key, &self_out->pair, err);
}
