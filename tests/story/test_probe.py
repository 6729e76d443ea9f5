"""`logboom probe`: an operator has a client that logs over ZeroMQ, and finds out what it sends
and how logboomd is configured for it.

Clients are pyzmq sockets that send the same messages again and again, as programs do that log,
until the probe has seen enough; or raw connections (zmtp_peer.py) that say what no ZeroMQ does.
"""

import contextlib
import json
import os
import pickle
import re
import signal
import socket
import subprocess
import threading
import time

import pytest
import zmq
from curve_story import Keys
from logboom_story import (
    LOGBOOM,
    PATIENCE_S,
    SANITIZED,
    Daemon,
    end_process,
    new_context,
    run_logboomd,
    wait_until,
)
from zmtp_peer import OLD_GREETINGS, Peer, command, frame, greeting, half_frame, ready

SOCKETS = {zmq.PUSH: "pull", zmq.PUB: "sub", zmq.DEALER: "router", zmq.REQ: "rep", zmq.PAIR: "pair"}
NAMES = {zmq.PUSH: "PUSH", zmq.PUB: "PUB", zmq.DEALER: "DEALER", zmq.REQ: "REQ", zmq.PAIR: "PAIR"}
NOBODY, NOTHING, FINE, USAGE = 69, 1, 0, 64


def attach(socket, side, address):
    """Whoever listened here before closes in the background, and may not be done yet."""
    def is_done():
        try:
            getattr(socket, side)(address)
        except zmq.ZMQError as error:
            if error.errno != zmq.EADDRINUSE:
                raise
            return False
        return True

    wait_until(is_done, f"{side} {address}")


class Client:
    """A socket that sends its messages over and over, in a thread, until the end of the test."""

    def __init__(self, kind, side, address, messages, **options):
        self.stopping = threading.Event()
        self.replies = []
        self.kind, self.messages = kind, messages
        self.socket = new_context().socket(kind)
        self.socket.linger = 0
        for name, value in options.items():
            setattr(self.socket, name, value)
        attach(self.socket, side, address)
        self.address = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        number = 0
        while not self.stopping.is_set():
            frames = self.messages[number % len(self.messages)]
            with contextlib.suppress(zmq.Again):
                self.socket.send_multipart(frames, zmq.DONTWAIT)
                number += 1
                while self.kind == zmq.REQ and not self.stopping.is_set():
                    if self.socket.poll(20):
                        self.replies.append(self.socket.recv_multipart())
                        break
            self.stopping.wait(0.005)
        self.socket.close()

    def stop(self):
        self.stopping.set()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


@pytest.fixture(name="client")
def client_fixture():
    clients = []

    def start(*arguments, **options):
        clients.append(Client(*arguments, **options))
        return clients[-1]

    yield start
    for client in clients:
        client.stop()


class Probe:
    """What it said and printed, once it has ended."""

    def __init__(self, process):
        self.printed, self.said = process.communicate(timeout=2 * PATIENCE_S)
        self.status = process.returncode


