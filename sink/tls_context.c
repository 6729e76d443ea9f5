#include "sink/tls_context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/tls_trouble.h"
#include "sink/tls_way.h"

/* ---- files ---------------------------------------------------------------------------------- */

/* OpenSSL would wait for a FIFO, and says less. */
static int look_at(const char *path, const char *what, struct stat *st, struct err *err)
{
    if (stat(path, st) < 0 || access(path, R_OK) < 0)
        return err_set(err, "cannot read the %s '%s': %s", what, path, strerror(errno));
    if (!S_ISREG(st->st_mode))
        return err_set(err, "the %s '%s' is not a file", what, path);
    return 0;
}

static int use_authorities(SSL_CTX *ssl, const char *path, struct err *err)
{
    struct stat st;

    if (look_at(path, "certificates", &st, err) < 0)
        return -1;
    if (openssl.SSL_CTX_load_verify_file(ssl, path) != 1)
        return err_set(err, "there are no certificates (PEM) in '%s' that OpenSSL can use: %s",
                       path, tls_reason());
    return 0;
}

static int use_system(SSL_CTX *ssl, struct err *err)
{
    const char *path = tls_system_ca();

    if (path)
        return use_authorities(ssl, path, err);
    if (openssl.SSL_CTX_set_default_verify_paths(ssl) != 1)
        return err_set(err,
                       "this system has no certificates of authorities: %s; name a file as "
                       "'ca', or install ca-certificates",
                       tls_reason());
    return 0;
}

static int use_certificate(SSL_CTX *ssl, const char *path, struct err *err)
{
    struct stat st;

    if (look_at(path, "certificate", &st, err) < 0)
        return -1;
    if (openssl.SSL_CTX_use_certificate_chain_file(ssl, path) != 1)
        return err_set(err, "there is no certificate (PEM) in '%s' that OpenSSL can use: %s", path,
                       tls_reason());
    return 0;
}

static int use_key(SSL_CTX *ssl, const struct conf_tls *conf, struct err *err)
{
    struct stat st;

    if (look_at(conf->key, "key", &st, err) < 0)
        return -1;
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return err_set(err, "others may use the key '%s', whose mode is %04o; make it 0600",
                       conf->key, st.st_mode & 07777);
    if (openssl.SSL_CTX_use_PrivateKey_file(ssl, conf->key, SSL_FILETYPE_PEM) != 1)
        return err_set(err,
                       "there is no key (PEM, without a passphrase) in '%s' that fits the "
                       "certificate '%s': %s",
                       conf->key, conf->cert, tls_reason());
    return 0;
}

const char *tls_system_ca(void)
{
    static const char *const bundles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                          "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
    const char *named = getenv("SSL_CERT_FILE");

    if (named)
        return named;
    for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++)
        if (access(bundles[i], R_OK) == 0)
            return bundles[i];
    return NULL;
}

/* ---- the context ----------------------------------------------------------------------------- */

/* Nobody is there to be asked for it. */
static int on_passphrase(char *text, int size, int rwflag, void *context)
{
    (void)text;
    (void)size;
    (void)rwflag;
    (void)context;
    return -1;
}

static void set_rules(SSL_CTX *ssl)
{
    openssl.SSL_CTX_ctrl(ssl, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
    openssl.SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    openssl.SSL_CTX_set_default_passwd_cb(ssl, on_passphrase);
    tls_way_watch(ssl);
}

/* What the receiver must be called. */
static int set_name(struct tls_context *context, struct err *err)
{
    X509_VERIFY_PARAM *rules = openssl.SSL_CTX_get0_param(context->ssl);

    openssl.X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    context->is_ip = openssl.X509_VERIFY_PARAM_set1_ip_asc(rules, context->name) == 1;
    if (!context->is_ip &&
        openssl.X509_VERIFY_PARAM_set1_host(rules, context->name, strlen(context->name)) != 1)
        return err_set(err, "'%s' is no name that a certificate could be for", context->name);
    return 0;
}

static int read_files(struct tls_context *context, const struct conf_tls *conf,
                      const void **setting, struct err *err)
{
    *setting = &conf->ca;
    if (conf->verify == CONF_VERIFY_ON) {
        openssl.SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
        if ((conf->ca ? use_authorities(context->ssl, conf->ca, err)
                      : use_system(context->ssl, err)) < 0)
            return -1;
    }
    *setting = &conf->cert;
    if (conf->cert && use_certificate(context->ssl, conf->cert, err) < 0)
        return -1;
    *setting = &conf->key;
    if (conf->cert && conf->key && use_key(context->ssl, conf, err) < 0)
        return -1;
    *setting = &conf->server_name;
    return set_name(context, err);
}

int tls_context_init(struct tls_context *context, const struct conf_sink *conf, const char *host,
                     const void **setting, struct err *err)
{
    *context = (struct tls_context){.name = conf->tls.server_name ? conf->tls.server_name : host};
    *setting = &conf->type;
    if (openssl_load(err) < 0)
        return -1;
    openssl.ERR_clear_error();
    context->ssl = openssl.SSL_CTX_new(openssl.TLS_client_method());
    if (!context->ssl)
        return err_set(err, "OpenSSL does not start: %s", tls_reason());
    set_rules(context->ssl);
    if (read_files(context, &conf->tls, setting, err) == 0)
        return 0;
    tls_context_fini(context);
    return -1;
}

void tls_context_fini(struct tls_context *context)
{
    if (context->ssl)
        openssl.SSL_CTX_free(context->ssl);
    context->ssl = NULL;
}

/* ---- memory -----------------------------------------------------------------------------------
 */

/* Measured: the library 5.3 MiB, a connected sink 200 KiB, and certificates 3.7 times what their
 * file has. */
#define LIBRARY_BYTES ((size_t)6 * 1024 * 1024)
#define SINK_BYTES    ((size_t)384 * 1024)
enum { CERTIFICATE_FACTOR = 5 };

size_t tls_library_bytes(void)
{
    return LIBRARY_BYTES;
}

size_t tls_sink_bytes(const struct conf_sink *conf)
{
    const char *ca = conf->tls.ca ? conf->tls.ca : tls_system_ca();
    struct stat st;

    if (conf->tls.verify == CONF_VERIFY_OFF || !ca || stat(ca, &st) < 0)
        return SINK_BYTES;
    return SINK_BYTES + CERTIFICATE_FACTOR * (size_t)st.st_size;
}
