"""Entries go over an encrypted connection, to those who can show that they are the receiver."""

import contextlib
import re
import socket
import ssl
import subprocess

import pytest
from logboom_story import (
    EXIT_CONFIGURATION,
    EXIT_FINE,
    EXIT_LOSSES,
    LOGBOOMD,
    PATIENCE_S,
    SANITIZED,
    Output,
    Tally,
    config_text,
    end_process,
    numbered_batches,
    numbered_json,
    run_logboomd,
    wait_until,
)
from receivers import Arrived, frames_of, free_port, random_breaks, wait_listening
from tls_receivers import Authority, TlsReceiver, server_context

BREAKS = 15 if SANITIZED else 60
SMALL = {"endpoint": {"max_entry": "4KiB"}, "memory": {"cap": "40MiB"}}
SMALL_QUEUE = {"format": "line", "queue": "384KiB"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pair(authority):
    """The certificate and the key of a receiver on this machine."""
    return authority.issue("receiver")


@pytest.fixture(scope="module")
def own(authority):
    """The certificate and the key of the daemon."""
    return authority.issue("daemon", alt="DNS:daemon")


@pytest.fixture
def tls_receiver():
    made = []

    def make(*arguments, **options):
        made.append(TlsReceiver(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.end()


def central(receiver, authority, tls=None, **more):
    return {"name": "central", "format": "line", **receiver.sink, "tls": {"ca": authority.ca, **(tls or {})}, **more}


# ---- what arrives -------------------------------------------------------------------------


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("framing", ["lines", "octet-counted", "nul"])
def test_all_entries_arrive_in_order_each_in_its_frame(start, client, tls_receiver, authority, pair, version,
                                                        framing):
    """Two programs send, and somebody reads at the other end of an encrypted connection: it gets
    each entry once, whole, in its frame and in order, is told that no more comes, and the ledger
    says that all are written."""
    reader = tls_receiver(server_context(pair, version=version), framing=framing)
    daemon = start(sinks=[central(reader, authority)])
    for i in range(2):
        client(daemon.address).send(*numbered_batches(i, 5000, 20_000))
    daemon.wait_written(10_000)
    assert daemon.stop(sent=10_000) == EXIT_FINE
    wait_until(lambda: reader.count() == 10_000 and reader.farewells == 1, "all of it")
    assert len(reader.connections) == 1 and reader.errors == []
    assert frames_of(reader.connections[0], framing)[1] == b""
    Tally(reader.lines()[0], "line").check_complete({0: 5000, 1: 5000})
    assert "resent" not in daemon.final.sink


@pytest.mark.parametrize("polite", [True, False], ids=["close_notify", "torn"])
@pytest.mark.parametrize("framing", ["lines", "octet-counted"])
def test_connections_that_break_at_random_moments_lose_nothing(start, numbered_client, tls_receiver, authority, pair,
                                                               framing, polite):
    """While two programs send, the connection breaks again and again, mostly in the middle of an
    entry. No entry is missing, none is merged with another, and none is there twice but those
    that the ledger calls resent: what is called written has arrived, record by record."""
    reader = tls_receiver(server_context(pair), framing=framing, polite=polite,
                          breaks=random_breaks(BREAKS, 200_000, seed=framing), buffer_bytes=65536)
    daemon = start(sinks=[central(reader, authority)])
    count = max(400 * BREAKS, 20_000)
    programs = [numbered_client(daemon.address, i, count, batch_bytes=4000) for i in range(2)]
    for one in programs:
        one.wait_done()
    daemon.wait_written(2 * count, patience_s=3 * PATIENCE_S)
    assert daemon.stop(sent=2 * count) == EXIT_FINE
    wait_until(lambda: reader.over == len(reader.connections), "the end")
    reader.end()
    assert reader.broken >= 10
    Arrived(reader.lines(), "line").check_complete({0: count, 1: count}, daemon.final.sink.get("resent", 0))
    assert daemon.said.count("has closed the connection") + daemon.said.count("is lost: ") >= reader.broken // 2


def test_small_entries_one_by_one_are_many_records(start, client, tls_receiver, authority, pair):
    """More records are under way than are kept apart, to a receiver that does not read for a
    while: all arrive, and each once."""
    reader = tls_receiver(server_context(pair), buffer_bytes=16384)
    daemon = start(sinks=[central(reader, authority)])
    one = client(daemon.address)
    one.send(numbered_json(0, 0))
    daemon.wait_written(1)
    reader.reads.clear()
    for number in range(1, 6000):
        one.send(numbered_json(0, number))
    daemon.wait_ledger(lambda look: look.sink["offered"] == 6000)
    reader.reads.set()
    daemon.wait_written(6000)
    assert daemon.stop(sent=6000) == EXIT_FINE
    wait_until(lambda: reader.farewells == 1, "the end")
    Tally(reader.lines()[0], "line").check_complete({0: 6000})


def test_a_receiver_that_never_reads_stalls_nobody_but_its_own_sink(start, client, tls_receiver, authority, pair,
                                                                     tmp_path):
    """Its sink drops the newest, the file beside it gets everything, and the daemon stays within
    its cap. Then the receiver reads: what is missing is told at the very place."""
    reader = tls_receiver(server_context(pair), buffer_bytes=16384)
    daemon = start(sinks=[central(reader, authority, queue="384KiB", when_full="drop_newest"),
                          {"name": "disk", "type": "file", "path": f"{tmp_path}/all.log", "format": "line"}],
                   **SMALL)
    daemon.wait_said("sink central: connected to ")
    reader.reads.clear()
    sent = 30_000
    client(daemon.address).send(*numbered_batches(0, sent, 50_000))
    daemon.wait_written(sent, sink="disk")
    look = daemon.ledger()
    assert look.sinks["central"]["reasons"]["full"] > 1000
    assert look.sinks["central"]["in_flight"] > 0
    assert SANITIZED or daemon.peak_bytes() <= 40 << 20
    assert "sink central: full (its receiver does not read); what arrives is dropped" in daemon.said
    reader.reads.set()
    daemon.wait_ledger(lambda look: look.sinks["central"]["queued"] + look.sinks["central"]["in_flight"] == 0)
    assert daemon.stop(sent=sent) == EXIT_FINE
    wait_until(lambda: reader.farewells == 1, "the end")
    Output(reader.lines()[0], "line").check_nothing_untold({0: sent}, daemon.final.sinks["central"])
    Tally((tmp_path / "all.log").read_bytes(), "line").check_complete({0: sent})


def test_a_receiver_that_takes_nothing_for_the_timeout_is_left_for_the_next(start, client, tls_receiver, authority,
                                                                             pair):
    """After `timeout` the daemon leaves it and dials anew, and nobody hears of the first ones."""
    reader = tls_receiver(server_context(pair), buffer_bytes=16384)
    daemon = start(sinks=[central(reader, authority, timeout="700ms", **SMALL_QUEUE)], **SMALL)
    daemon.wait_said("sink central: connected to ")
    reader.reads.clear()
    one = client(daemon.address, sndhwm=10, sndbuf=65536)
    sent = one.send_until_blocked((numbered_json(0, n) for n in range(100_000)), blocked_ms=300)
    daemon.wait_said("' has taken nothing for 0.7 s; ")
    reader.reads.set()
    daemon.wait_written(sent)
    one.finish()
    assert daemon.stop(sent=sent) == EXIT_FINE
    wait_until(lambda: reader.farewells >= 1, "the end")
    reader.end()
    assert len(reader.connections) >= 2
    Arrived(reader.lines(), "line").check_complete({0: sent}, daemon.final.sink.get("resent", 0))


def test_a_stop_counts_what_nobody_took(start, client, tls_receiver, authority, pair):
    """The receiver does not read, and time is up: what had not arrived is counted as lost, and the
    receiver is not told that it has everything."""
    reader = tls_receiver(server_context(pair), buffer_bytes=16384)
    daemon = start(sinks=[central(reader, authority)], drain_timeout="600ms")
    daemon.wait_said("sink central: connected to ")
    reader.reads.clear()
    client(daemon.address).send(*numbered_batches(0, 4000, 20_000))
    daemon.wait_ledger(lambda look: look.sink["offered"] == 4000)
    assert daemon.stop(sent=4000) == EXIT_LOSSES
    lost = daemon.final.sink["reasons"]["shutdown"]
    assert lost > 0 and daemon.final.sink["written"] == 4000 - lost
    reader.reads.set()
    reader.end()
    assert reader.farewells == 0


# ---- who is there -------------------------------------------------------------------------


def stranger(folder):
    folder.mkdir()
    return Authority(folder, "stranger")


def refused(start, client, reader, sink, sentence, good):
    """The daemon refuses the receiver with this sentence, or the receiver the daemon; entries wait,
    and arrive all when there is a good one, as of `good(reader)`."""
    daemon = start(sinks=[sink])
    client(daemon.address).send(*numbered_batches(0, 100))
    daemon.wait_said("retrying")
    assert re.search(f"sink central: cannot connect to '[^']*': {sentence}; \\d+ entries are waiting, retrying\n",
                     daemon.said), daemon.said
    daemon.wait_ledger(lambda look: look.sink["queued"] == 100 and look.sink["written"] == 0)
    assert all(data == b"" for data in reader.connections)
    good(reader)
    daemon.wait_written(100)
    assert daemon.said.count("retrying") == 1
    assert daemon.stop(sent=100) == EXIT_FINE
    wait_until(lambda: reader.farewells == 1, "the end")
    reader.end()
    Arrived(reader.lines(), "line").check_complete({0: 100}, 0)


NOT_TRUSTED = r"its certificate is of an authority that is not trusted here \('tls.ca'\) \(OpenSSL: [^)]+\)"


@pytest.mark.parametrize("fault", ["authority", "name", "ip", "expired", "itself"])
def test_a_receiver_that_is_not_who_it_should_be_gets_nothing(start, client, tls_receiver, authority, pair, tmp_path,
                                                               fault):
    """Each in one sentence with OpenSSL's own words. It is tried again, and when the right one
    answers it gets all of it."""
    bad, sentence = {
        "authority": lambda: (stranger(tmp_path / "x").issue("receiver"), NOT_TRUSTED),
        "name": lambda: (authority.issue("other", alt="DNS:other.example"),
                         r"its certificate is not for 'localhost' \(OpenSSL: hostname mismatch\)"),
        "ip": lambda: (authority.issue("otherip", alt="DNS:localhost,IP:192.0.2.7"),
                       r"its certificate is not for '127.0.0.1' \(OpenSSL: IP address mismatch\)"),
        "expired": lambda: (authority.issue("expired", days=-1),
                            r"its certificate, or one above it, has expired \(OpenSSL: certificate has expired\)"),
        "itself": lambda: ((stranger(tmp_path / "x").ca, f"{tmp_path}/x/stranger.key"),
                           r"its certificate vouches for itself, and is none of those that are trusted here "
                           r"\('tls.ca'\) \(OpenSSL: self.signed certificate\)"),
    }[fault]()
    reader = tls_receiver(server_context(bad))
    more = {} if fault == "ip" else {"address": f"localhost:{reader.wanted[1]}"}
    refused(start, client, reader, central(reader, authority, **more), sentence,
            lambda reader: reader.use(server_context(pair)))
    assert reader.errors  # it was told why


def test_server_name_is_what_counts_and_what_the_receiver_is_called(start, client, tls_receiver, authority):
    """The address is an IP address, the certificate for a name: the name is told, and verified."""
    reader = tls_receiver(server_context(authority.issue("named", alt="DNS:logs.example")))
    daemon = start(sinks=[central(reader, authority, {"server_name": "logs.example"})])
    client(daemon.address).send(*numbered_batches(0, 10))
    daemon.wait_written(10)
    assert daemon.stop(sent=10) == EXIT_FINE
    assert reader.names == ["logs.example"]


def test_an_address_is_verified_and_not_told(start, client, tls_receiver, authority, pair):
    """RFC 6066: only names are told."""
    reader = tls_receiver(server_context(pair))
    daemon = start(sinks=[central(reader, authority)])
    client(daemon.address).send(*numbered_batches(0, 10))
    daemon.wait_written(10)
    assert daemon.stop(sent=10) == EXIT_FINE
    assert set(reader.names) <= {None}


def test_verify_off_takes_anybody_and_says_so(start, client, tls_receiver, tmp_path):
    """Also at --check."""
    reader = tls_receiver(server_context(stranger(tmp_path / "x").issue("receiver", alt="DNS:x")))
    daemon = start(sinks=[{"name": "central", "format": "line", **reader.sink, "tls": {"verify": "off"}}])
    client(daemon.address).send(*numbered_batches(0, 10))
    daemon.wait_written(10)
    sentence = f"verify is off: whoever answers at '{reader.sink['address']}' gets everything"
    assert f"warning: sink central: {sentence}\n" in daemon.said
    assert daemon.stop(sent=10) == EXIT_FINE
    told = run_logboomd("--check", "--config", daemon.config)
    assert "warning: 'verify' is off: whoever answers at " in told.stderr and told.returncode == EXIT_FINE


# ---- who we are ---------------------------------------------------------------------------


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_receiver_that_wants_our_certificate(start, client, tls_receiver, authority, pair, own, version):
    """It gets it, and then everything."""
    reader = tls_receiver(server_context(pair, version=version, clients=authority.ca))
    daemon = start(sinks=[central(reader, authority, {"cert": own[0], "key": own[1]})])
    client(daemon.address).send(*numbered_batches(0, 1000))
    daemon.wait_written(1000)
    assert daemon.stop(sent=1000) == EXIT_FINE
    wait_until(lambda: reader.farewells == 1, "the end")
    Tally(reader.lines()[0], "line").check_complete({0: 1000})


@pytest.mark.parametrize("version, sentence", [
    (ssl.TLSVersion.TLSv1_2, r"it refuses the handshake: .* \(OpenSSL: .*handshake failure\)"),
    (ssl.TLSVersion.TLSv1_3,
     r"it wants a certificate, and 'tls.cert' is not given \(OpenSSL: .*certificate required\)"),
], ids=["1.2", "1.3"])
def test_without_the_certificate_that_a_receiver_wants_nothing_is_lost(start, client, tls_receiver, authority, pair,
                                                                      version, sentence):
    """In TLS 1.3 it says so when our handshake is done: by then nothing has been sent."""
    reader = tls_receiver(server_context(pair, version=version, clients=authority.ca))
    refused(start, client, reader, central(reader, authority), sentence,
            lambda reader: reader.use(server_context(pair, version=version)))


def test_a_certificate_that_a_receiver_does_not_trust(start, client, tls_receiver, authority, pair, tmp_path):
    """It says so, and entries wait."""
    cert, key = stranger(tmp_path / "x").issue("daemon")
    reader = tls_receiver(server_context(pair, clients=authority.ca))
    refused(start, client, reader, central(reader, authority, {"cert": cert, "key": key}),
            r"it does not trust the authority of our certificate \('tls.cert'\) \(OpenSSL: .*unknown ca\)",
            lambda reader: reader.use(server_context(pair)))


def test_a_receiver_that_asks_and_then_says_nothing_is_waited_for_a_moment(start, client, tls_receiver, authority,
                                                                            pair, own):
    """It sends no tickets: after a second entries go out."""
    context = server_context(pair, version=ssl.TLSVersion.TLSv1_3, clients=authority.ca)
    context.num_tickets = 0
    reader = tls_receiver(context)
    daemon = start(sinks=[central(reader, authority, {"cert": own[0], "key": own[1]})])
    client(daemon.address).send(*numbered_batches(0, 10))
    daemon.wait_written(10)
    assert daemon.stop(sent=10) == EXIT_FINE


# ---- others who listen there --------------------------------------------------------------


@pytest.mark.parametrize("answer, sentence", [
    (b"220 mail.example ESMTP\r\n", r"it does not speak TLS \(OpenSSL: wrong version number\)"),
    (b"", "it has closed the connection during the TLS handshake"),
], ids=["talks", "closes"])
def test_somebody_who_does_not_speak_tls(start, client, authority, answer, sentence):
    """A plain TCP server behind the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        daemon = start(sinks=[{"name": "central", "type": "tls", "address": address, "tls": {"ca": authority.ca}}],
                       drain_timeout="1s")
        peer, _ = listener.accept()
        assert peer.recv(1) == b"\x16"
        peer.sendall(answer)
        if not answer:
            peer.shutdown(socket.SHUT_WR)
        daemon.wait_said("retrying")
        peer.close()
        assert re.search(f"sink central: cannot connect to '{address}': {sentence}; 0 entries", daemon.said)
        assert daemon.stop() == EXIT_FINE


def record(kind, body):
    return bytes([kind, 3, 3]) + len(body).to_bytes(2, "big") + body


JUNK = {
    "alert": record(21, b"\x02\x28"),
    "warnings": record(21, b"\x01\x5a"),
    "empty": record(22, b""),
    "announcements": record(20, b"\x01"),
    "hello of 16 MiB": record(22, b"\x02\xff\xff\xff" + b"x" * 16380),
    "entries": record(23, b"x" * 16384),
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK.keys())
def test_somebody_who_sends_junk_without_end(start, client, authority, junk):
    """It is left at once, and told; the file beside it gets everything, and memory stays below its cap."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        daemon = start(sinks=[{"name": "central", "type": "tls", "address": address, "tls": {"ca": authority.ca},
                               "when_full": "drop_newest", "queue": "512KiB"},
                              {"name": "disk", "type": "file", "path": "disk.log", "format": "line"}],
                       drain_timeout="1s")
        peer, _ = listener.accept()
        assert peer.recv(1) == b"\x16"
        with contextlib.suppress(ConnectionError):  # ends when the daemon has left
            while True:
                peer.sendall(junk * 64)
        peer.close()
        daemon.wait_said(f"sink central: cannot connect to '{address}': ")
        client(daemon.address).send(*numbered_batches(0, 1000))
        daemon.wait_written(1000, sink="disk")
        assert SANITIZED or daemon.peak_bytes() <= 64 << 20
        assert daemon.stop(sent=1000) == EXIT_LOSSES
        Tally(b"".join(line + b"\n" for line in daemon.lines("disk.log")), "line").check_complete({0: 1000})


