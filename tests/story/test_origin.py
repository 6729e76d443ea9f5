"""Who sent an entry, and which of its entries it is, is our word: the same whatever clients say of
themselves, in templates, json, rfc5424 and matches; and what an endpoint adds to its entries."""

import collections
import contextlib
import json
import os
import platform
import re

import pytest
import zmq
from logboom_story import EXIT_CONFIGURATION, EXIT_FINE, PATIENCE_S, config_text, new_context, run_logboomd

ME = f"uid:{os.getuid()},pid:{os.getpid()}"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


def endpoint_at(folder, **more):
    return {"bind": ["tcp://127.0.0.1:0", f"ipc://{folder}/in.sock"], **more}


def push_to(address):
    socket = new_context().socket(zmq.PUSH)
    socket.linger = PATIENCE_S * 1000
    socket.sndtimeo = PATIENCE_S * 1000
    socket.ipv6 = True
    socket.connect(address)
    return socket


def documents(daemon, name="all.log"):
    return [json.loads(line) for line in daemon.lines(name)]


@pytest.mark.parametrize("gate", ["on", "off"])
def test_entries_are_numbered_client_by_client(start, tmp_path, gate):
    """Three clients, over tcp, tcp and a socket file, send in turns, one entry a message and many.
    Each client's numbers begin with 1 and have no gap; peer and uid say where it sits."""
    daemon = start(endpoint=endpoint_at(tmp_path), sink={"format": "{message} {seq} {peer} {uid} {received}"},
                   memory={"gate": gate})
    clients = [push_to(address) for address in (daemon.addresses[0], *daemon.addresses)]
    sent = collections.Counter()
    for turn in range(400):
        for i, client in enumerate(clients):
            batch = 1 if (turn + i) % 3 else 5
            client.send(b"\n".join(b'{"message":"c%d"}' % i for _ in range(batch)))
            sent[i] += batch
    daemon.wait_ledger(lambda look: look.received == sum(sent.values()), "all are received")
    for client in clients:  # without the gate, what leavers had queued is not safe
        client.close()
    assert daemon.stop(sent=sum(sent.values())) == EXIT_FINE
    numbers = collections.defaultdict(list)
    for line in daemon.lines():
        found = re.fullmatch(rf"c(\d) (\d+) (\S+) (\S+) {STAMP}", line.decode())
        client = int(found[1])
        numbers[client].append(int(found[2]))
        assert found.groups()[2:] == ((ME, str(os.getuid())) if client == 2 else ("127.0.0.1", "-"))
    assert {client: list(range(1, count + 1)) for client, count in sent.items()} == numbers


def test_a_connection_that_comes_again_begins_anew(start, tmp_path):
    """One client after the other connects, sends and leaves, so that descriptors are used again:
    each has numbers of its own. The last ones leave before the daemon looks."""
    daemon = start(endpoint=endpoint_at(tmp_path), sink={"format": "{message} {seq}"})
    expected = []
    for turn in range(30):
        client = push_to(daemon.addresses[turn % 2])
        for number in range(1, 4):
            client.send(b"t%02d" % turn)
            expected.append(b"t%02d %d" % (turn, number))
        client.close()
        if turn < 20:
            daemon.wait_lines(len(expected))
    daemon.wait_ledger(lambda look: look.received == len(expected), "all are received")
    assert daemon.stop(sent=len(expected)) == EXIT_FINE
    assert sorted(daemon.lines()) == sorted(expected)


def test_those_that_we_connect_to_have_numbers_too(start, tmp_path):
    """The daemon connects to two clients that listen; one goes away and comes back at the same
    place, and counts as new."""
    sockets = [new_context().socket(zmq.PUSH) for _ in range(2)]
    ports = [socket.bind_to_random_port("tcp://127.0.0.1") for socket in sockets]
    daemon = start(endpoint={"bind": [], "connect": [f"tcp://127.0.0.1:{port}" for port in ports]},
                   sink={"format": "{message} {seq} {peer}"})
    for number in range(3):
        for i, socket in enumerate(sockets):
            socket.send(b"c%d" % i)
    daemon.wait_lines(6)
    sockets[1].close(linger=PATIENCE_S * 1000)
    again = new_context().socket(zmq.PUSH)

    def is_bound():
        with contextlib.suppress(zmq.ZMQError):
            again.bind(f"tcp://127.0.0.1:{ports[1]}")
            return True

    daemon.wait(is_bound, "the port is free again")
    for _ in range(2):
        again.send(b"c2")
    sockets[0].send(b"c0")
    daemon.wait_lines(9)
    daemon.stop()
    assert sorted(daemon.lines()) == sorted(
        b"%s %d 127.0.0.1" % (name, number)
        for name, count in ((b"c0", 4), (b"c1", 3), (b"c2", 2)) for number in range(1, count + 1))