@pytest.fixture(name="start")
def start_fixture():
    """Starts `logboom probe`; what still runs at the end of the test is killed."""
    started = []

    def start(*arguments, **popen):
        started.append(subprocess.Popen([LOGBOOM, "probe", *map(str, arguments)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen))
        return started[-1]

    yield start
    for process in started:
        end_process(process)


@pytest.fixture(name="probe")
def probe_fixture(start):
    return lambda *arguments: Probe(start("--timeout", f"{PATIENCE_S}s", *arguments))


@pytest.fixture(name="free_port")
def free_port_fixture():
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture(name="address", params=["tcp", "ipc"])
def address_fixture(request, free_port, tmp_path_factory):
    """An address on which nobody listens."""
    folder = tmp_path_factory.mktemp("probe")
    return f"tcp://127.0.0.1:{free_port}" if request.param == "tcp" else f"ipc://{folder}/s"


def shown(probe):
    """The frames of the first message: [(role, bytes, what is shown)]."""
    message = probe.printed.decode().split("\n\n")[0]
    found = re.findall(r"^  (\S.{7}) +(\d+) B  (.*)$", message, re.M)
    return [(role.strip(), int(length), text) for role, length, text in found]


def entries(probe):
    return [json.loads(text) for text in re.findall(r"^    as \w+: (\{.*\})$", probe.printed.decode(), re.M)]


# ---- every client, both ways -------------------------------------------------------------------


@pytest.mark.parametrize("side", ["bind", "connect"])
@pytest.mark.parametrize("kind", SOCKETS, ids=NAMES.get)
def test_what_it_prints_configures_a_daemon_that_receives_the_same_client(
        client, probe, address, kind, side, tmp_path):
    """The operator knows nothing but the address, keeps the configuration, and starts it."""
    sender = client(kind, side, address, [[b'{"level":"warn","app":"shop","message":"order 17"}']])
    found = probe("--yaml", "-n", "3", address)
    assert found.status == FINE, found.said
    assert f"is a {NAMES[kind]}\n".encode() in found.said
    assert f"socket: {SOCKETS[kind]}\n".encode() in found.printed
    assert (b" bind: " if side == "connect" else b" connect: ") in found.printed

    config = tmp_path / "probed.yaml"
    config.write_bytes(found.printed)
    told = run_logboomd("--check", "--config", config)
    assert (told.returncode, told.stderr) == (0, "")

    if (kind, side) == (zmq.PAIR, "bind"):
        assert b"\n# start the client anew: a PAIR that listens takes no second peer" in found.printed
        sender.stop()
        client(kind, side, address, sender.messages)

    output = tmp_path / "output"
    with output.open("wb") as stdout:
        daemon = Daemon(tmp_path, text=found.printed.decode(), stdout=stdout, ready=False)
    try:
        daemon.wait(lambda: b"shop warning: order 17\n" in output.read_bytes(), "an entry of the client")
        if kind == zmq.REQ:
            assert sender.replies.count([b"OK"]) == len(sender.replies) >= 3
        assert daemon.stop() == 0
    finally:
        end_process(daemon.process)


def test_a_client_that_sends_two_frames_is_shown_frame_by_frame(client, probe, address):
    client(zmq.PUB, "bind", address, [[b"INFO", "größer\tals \\ nichts\n".encode()]])
    found = probe("-n", "2", address)
    assert found.status == FINE
    assert shown(found) == [("topic", 4, "INFO"), ("payload", 22, r"größer\tals \\ nichts\n")]
    assert [it["message"] for it in entries(found)] == ["größer\tals \\ nichts"] * 2
    assert [it["topic"] for it in entries(found)] == ["INFO"] * 2
    assert found.printed.count(b"\nmessage ") + 1 == 2


def test_one_payload_of_many_entries_is_cut_short_and_counted(client, probe, address):
    lines = b"\n".join(b'{"message":"%d"}' % number for number in range(30)) + b"\noops"
    client(zmq.PUSH, "connect", address, [[lines]])
    found = probe("-n", "1", address)
    assert [it["message"] for it in entries(found)] == ["0", "1", "2"]
    assert b"    as json: " in found.printed
    assert b"and 28 more entries, of them 1 malformed\n" in found.printed


def test_a_topic_with_several_payloads_is_shown_as_several_entries(client, probe, address):
    client(zmq.PAIR, "bind", address, [[b"t", b"one", b"two"]])
    found = probe("-n", "1", address)
    assert [role for role, _, _ in shown(found)] == ["topic", "payload", "payload"]
    assert [(it["topic"], it["message"]) for it in entries(found)] == [("t", "one"), ("t", "two")]
    assert b"# frames: topic-key" in found.printed


def test_what_is_malformed_is_said_and_why(client, probe, address, tmp_path):
    """All of it begins like JSON and is none, so the configuration says that it is text."""
    client(zmq.PUSH, "connect", address, [[b"{half"]])
    found = probe("-n", "2", address)
    assert b"    malformed: begins with '{' but is not JSON, so it is kept as text\n" in found.printed
    assert b"\n    decode: text\n" in found.printed


def test_what_logboomd_refuses_is_no_entry(client, probe, address):
    client(zmq.PUSH, "connect", address, [[pickle.dumps({"msg": "x", "levelno": 20})]])
    found = probe("-n", "1", address)
    assert found.status == FINE
    assert b"    refused: pickled Python objects, which cannot be opened without running them; " in found.printed
    assert entries(found) == []


def test_lines_in_a_text_are_offered_as_entries(client, probe, address):
    client(zmq.PUSH, "connect", address, [[b"one\ntwo\n"], [b"three"]])
    found = probe("-n", "2", address)
    assert b"# split: lines    # each line an entry of its own; 1 of 2 entries have several\n" in found.printed


def test_a_client_that_starts_later_is_found(client, start, address):
    """Nobody listens at first; with --connect the probe waits for the client that will."""
    running = start("--connect", "--timeout", f"{PATIENCE_S}s", "-n", "1", address)
    time.sleep(0.3)  # the story holds however long that is
    client(zmq.PUB, "bind", address, [[b"late"]])
    found = Probe(running)
    assert (found.status, shown(found)) == (FINE, [("payload", 4, "late")])


def test_a_client_that_comes_back_is_seen_again(client, start, address):
    running = start("--connect", "--timeout", f"{PATIENCE_S}s", "-n", "1", address)
    with contextlib.closing(listen(address)) as listener:
        listener.accept()[0].close()
    client(zmq.PUSH, "bind", address, [[b"again"]])
    found = Probe(running)
    assert found.status == FINE
    # Whether it was closed or reset depends on whether our greeting had come.
    assert b" before it had said what it is" in found.said


def test_a_second_kind_of_client_at_the_same_address_is_named(client, probe, address):
    """One endpoint is for one kind of client."""
    client(zmq.PUSH, "connect", address, [[b"a"]])
    client(zmq.PUB, "connect", address, [[b"b"]])
    found = probe("--bind", "-n", "200", address)
    printed = found.printed.decode()
    assert re.search(r"^# a (PUSH|PUB) came, too: it needs an endpoint of its own", printed, re.M)


def test_a_free_port_is_named_in_the_configuration(start, client):
    running = start("-n", "1", "--timeout", f"{PATIENCE_S}s", "tcp://127.0.0.1:0")
    said = running.stderr.readline().decode()
    client(zmq.PUSH, "connect", re.fullmatch(r"logboom probe: listening at (tcp://\S+)\n", said)[1], [[b"x"]])
    found = Probe(running)
    assert found.status == FINE
    assert f"bind: '{said.split()[-1]}'".encode() in found.printed


# ---- nothing comes -------------------------------------------------------------------------------


def brief(start, *arguments):
    return Probe(start("--timeout", "300ms", *arguments))


def test_nobody_there_is_told_with_what_to_try(start, address):
    found = brief(start, "--connect", address)
    assert (found.status, found.printed) == (NOBODY, b"")
    assert f"nobody listens at {address} (".encode() in found.said and b"use --bind\n" in found.said


def test_nobody_who_connects_is_told_with_what_to_try(start, address):
    found = brief(start, "--bind", address)
    assert found.status == NOBODY
    assert f"nobody connected to {address} within 300ms".encode() in found.said
    assert found.said.endswith(b"use --connect\n")


def test_both_ways_are_tried_and_no_file_is_left(start, address):
    found = brief(start, address)
    assert found.status == NOBODY
    assert f"nobody listens at {address}, so we do, ".encode() in found.said
    assert not os.path.exists(address.removeprefix("ipc://"))


def test_a_client_that_says_nothing_is_told_as_such(start, address):
    quiet = new_context().socket(zmq.PUB)
    quiet.bind(address)
    found = brief(start, address)
    assert found.status == NOTHING
    assert f"logboom probe: {address} is a PUB\n".encode() in found.said
    assert b"nothing came within 300ms; let the client log something" in found.said


def test_an_interrupt_ends_it_with_what_was_seen(client, start, address):
    client(zmq.PUSH, "bind", address, [[b"x"]])
    running = start("-n", "1000000", "--timeout", f"{PATIENCE_S}s", address)
    assert running.stdout.readline().startswith(b"message 1, from a PUSH: ")
    running.send_signal(signal.SIGINT)
    found = Probe(running)
    assert found.status == 130
    assert b"\n    socket: pull\n" in found.printed


def test_output_that_nobody_takes_is_an_error(client, start, address):
    client(zmq.PUSH, "bind", address, [[b"x"]])
    with open("/dev/full", "wb") as full:
        running = subprocess.Popen([LOGBOOM, "probe", "-n", "1", address], stdout=full, stderr=subprocess.PIPE)
        _, said = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 71
    assert b"cannot write to standard output: No space left on device\n" in said


# ---- the wrong one is there ------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["bind", "connect"])
def test_a_wrong_kind_of_socket_is_told_with_the_right_one(client, start, address, side):
    client(zmq.PUB, side, address, [[b"x"]])
    found = brief(start, "--socket", "pull", *(["--bind"] if side == "connect" else []), address)
    assert (found.status, found.printed) == (NOBODY, b"")
    sentence = b" is a PUB, which does not talk to a PULL; use --socket sub\n"
    assert found.said.count(sentence) == 1, "once, however often it comes back"


def test_a_receiver_is_no_client(start, address):
    receiver = new_context().socket(zmq.PULL)
    receiver.bind(address)
    found = brief(start, address)
    assert found.status == NOBODY
    assert b" is a PULL, which is no client that sends entries; is it a receiver, such as logboomd" in found.said


def test_a_client_with_keys_is_told(start, free_port):
    secret = new_context().socket(zmq.PUSH)
    secret.curve_publickey, secret.curve_secretkey = zmq.curve_keypair()
    secret.curve_serverkey = zmq.curve_keypair()[0]
    secret.connect(f"tcp://127.0.0.1:{free_port}")
    found = Probe(start("--bind", "--timeout", "2s", f"tcp://127.0.0.1:{free_port}"))
    assert found.status == NOBODY
    assert b" asks for ZeroMQ's CURVE: give --key with the key pair of the server that it expects" in found.said


@pytest.mark.parametrize("side", ["bind", "connect"])
@pytest.mark.parametrize("kind", SOCKETS, ids=NAMES.get)
def test_a_client_that_encrypts(probe, client, free_port, tmp_path, kind, side):
    """With the keys the probe sees all that it sees of others. Who listens is the server: to one that
    connects the probe is that, and shows its key; to one that listens it is a client, and tries which
    socket suits."""
    keys, address = Keys(tmp_path), f"tcp://127.0.0.1:{free_port}"
    messages = [[b"shop.INFO", b'{"message":"hello","n":1}'], [b"x" * 300]]
    server_key = keys.pair("server")[0].decode()
    if side == "bind":
        options = {"curve_server": 1, "curve_secretkey": keys.pair("server")[1]}
        given = ["--connect", "--key", keys.path("web1"), "--server-key", server_key]
    else:
        options = keys.client_options("web1")
        given = ["--bind", "--key", keys.path("server")]
    one = client(kind, side, address, messages, **options)
    found = probe(*given, "-n", 4, address)
    assert found.status == FINE, found.said
    assert f" is a {NAMES[kind]}".encode() in found.said
    assert entries(found)[0]["message"] in ("hello", "x" * 300)
    assert b'"message":"hello"' in found.printed and b"x" * 300 in found.printed
    printed = found.printed.decode()
    assert f"socket: {SOCKETS[kind]}" in printed and "encryption: curve" in printed
    if side == "connect":
        assert f"allow: '{keys.pair('web1')[0].decode()}'" in printed
        assert f"with the key {keys.pair('web1')[0].decode()}".encode() in found.said
        if kind == zmq.REQ:
            assert one.replies[0] == [b"OK"]
    else:
        assert f"server_key: '{server_key}'" in printed
    config = tmp_path / "probed.yaml"
    config.write_text(printed[printed.index("# for a client"):])
    if side == "bind":
        one.stop()
    told = run_logboomd("--check", "--config", config)
    assert told.returncode == 0, told.stderr


WRONG_KEYS = {"another server": b"takes us for a server with another key than that of --key",
              "no encryption": b"does not encrypt; leave --key out",
              "both are clients": b"or is it a client itself? Then leave that out"}


@pytest.mark.parametrize("what", WRONG_KEYS)
def test_the_wrong_keys_are_told(start, client, free_port, tmp_path, what):
    keys, address = Keys(tmp_path), f"tcp://127.0.0.1:{free_port}"
    options = {"another server": keys.client_options("web1", server="web2"), "no encryption": {},
               "both are clients": keys.client_options("web1")}[what]
    given = ["--key", keys.path("server")]
    if what == "both are clients":
        given += ["--server-key", keys.pair("web1")[0].decode()]
    client(zmq.PUSH, "connect", address, [[b"x"]], **options)
    found = Probe(start("--bind", "--timeout", "2s", *given, address))
    assert found.status == NOBODY
    assert WRONG_KEYS[what] in found.said, found.said


def test_a_server_with_another_key(start, client, free_port, tmp_path):
    """It cannot say so, and hangs up."""
    keys, address = Keys(tmp_path), f"tcp://127.0.0.1:{free_port}"
    one = client(zmq.PUSH, "bind", address, [[b"x"]], curve_server=1, curve_secretkey=keys.pair("server")[1])
    found = Probe(start("--connect", "--timeout", "1s", "--key", keys.path("web1"), "--server-key",
                        keys.pair("web1")[0].decode(), address))
    assert found.status == NOBODY
    assert b"closed the connection at our first word; is its key another than that of --server-key" in found.said, found.said
    one.stop()


def listen(address):
    transport, _, place = address.partition("://")
    if transport == "ipc":
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(place)
    else:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(place.rpartition(":")[2])))
    listener.listen()
    listener.settimeout(PATIENCE_S)
    return listener


