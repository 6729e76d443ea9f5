#include "client/encryption.h"

#include <stdint.h>

#include "zeromq/curve.h"

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
    const struct conf_curve curve = {.encryption = CONF_ENCRYPTION_CURVE,
                                     .key = (char *)(uintptr_t)conf->key,
                                     .server_key = (char *)(uintptr_t)conf->server_key};
    const void *setting;

    return conf->key ? curve_connect(zmq_socket, &curve, &setting, err) : 0;
}
