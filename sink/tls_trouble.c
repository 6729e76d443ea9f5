#include "sink/tls_trouble.h"

#include "conf/count_of.h"

struct words {
    int code;
    const char *text; /* a %s in it is the name */
};

static const struct words of_certificate[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, "its certificate, or one above it, has expired"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "its certificate, or one above it, is not valid yet"},
    {X509_V_ERR_HOSTNAME_MISMATCH, "its certificate is not for '%s'"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "its certificate is not for '%s'"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
     "its certificate vouches for itself, and is none of those that are trusted here ('tls.ca')"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
     "its certificate is of an authority that is not trusted here ('tls.ca')"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
     "its certificate is of an authority that is not trusted here ('tls.ca')"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     "its certificate is of an authority that is not trusted here ('tls.ca')"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
     "its certificate is of an authority that is not trusted here ('tls.ca')"},
    {X509_V_ERR_INVALID_PURPOSE, "its certificate is not one for servers"},
};

static const struct words of_handshake[] = {
    {SSL_R_WRONG_VERSION_NUMBER, "it does not speak TLS"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "it speaks only versions of TLS that are too old"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "it does not speak the versions of TLS that we do"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
     "it refuses the handshake: it may want a certificate ('tls.cert'), or other ciphers"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
     "it wants a certificate, and 'tls.cert' is not given"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "it refuses our certificate ('tls.cert')"},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "it refuses our certificate ('tls.cert')"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "it says that our certificate is revoked ('tls.cert')"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
     "it says that our certificate has expired ('tls.cert')"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "it refuses our certificate ('tls.cert')"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA,
     "it does not trust the authority of our certificate ('tls.cert')"},
    {SSL_R_TLSV1_ALERT_ACCESS_DENIED, "it refuses our certificate ('tls.cert')"},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME, "it does not know the name '%s'"},
};

static const char *find(const struct words *words, size_t count, int code, const char *otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (words[i].code == code)
            return words[i].text;
    return otherwise;
}

const char *tls_reason(void)
{
    const char *reason = openssl.ERR_reason_error_string(openssl.ERR_peek_error());

    return reason ? reason : "no reason given";
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* all are in the tables above */

static void say(const char *format, const char *name, const char *reason, struct err *why)
{
    struct err sentence;

    err_set(&sentence, format, name);
    err_set(why, "%.400s (OpenSSL: %.90s)", sentence.text, reason);
}

void tls_trouble(const SSL *ssl, const char *name, struct err *why)
{
    int reason = ERR_GET_REASON(openssl.ERR_peek_error());
    long verdict = openssl.SSL_get_verify_result(ssl);

    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK)
        say(find(of_certificate, COUNT_OF(of_certificate), (int)verdict,
                 "its certificate is not good"),
            name, openssl.X509_verify_cert_error_string(verdict), why);
    else
        say(find(of_handshake, COUNT_OF(of_handshake), reason, "what came is not as TLS wants it"),
            name, tls_reason(), why);
}