@contextlib.contextmanager
def a_listener_that_says(address, said):
    """One that sends these bytes to whoever connects, and then reads until it is left."""
    def serve():
        with contextlib.suppress(OSError):
            while True:
                one = listener.accept()[0]
                one.settimeout(PATIENCE_S)
                with one, contextlib.suppress(OSError):
                    one.sendall(said)
                    while one.recv(65536):
                        pass

    listener = listen(address)
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE_S)


HANDSHAKE = greeting() + ready(b"PUSH")
ESCAPE = b"\x1b]0;owned\x07\x1b[2J\xc2\x9b31m"


@pytest.mark.parametrize("said, sentence", [
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"does not speak ZeroMQ's protocol"),
    (b"\xff" * 9 + b"\xfe\x03", b"does not speak ZeroMQ's protocol"),
    (OLD_GREETINGS["ZMTP 1.0"], b"speaks ZMTP 1, as ZeroMQ did before version 4"),
    (OLD_GREETINGS["ZMTP 2.0"], b"speaks ZMTP 2, as a PUSH, as ZeroMQ did before version 4"),
    (greeting(mechanism=b"PLAIN"), b"asks for ZeroMQ's PLAIN, which neither the probe nor logboomd speaks"),
    (greeting(mechanism=ESCAPE[:20]), b"asks for ZeroMQ's ?]0;owned??[2J"),
    (greeting() + command(b"ERROR", b"\x08no" + ESCAPE), b"refuses us: 'no\\x1B]0;owned\\x07\\x1B[2J\\xC2\\x9B31m'"),
    (greeting() + ready(ESCAPE), b" is a ?]0;owned??[2J??31m, which is no client"),
    (greeting() + command(b"READY"), b" is a socket without a type, which is no client"),
    (greeting() + frame(b"data before READY"), b"does not speak ZeroMQ's protocol"),
    (greeting() + frame(b"\x05READY" + b"x" * 5000, command=True), b"does not speak ZeroMQ's protocol"),
    (HANDSHAKE + frame(b"x", more=True) * 65, b"sends a message of more than 64 frames"),
    (HANDSHAKE + half_frame(16 << 20, more=True) + b"x" * 100, None),
    (HANDSHAKE + half_frame((16 << 20) + 1), b"sends a message of more than 16MiB"),
    (HANDSHAKE + half_frame(1 << 63, more=True), b"sends a message of more than 16MiB"),
], ids=range(15))
def test_peers_that_say_what_they_should_not(start, address, said, sentence):
    """Each is told in words that no peer can make a terminal obey, and nothing is printed."""
    with a_listener_that_says(address, said):
        found = brief(start, "--connect", address)
    assert found.printed == b""
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f\x80-\xff]", found.said)
    if sentence:
        assert found.status == NOBODY
        assert sentence in found.said
    else:
        assert found.status == NOTHING


