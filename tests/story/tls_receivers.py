"""Receivers that speak TLS, and the certificates that they show."""

import contextlib
import select
import socket
import ssl
import subprocess

from logboom_story import PATIENCE_S
from receivers import Receiver


def openssl(folder, *arguments):
    subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True, timeout=PATIENCE_S)


class Authority:
    """Vouches for others. Its certificate is `ca`; files are named after whom they are for."""

    def __init__(self, folder, name="authority"):
        self.folder, self.name = folder, name
        self._request(name, "-x509", "-days", "30", "-addext", "keyUsage=critical,keyCertSign")

    def _request(self, name, *arguments):
        openssl(self.folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", *arguments)

    @property
    def ca(self):
        return str(self.folder / f"{self.name}.pem")

    def issue(self, name, alt="DNS:localhost,IP:127.0.0.1", days=30):
        """(certificate, key) for these names, or one that has expired for days=-1."""
        self._request(name)
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={alt}\n")
        openssl(self.folder, "x509", "-req", "-in", f"{name}.pem", "-CA", self.ca, "-CAkey", f"{self.name}.key",
                "-set_serial", str(abs(hash(name)) + 1), "-out", f"{name}.pem", "-days", str(days), "-extfile",
                f"{name}.ext")
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")


def server_context(pair, *, version=None, clients=None):
    """clients: a certificate of the authority of the clients, who must show theirs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    if version:
        context.minimum_version = context.maximum_version = version
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    return context


class TlsReceiver(Receiver):
    """A Receiver in TLS. It counts decrypted bytes, and notes what went wrong (`errors`), how
    often it was told that no more comes (`farewells`), which names it was called (`names`), and how
    many connections are over (`over`).

    polite: it breaks off with close_notify; else by half-closing without a word."""

    def __init__(self, context, *arguments, polite=False, **options):
        self.polite, self.errors, self.names, self.farewells, self.over = polite, [], [], 0, 0
        self.use(context)
        super().__init__(*arguments, **options)

    def use(self, context):
        context.sni_callback = lambda _tls, name, _context: self.names.append(name)
        self.context = context

    @property
    def sink(self):
        return {**super().sink, "type": "tls"}

    def _read(self, peer, data, break_after):
        self._read_tls(peer, data, break_after)
        self.over += 1

    def _read_tls(self, peer, data, break_after):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(incoming, outgoing, server_side=True)
        greeted = False
        while not self.ending:
            if not self.reads.wait(0.05) or not select.select([peer], [], [], 0.05)[0]:
                continue
            with contextlib.suppress(OSError):
                chunk = peer.recv(50_000)
                if not chunk:
                    return
                incoming.write(chunk)
                try:
                    if not greeted:
                        tls.do_handshake()
                        greeted = True
                    self._decrypt(tls, data)
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError as error:
                    self.errors.append(str(error))
                    peer.sendall(outgoing.read())
                    return
                if outgoing.pending:
                    peer.sendall(outgoing.read())
                if break_after is not None and len(data) >= break_after:
                    break_after = None
                    self._break_off(peer, tls, outgoing)
                continue
            return

    def _decrypt(self, tls, data):
        while plain := tls.read(1 << 16):
            data += plain
        self.farewells += 1

    def _break_off(self, peer, tls, outgoing):
        self.broken += 1
        if self.polite:
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.unwrap()
            peer.sendall(outgoing.read())
        else:
            peer.shutdown(socket.SHUT_WR)
