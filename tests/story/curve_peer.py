"""Raw peers that speak CURVE (rfc.zeromq.org/spec/26) on plain sockets, with a key that is let in
or not, and then send what libzmq would never send. The cryptography is libsodium's, which libzmq
has loaded already."""

import ctypes
import ctypes.util
import os
import selectors
import struct
import time

import zmq.utils.z85 as z85
from zmtp_peer import GREETING_LEN, Peer, command, frame, greeting

_sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
KEY_LEN, MAC_LEN = 32, 16
HIDDEN_MORE, HIDDEN_COMMAND = 1, 2
EXTRA = 33  # bytes that CURVE adds to a frame


def key_pair():
    public, secret = ctypes.create_string_buffer(KEY_LEN), ctypes.create_string_buffer(KEY_LEN)
    _sodium.crypto_box_keypair(public, secret)
    return public.raw, secret.raw


def box(plain, nonce, public, secret):
    out = ctypes.create_string_buffer(len(plain) + MAC_LEN)
    assert _sodium.crypto_box_easy(out, plain, ctypes.c_ulonglong(len(plain)), nonce, public, secret) == 0
    return out.raw


def unbox(boxed, nonce, public, secret):
    out = ctypes.create_string_buffer(max(1, len(boxed) - MAC_LEN))
    done = _sodium.crypto_box_open_easy(out, boxed, ctypes.c_ulonglong(len(boxed)), nonce, public, secret)
    assert done == 0, "the server's box does not open"
    return out.raw[: len(boxed) - MAC_LEN]


class CurvePeer(Peer):
    """One connection. `pair` and `server` are as `Keys` has them, in Z85."""

    def __init__(self, address, pair, server, kind=b"PUSH", **options):
        super().__init__(address, **options)
        self.kind = kind
        self.public, self.secret = (z85.decode(it) for it in pair)
        self.server = z85.decode(server)
        self.number, self.properties = 0, {}

    def _nonce(self, name):
        self.number += 1
        short = struct.pack(">Q", self.number)
        return short, name + short

    def _await(self, length):
        """So many bytes of what the server says; False: it has cut us before."""
        while len(self.heard) < length and not self.listen().cut:
            if len(self.heard) < length:
                self._wait(selectors.EVENT_READ, f"{length} bytes of a handshake")
        return len(self.heard) >= length

    def say_hello(self):
        """Up to the server's WELCOME, which anybody gets. False: cut."""
        self.send(greeting(mechanism=b"CURVE"))
        if not self._await(GREETING_LEN):
            return False
        self.short_public, self.short_secret = key_pair()
        short, nonce = self._nonce(b"CurveZMQHELLO---")
        signature = box(bytes(64), nonce, self.server, self.short_secret)
        self.send(command(b"HELLO", b"\x01\x00" + bytes(72) + self.short_public + short + signature))
        return self._await(GREETING_LEN + 2 + 168)

    def initiate(self):
        """The rest. Whether we are let in; a server that is silent for long has not."""
        welcome = bytes(self.heard[GREETING_LEN + 2 + 8 : GREETING_LEN + 2 + 168])
        plain = unbox(welcome[16:], b"WELCOME-" + welcome[:16], self.server, self.short_secret)
        self.short_server, cookie = plain[:KEY_LEN], plain[KEY_LEN:]
        vouch_nonce = os.urandom(16)
        vouch = box(self.short_public + self.server, b"VOUCH---" + vouch_nonce, self.short_server, self.secret)
        properties = {b"Socket-Type": self.kind, **self.properties}
        data = self.public + vouch_nonce + vouch + b"".join(
            bytes([len(name)]) + name + struct.pack(">I", len(value)) + value for name, value in properties.items())
        short, nonce = self._nonce(b"CurveZMQINITIATE")
        boxed = box(data, nonce, self.short_server, self.short_secret)
        self.send(command(b"INITIATE", cookie + short + boxed))
        before = GREETING_LEN + 2 + 168
        if not self._await(before + 8):
            return False
        return bytes(self.heard[before + 2 : before + 8]) == b"\x05READY"

    def shake_hands(self):
        assert self.say_hello() and self.initiate(), "not let in"
        self.shared = ctypes.create_string_buffer(KEY_LEN)
        _sodium.crypto_box_beforenm(self.shared, self.short_server, self.short_secret)
        return self

    def message(self, body, hidden=0, more=False, command=False):
        """A frame that is encrypted; what stands outside is up to us."""
        short, nonce = self._nonce(b"CurveZMQMESSAGEC")
        plain = bytes([hidden]) + body
        out = ctypes.create_string_buffer(len(plain) + MAC_LEN)
        _sodium.crypto_box_easy_afternm(out, plain, ctypes.c_ulonglong(len(plain)), nonce, self.shared)
        return frame(b"\x07MESSAGE" + short + out.raw, more=more, command=command)

    def flood_frames(self, make, limit_bytes, blocked_s=1.0, seconds=5.0):
        """Sends what `make()` makes, each another one as nonces must be, until it is cut, the limit or
        the time is reached, or nothing went for so long. How many bytes went."""
        sent, unsent, since = 0, b"", time.monotonic()
        end = since + seconds
        while not self.cut and sent < limit_bytes and time.monotonic() < end:
            while len(unsent) < 256 * 1024:
                unsent += make()
            went = self.send_some(unsent)
            sent, unsent = sent + went, unsent[went:]
            if went:
                since = time.monotonic()
            elif not self.cut:
                if time.monotonic() - since > blocked_s:
                    break
                self._wait(selectors.EVENT_WRITE, "room", 0.05)
                self.listen()
        return sent