def test_somebody_who_stops_in_the_middle_of_the_handshake(start, client, authority):
    """After `timeout` it is left."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        daemon = start(sinks=[{"name": "central", "type": "tls", "address": address, "timeout": "500ms",
                               "tls": {"ca": authority.ca}}], drain_timeout="1s")
        client(daemon.address).send(numbered_json(0, 0))
        daemon.wait_said(f"cannot connect to '{address}': the TLS handshake was not done after 0.5 s; ")
        assert daemon.stop() == EXIT_LOSSES


def test_a_stop_in_the_middle_of_the_handshake(start, authority):
    """Nothing is waited for where nothing is to be sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        daemon = start(sinks=[{"name": "central", "type": "tls", "address": address, "tls": {"ca": authority.ca}}])
        peer, _ = listener.accept()
        assert peer.recv(1) == b"\x16"
        assert daemon.stop() == EXIT_FINE
        peer.close()


# ---- what is configured -------------------------------------------------------------------


def judged(tmp_path, tls):
    """What the start and --check say to this, which must be the same."""
    config = tmp_path / "logboom.yaml"
    config.write_text(config_text([{"name": "apps", "bind": "tcp://127.0.0.1:0"}],
                                  [{"name": "central", "type": "tls", "address": "127.0.0.1:9", "tls": tls}]))
    told, checked = run_logboomd("--config", config), run_logboomd("--check", "--config", config)
    assert told.returncode == checked.returncode == EXIT_CONFIGURATION, told.stderr
    assert told.stderr == checked.stderr
    assert re.search(r"logboom.yaml:4:\d+: ", told.stderr)
    return told.stderr


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_may_use_is_refused(authority, tmp_path, mode):
    """It may be known already."""
    cert, key = authority.issue("loose")
    (tmp_path / "x.key").write_bytes(open(key, "rb").read())
    (tmp_path / "x.key").chmod(mode)
    said = judged(tmp_path, {"ca": authority.ca, "cert": cert, "key": f"{tmp_path}/x.key"})
    assert f"others may use the key '{tmp_path}/x.key', whose mode is 0{mode:o}; make it 0600" in said