def test_no_byte_of_a_client_reaches_the_terminal_as_a_command(client, probe, address):
    hostile = [ESCAPE, "\u202e\u2028\x85".encode(), bytes(range(256)), b"\r\x08\x08", b"\n# sinks: []\n"]
    client(zmq.PUB, "bind", address, [[one, two] for one in hostile for two in hostile])
    found = probe("-n", "25", address)
    assert found.status == FINE
    text = found.printed.decode()  # is UTF-8
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]", text)
    assert len(re.findall(r"^#", text, re.M)) == 1, "only our own comment begins a line"


# ---- memory stays where it is ------------------------------------------------------------------------


def peak_kib(process):
    with open(f"/proc/{process.pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1])


LIMIT_KIB = 32 * 1024 * (8 if SANITIZED else 1)


@pytest.mark.parametrize("unit", [frame(b"", more=True), frame(b"x" * 60000, more=True),
                                  half_frame(1 << 40), frame(b"x" * (1 << 20))], ids=range(4))
def test_memory_is_bounded_whatever_a_peer_sends(start, free_port, unit):
    """64 MiB of it, from more peers than it serves at once; it says what it cut and goes on."""
    address = f"tcp://127.0.0.1:{free_port}"
    running = start("--bind", "--yaml", "-n", "100000", "--timeout", f"{2 * PATIENCE_S}s", address)
    assert b"listening at" in running.stderr.readline()
    for _ in range(9):
        with Peer(address) as peer:
            peer.send(HANDSHAKE)
            peer.wait_ready()
            peer.flood(unit, 8 << 20)
    assert peak_kib(running) < LIMIT_KIB
    running.send_signal(signal.SIGTERM)
    assert Probe(running).status == 143


def test_a_long_message_is_shown_cut_and_sets_the_limits(client, probe, address, tmp_path):
    """logboomd would disconnect the client; the configuration lets it."""
    for length, entry, message in [(100_000, "128KiB", None), (300_000, "512KiB", "512KiB"),
                                   (5_000_000, "1MiB", "8MiB")]:
        sender = client(zmq.PUSH, "connect", address, [[b"x" * length]])
        found = probe("--bind", "-n", "1", address)
        sender.stop()
        assert shown(found) == [("payload", length, "x" * 512 + " ...")]
        assert f"\n    max_entry: {entry}\n".encode() in found.printed
        assert (message is None) == (b"max_message:" not in found.printed)
        assert message is None or f"\n    max_message: {message}\n".encode() in found.printed
        (tmp_path / "probed.yaml").write_bytes(found.printed[found.printed.index(b"# for a client"):])
        told = run_logboomd("--check", "--config", tmp_path / "probed.yaml")
        assert (told.returncode, told.stderr) == (0, "")


def test_mute_peers_do_not_keep_a_client_out(client, start, address):
    """As many as it serves at once connect and say nothing; then the client comes."""
    running = start("--bind", "-n", "1", "--timeout", f"{PATIENCE_S}s", address)
    assert b"listening at" in running.stderr.readline()
    with contextlib.ExitStack() as crowd:
        for _ in range(20):
            crowd.enter_context(contextlib.closing(Peer(address)))
        client(zmq.PUSH, "connect", address, [[b"honest"]])
        found = Probe(running)
    assert (found.status, shown(found)) == (FINE, [("payload", 6, "honest")])


def test_a_client_that_asks_for_signs_of_life_gets_them(start, address):
    """ZMTP's PING: who does not answer is disconnected after heartbeat_timeout."""
    sender = new_context().socket(zmq.PUSH)
    sender.linger, sender.heartbeat_ivl, sender.heartbeat_timeout = 0, 50, 150
    sender.connect(address)
    found = Probe(start("--bind", "--timeout", "1s", address))
    assert found.status == NOTHING
    assert found.said.count(b" is a PUSH\n") == 1 and b"closed" not in found.said


# ---- usage --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, sentence", [
    ([], "the address is missing: give tcp://HOST:PORT or ipc://PATH, as the client has it"),
    (["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"], "one address at a time; 'tcp://127.0.0.1:2' is one more"),
    (["127.0.0.1:5514"], "address '127.0.0.1:5514' lacks a transport; did you mean 'tcp://127.0.0.1:5514'?"),
    (["tcp://127.0.0.1"], "address 'tcp://127.0.0.1' lacks a port"),
    (["inproc://x"], "address 'inproc://x': transport 'inproc' is not supported"),
    (["--connect", "tcp://*:5"], "address 'tcp://*:5': '*' is for listening"),
    (["ipc:///\x1b[2J\n"], "address 'ipc:///\\x1B[2J\\x0A' holds control characters"),
    (["--bind", "--connect", "tcp://127.0.0.1:1"], "--connect and --bind exclude each other"),
    (["--socket", "push", "tcp://127.0.0.1:1"],
     "--socket is 'push', but must be pull, sub, router, rep, pair or auto"),
    (["--socket", "router1", "tcp://127.0.0.1:1"],
     "--socket is 'router1', but must be pull, sub, router, rep, pair or auto; did you mean 'router'?"),
    (["-n", "0", "tcp://127.0.0.1:1"], "--count is '0', but must be a number from 1 to 1000000"),
    (["-n"], "option '-n' needs a value"),
    (["--timeout", "5", "tcp://127.0.0.1:1"], "--timeout: "),
    (["--yml", "tcp://127.0.0.1:1"], "there is no option '--yml'; did you mean '--yaml'?"),
])
def test_wrong_usage_is_refused_with_a_sentence(start, arguments, sentence):
    found = Probe(start(*arguments))
    assert (found.status, found.printed) == (USAGE, b"")
    assert found.said.decode().startswith(f"logboom probe: {sentence}")
    assert found.said.endswith(b"; see 'logboom help probe'\n")


def test_an_address_in_use_is_told(start, free_port):
    with contextlib.closing(listen(f"tcp://127.0.0.1:{free_port}")):
        found = brief(start, "--bind", f"tcp://127.0.0.1:{free_port}")
    assert found.status == 71
    assert b"Address already in use" in found.said


def test_a_host_that_nobody_knows_is_told(start):
    found = brief(start, "tcp://nowhere.invalid:5514")
    assert found.status == NOBODY
    assert b"logboom probe: cannot find 'nowhere.invalid': " in found.said


def test_help_says_the_same_both_ways():
    by_option = subprocess.run([LOGBOOM, "probe", "--help"], capture_output=True, timeout=PATIENCE_S)
    by_word = subprocess.run([LOGBOOM, "help", "probe"], capture_output=True, timeout=PATIENCE_S)
    assert by_option.stdout == by_word.stdout != b""
    assert by_option.returncode == by_word.returncode == FINE
