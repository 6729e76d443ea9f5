#include "zeromq/handshake.h"

#include <zmq.h>

int handshake_events(void)
{
    return ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
           ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
}

/* The value of a refusal is the status of RFC 27. */
enum handshake_end handshake_end_of(uint16_t event, uint32_t value)
{
    enum { STATUS_NO = 400 };

    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        return HANDSHAKE_DONE;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        return HANDSHAKE_BROKEN;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return value == STATUS_NO ? HANDSHAKE_REFUSED : HANDSHAKE_UNDECIDED;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH ? HANDSHAKE_MISMATCHED
                                                                   : HANDSHAKE_STRANGE;
    default:
        return HANDSHAKE_NONE;
    }
}

bool handshake_is_final(enum handshake_end end)
{
    return end >= HANDSHAKE_REFUSED;
}

static void tell_mismatch(const struct handshake_self *self, struct err *sentence)
{
    if (self->key)
        err_set(sentence,
                "'%s' does not encrypt with CURVE, and so gets nothing; is it the right "
                "address, and does it have 'encryption: curve'?",
                self->address);
    else
        err_set(sentence, "'%s' wants encryption, which we were not told to use: give %s",
                self->address, self->to_encrypt);
}

static void tell_break(const struct handshake_self *self, struct err *sentence)
{
    if (self->key)
        err_set(sentence, "'%s' breaks off the handshake; has it another key than %s?",
                self->address, self->server_key);
    else
        err_set(sentence,
                "'%s' breaks off the handshake; does it want encryption, or is it no "
                "ZeroMQ?",
                self->address);
}

void handshake_tell(enum handshake_end end, const struct handshake_self *self, struct err *sentence)
{
    char key[CURVE_KEY_CHARS + 1];

    if (end == HANDSHAKE_REFUSED && self->key)
        err_set(sentence, "'%s' refused our key, %s: it is not in its 'allow'", self->address,
                curve_key_show(self->key, key));
    else if (end == HANDSHAKE_REFUSED)
        err_set(sentence, "'%s' refused us, and says no more", self->address);
    else if (end == HANDSHAKE_UNDECIDED)
        err_set(sentence, "'%s' cannot say whether it lets us in", self->address);
    else if (end == HANDSHAKE_MISMATCHED)
        tell_mismatch(self, sentence);
    else if (end == HANDSHAKE_STRANGE)
        err_set(sentence, "'%s' does not answer as ZeroMQ does%s%s", self->address,
                self->key ? ", or has another key than " : "", self->key ? self->server_key : "");
    else if (end == HANDSHAKE_BROKEN)
        tell_break(self, sentence);
}