def test_files_that_cannot_be_used(authority, pair, own, tmp_path):
    """Each is told by its name, and where it is configured."""
    (tmp_path / "empty").write_text("")
    (tmp_path / "empty").chmod(0o600)
    openssl = ["openssl", "pkey", "-in", own[1], "-out", f"{tmp_path}/locked.key", "-aes128", "-passout", "pass:x"]
    subprocess.run(openssl, check=True, capture_output=True, timeout=PATIENCE_S)
    for tls, sentence in [
        ({"ca": "/nowhere"}, "cannot read the certificates '/nowhere': No such file or directory"),
        ({"ca": str(tmp_path)}, f"the certificates '{tmp_path}' is not a file"),
        ({"ca": f"{tmp_path}/empty"}, f"there are no certificates (PEM) in '{tmp_path}/empty'"),
        ({"cert": "/nowhere", "key": own[1]}, "cannot read the certificate '/nowhere': No such file"),
        ({"cert": f"{tmp_path}/empty", "key": own[1]}, f"there is no certificate (PEM) in '{tmp_path}/empty'"),
        ({"cert": own[0], "key": "/nowhere"}, "cannot read the key '/nowhere': No such file or directory"),
        ({"cert": own[0], "key": f"{tmp_path}/empty"},
         f"there is no key (PEM, without a passphrase) in '{tmp_path}/empty'"),
        ({"cert": own[0], "key": f"{tmp_path}/locked.key"}, "there is no key (PEM, without a passphrase) in "),
        ({"cert": own[0], "key": pair[1]}, f"that fits the certificate '{own[0]}': key values mismatch"),
    ]:
        assert sentence in judged(tmp_path, {"ca": authority.ca, **tls})