LIES = [
    b'{"message":"m","_logboom":{"seq":7,"peer":"10.9.9.9","uid":7},"peer":"10.9.9.9","seq":7,"uid":7,"received":"x"}',
    b'{"message":"m","\\u005flogboom":{"peer":"10.9.9.9"},"_logboom":1,"_logboom.2":2}',
    b'{"_logboom":{"sink":"all","dropped":9},"message":"m"}',
    b'<14>1 2026-11-23T03:34:12Z h a - - [logboom@32473 seq="7" peer="10.9.9.9"] m',
    b'<14>1 2026-11-23T03:34:12Z h a - - [fields@32473 _logboom="7" peer="10.9.9.9"][_logboom][_logboom seq="7"] m',
    b'{"message":"m","a":"] [logboom@32473 seq=\\"7\\"] x"}',
    b'm _logboom={"seq":7} {peer} {seq}\n{"_logboom":{"seq":7}}',
    b'{"message":"m"},"_logboom":{"seq":7}}',
]


def test_no_client_can_say_what_is_ours(start, tmp_path):
    """Clients send the names of our own words, as keys, fields and text. In json there is one
    `_logboom`, the last key, and in rfc5424 one element of ours, both with the truth; templates
    and matches go by that, too."""
    sinks = [{"name": name, "type": "file", "path": f"{tmp_path}/{name}.log", **more} for name, more in {
        "json": {"format": "json", "origin": "on"},
        "plain": {"format": "json"},
        "rfc5424": {"format": "rfc5424", "origin": "on"},
        "template": {"format": "{seq} {peer} {uid}|{message}"},
        "liars": {"format": "{message}", "match": {"peer": ["10.*", "uid:7,*"]}},
        "me": {"format": "{seq}", "match": {"peer": f"uid:{os.getuid()},*", "not": {"peer": "127.*"}}},
    }.items()]
    daemon = start(endpoint=endpoint_at(tmp_path), sinks=sinks)
    client = push_to(daemon.addresses[1])
    for lie in LIES:
        client.send(lie)
    daemon.wait_ledger(lambda look: look.received == len(LIES), "all are received")
    assert daemon.stop(sent=len(LIES)) == EXIT_FINE
    for seq, line in enumerate(daemon.lines("json.log"), 1):
        pairs = json.loads(line, object_pairs_hook=lambda pairs: pairs)
        assert [key for key, _ in pairs].count("_logboom") == 1
        key, ours = pairs[-1]
        ours = dict(ours)
        assert key == "_logboom" and ours.pop("malformed", True)
        assert re.fullmatch(STAMP, ours.pop("received"))
        assert ours == {"seq": seq, "peer": ME, "uid": os.getuid()}
    for document in documents(daemon, "plain.log"):
        assert document.get("_logboom", {"malformed": True}) == {"malformed": True}
    for seq, line in enumerate(daemon.lines("rfc5424.log"), 1):
        found = re.fullmatch(rf'<\d+>1 \S+ \S+ \S+ - \S+ (?:\[fields@32473(?: [^\s=]+="(?:[^"\\\]]|\\.)*")+\])?'
                             rf'\[logboom@32473 received="{STAMP}" seq="(\d+)" peer="([^"]+)" uid="(\d+)"'
                             r'(?: malformed="true")?\] .*', line.decode())
        assert found, line
        assert found.groups() == (str(seq), ME, str(os.getuid()))
    assert [line.split(b"|")[0].decode() for line in daemon.lines("template.log")] == [
        f"{seq} {ME} {os.getuid()}" for seq in range(1, len(LIES) + 1)]
    assert daemon.lines("liars.log") == []
    assert daemon.lines("me.log") == [b"%d" % seq for seq in range(1, len(LIES) + 1)]


def test_the_peer_is_the_host(start, tmp_path):
    """With host: peer a host is where the connection comes from, and on this machine its own name;
    what clients say is a field. Files made from hosts have these names."""
    daemon = start(
        endpoint=endpoint_at(tmp_path, host="peer", bind=["tcp://127.0.0.1:0", "tcp://[::1]:0", f"ipc://{tmp_path}/in.sock"]),
        sinks=[{"name": "json", "type": "file", "path": f"{tmp_path}/all.json", "format": "json"},
               {"name": "hosts", "type": "file", "path": f"{tmp_path}/hosts/{{host}}.log", "format": "{message}"}])
    own = platform.node()
    for address in daemon.addresses:
        client = push_to(address)
        client.send(b'{"host":"bank","message":"a"}')
        client.send(b'{"hostname":"bank","host":"shop","message":"b"}')
        client.send(b'{"host":null,"message":"c"}')
        client.send(b"d")
        client.close()
    daemon.wait_ledger(lambda look: look.received == 12, "all are received")
    assert daemon.stop(sent=12) == EXIT_FINE
    told = collections.defaultdict(list)
    for document in documents(daemon, "all.json"):
        del document["time"]
        told[document.pop("host")].append(document)
    said = [{"message": "a", "host.2": "bank"}, {"message": "b", "host.2": "shop", "host.3": "bank"},
            {"message": "c", "host.2": None}, {"message": "d"}]
    assert told == {"127.0.0.1": said, "::1": said, own: said}
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", own)
    assert sorted(os.listdir(tmp_path / "hosts")) == sorted(["127.0.0.1.log", "__1.log", f"{safe}.log"])