def test_openssl_is_loaded_only_where_it_is_wanted(start, tmp_path, tls_receiver, authority, pair):
    """It would cost everybody 5 MiB."""
    linked = subprocess.run(["ldd", LOGBOOMD], capture_output=True, text=True, timeout=PATIENCE_S).stdout
    assert "libssl" not in linked
    daemon = start(folder="without")
    assert "libssl" not in open(f"/proc/{daemon.pid}/maps").read()
    assert daemon.stop() == EXIT_FINE
    daemon = start(folder="with", sinks=[central(tls_receiver(server_context(pair)), authority)])
    assert "libssl" in open(f"/proc/{daemon.pid}/maps").read()
    assert daemon.stop() == EXIT_FINE


def test_without_openssl_the_start_says_what_is_missing(start, shim, authority):
    """And where it is to be had."""
    env = shim('''
        #include <dlfcn.h>
        #include <string.h>
        void *dlopen(const char *name, int flags)
        {
            void *(*next)(const char *, int) = dlsym(RTLD_NEXT, "dlopen");
            return next(name && strstr(name, "libssl") ? "libnowhere.so.3" : name, flags);
        }''')
    daemon = start(sinks=[{"name": "central", "type": "tls", "address": "127.0.0.1:9"}], env=env, ready=False)
    assert daemon.wait_exit() == EXIT_CONFIGURATION
    assert "cannot load OpenSSL, which type tls needs: libnowhere.so.3: cannot open" in daemon.said
    assert "it is in the package libssl3" in daemon.said


def test_the_plan_has_a_share_for_it(authority, tmp_path):
    """OpenSSL, and each sink."""
    config = tmp_path / "logboom.yaml"
    sink = {"type": "tls", "address": "h:1", "tls": {"ca": authority.ca}}
    config.write_text(config_text([{"name": "apps", "bind": "tcp://127.0.0.1:0"}],
                                  [{"name": "a", **sink}, {"name": "b", **sink}]))
    said = run_logboomd("--plan", "--config", config).stdout
    assert re.search(r"^tls +6\.8 MiB  OpenSSL, and what sinks of type tls keep", said, re.M), said


# ---- receivers that others wrote ----------------------------------------------------------


class Shown:
    """`openssl s_server`, which takes commands and writes what it gets."""

    def __init__(self, folder, port, pair, *arguments):
        self.out = folder / "s_server.out"
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", pair[0], "-key", pair[1], "-msg",
                 *arguments],
                stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT)
        wait_until(lambda: b"ACCEPT" in self.out.read_bytes(), "s_server listens")

    def command(self, letter):
        self.process.stdin.write(letter + b"\n")
        self.process.stdin.flush()

    def lines(self):
        """Its own words, of each record and with its bytes, are between ours."""
        ours = re.sub(rb"(<<<|>>>) [^\n]*\n(    [0-9a-f ]+\n)*", b"", self.out.read_bytes())
        return b"".join(line for line in ours.splitlines(keepends=True)
                        if line.startswith(b"[20") and line.endswith(b"\n"))


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_s_server_writes_what_it_gets(start, client, authority, pair, tmp_path, version):
    """Under TLS 1.3 it changes its keys meanwhile, and wants us to, which we do with what we send next."""
    port = free_port()
    server = Shown(tmp_path, port, pair, version)
    try:
        daemon = start(sinks=[{"name": "central", "type": "tls", "address": f"localhost:{port}", "format": "line",
                               "tls": {"ca": authority.ca}}])
        one = client(daemon.address)
        for turn in range(3):
            one.send(*numbered_batches(0, 1000, 20_000, first=1000 * turn))
            daemon.wait_written(1000 * (turn + 1))
            wait_until(lambda: Tally(server.lines(), "line").total == 1000 * (turn + 1), "the output")
            server.command(b"K")
        assert daemon.stop(sent=3000) == EXIT_FINE
        Tally(server.lines(), "line").check_complete({0: 3000})
        assert len(re.findall(rb"<<< [^\n]*KeyUpdate", server.out.read_bytes())) == (2 if version == "-tls1_3" else 0)
    finally:
        end_process(server.process)