def test_fields_are_added_where_the_client_sends_none(start, tmp_path):
    """One of two endpoints adds fields; the other one's entries stay as they are. Formats show
    them behind the client's own."""
    sinks = [{"name": name, "type": "file", "path": f"{tmp_path}/{name}.log", "format": name}
             for name in ("json", "logfmt", "rfc5424", "text")]
    daemon = start(ingest=[{"name": "a", "bind": "tcp://127.0.0.1:0", "fields": {"env": "prod", "dc": "a b"}},
                           {"name": "b", "bind": "tcp://127.0.0.1:0"}], sinks=sinks)
    for address in daemon.addresses:
        client = push_to(address)
        client.send(b'{"message":"m","n":[1, {"x":null}],"env":"mine","s":"q\\"q"}')
        daemon.wait_ledger(lambda look: look.received % 2 == 1, "it is received")
        client.send(b"text")
        daemon.wait_ledger(lambda look: look.received % 2 == 0, "it is received")
    assert daemon.stop(sent=4) == EXIT_FINE
    own = {"n": [1, {"x": None}], "env": "mine", "s": 'q"q'}
    fields = [{k: v for k, v in document.items() if k not in ("time", "message")}
              for document in documents(daemon, "json.log")]
    assert fields == [{**own, "dc": "a b"}, {"env": "prod", "dc": "a b"}, own, {}]
    assert list(fields[0]) == ["n", "env", "s", "dc"]
    tails = {name: [line.split(b" ", skip)[-1] for line in daemon.lines(f"{name}.log")]
             for name, skip in (("logfmt", 1), ("rfc5424", 6), ("text", 1))}
    assert tails["logfmt"] == [
        rb'msg=m n="[1, {\"x\":null}]" env=mine s="q\"q" dc="a b"', b'msg=text env=prod dc="a b"',
        rb'msg=m n="[1, {\"x\":null}]" env=mine s="q\"q"', b"msg=text"]
    assert tails["rfc5424"] == [
        rb'[fields@32473 n="[1, {\"x\":null}\]" env="mine" s="q\"q" dc="a b"] m',
        b'[fields@32473 env="prod" dc="a b"] text',
        rb'[fields@32473 n="[1, {\"x\":null}\]" env="mine" s="q\"q"] m', b"- text"]
    assert tails["text"] == [
        rb'- - -: m n="[1,\x20{\x22x\x22:null}]" env="mine" s="q\x22q" dc="a\x20b"',
        rb'- - -: text env="prod" dc="a\x20b"',
        rb'- - -: m n="[1,\x20{\x22x\x22:null}]" env="mine" s="q\x22q"', b"- - -: text"]


def test_numbers_show_what_a_sink_dropped(start, client, fifo):
    """Nobody reads a sink that drops; when it is read, the gaps between the numbers are as many
    entries as the ledger says that it dropped."""
    daemon = start(sink={"format": "{seq} {message}", "when_full": "drop_newest", "queue": "512KiB",
                         "notices": "off"})
    one, count = client(daemon.address), 4000
    for _ in range(count):
        one.send(b"x" * 400)
    daemon.wait_ledger(lambda look: look.received == count, "all are received")
    fifo.begin()
    daemon.wait_ledger(lambda look: look.sink["queued"] + look.sink["in_flight"] == 0, "all are written")
    one.send(b"last")
    daemon.wait_ledger(lambda look: look.received == count + 1, "the last is received")
    assert daemon.stop(sent=count + 1) == EXIT_FINE
    numbers = [int(line.split(b" ")[0]) for line in fifo.end().splitlines()]
    assert numbers[0] == 1 and numbers[-1] == count + 1
    gaps = sum(after - before - 1 for before, after in zip(numbers, numbers[1:]))
    assert gaps == daemon.final.sink["reasons"]["full"] > 0


@pytest.mark.parametrize("endpoint, sink, sentence", [
    ({"fields": {"app": "x"}}, {}, "'fields' cannot set 'app': that is no field, but a part of every entry"),
    ({"fields": {"a b": "x"}}, {}, "'a b' in 'fields' may only have letters, digits"),
    ({"host": "server"}, {}, "'host' is 'server', but can only be client or peer"),
    ({}, {"origin": "on"}, "'origin' is only for the formats json and rfc5424; in a template write"),
    ({}, {"format": "{pere} {message}"}, "the template has no '{pere}'; did you mean '{peer}'?"),
])
def test_what_cannot_be_is_told(tmp_path, endpoint, sink, sentence):
    config = tmp_path / "logboom.yaml"
    config.write_text(config_text([{"name": "apps", "bind": "tcp://127.0.0.1:0", **endpoint}],
                                  [{"name": "all", "type": "file", "path": f"{tmp_path}/all.log", **sink}]))
    told = run_logboomd("--check", "--config", config)
    assert told.returncode == EXIT_CONFIGURATION and sentence in told.stderr