@pytest.mark.parametrize("framing", ["lines", "octet-counted"])
@pytest.mark.parametrize("driver", ["gtls", "ossl"])
def test_rsyslog_takes_rfc5424_in_tls(start, client, program, authority, pair, own, tmp_path, driver, framing):
    """imtcp with GnuTLS and with OpenSSL, which both ask for our certificate: message for message,
    whole and in order."""
    if not any(subprocess.run(["find", "/usr/lib", "-name", f"lmnsd_{driver}.so"], capture_output=True).stdout.split()):
        pytest.skip(f"needs rsyslog's netstream driver {driver}")
    port, out = free_port(), tmp_path / "rsyslog.out"
    (tmp_path / "rsyslog.conf").write_text(
        f'global(defaultNetstreamDriverCAFile="{authority.ca}" defaultNetstreamDriverCertFile="{pair[0]}" '
        f'defaultNetstreamDriverKeyFile="{pair[1]}")\n'
        f'module(load="imtcp" streamDriver.name="{driver}" streamDriver.mode="1" streamDriver.authMode="x509/name" '
        f'permittedPeer=["daemon"])\n'
        f'input(type="imtcp" address="127.0.0.1" port="{port}")\n'
        f'template(name="only" type="string" string="%app-name%|%msg%\\n")\n'
        f'*.* action(type="omfile" file="{out}" template="only")\n')
    rsyslog = program("rsyslogd", "-n", "-f", tmp_path / "rsyslog.conf", "-i", tmp_path / "rsyslog.pid")
    wait_listening(("127.0.0.1", port))
    daemon = start(sinks=[{"name": "central", "type": "tls", "address": f"127.0.0.1:{port}", "framing": framing,
                           "format": "rfc5424", "tls": {"ca": authority.ca, "cert": own[0], "key": own[1]}}])
    client(daemon.address).send(*numbered_batches(7, 3000, 20_000))
    daemon.wait_written(3000)
    wait_until(lambda: out.exists() and out.read_bytes().count(b"client07|") == 3000, "rsyslog's file")
    assert daemon.stop(sent=3000) == EXIT_FINE
    ours = [line.split(b"|", 1)[1].strip() for line in out.read_bytes().splitlines() if line.startswith(b"client07|")]
    tally = Tally(b"".join(b"[2026-11-23T03:34:12.000000Z] info: %s\n" % one for one in ours), "line")
    tally.check_complete({7: 3000})
    rsyslog.end()
