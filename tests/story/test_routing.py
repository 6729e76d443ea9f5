"""Sinks take what their `match` says: each entry is in exactly the right outputs, the ledger says
the same numbers, and a sink has nothing to do with what it does not take."""

import collections
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import zlib

import pytest
import zmq
from logboom_story import (
    EXIT_CONFIGURATION,
    EXIT_FINE,
    PATIENCE_S,
    config_text,
    new_context,
    numbered_json,
    numbered_text,
    run_logboomd,
)

LEVELS = ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug", "trace"]
APPS = ["shop", "shop-eu", "shop-us", "bank", "-"]
HOSTS = ["web-1", "web-12", "db-1", "-"]
TOPICS = ["orders.eu", "orders.us", "-"]


def entry_of(client, number):
    """What is sent as this number: its parts differ in step with primes, so that all meet."""
    def one_of(words, step):
        return words[(number // step + client) % len(words)]

    return {"level": one_of([*LEVELS, "-"], 1), "app": one_of(APPS, 3), "host": one_of(HOSTS, 7),
            "topic": one_of(TOPICS, 2), "text": numbered_text(client, number)}


def frames_of(entry):
    """A topic frame, if there is one, and JSON without the parts that are not there."""
    document = {key: entry[key] for key in ("level", "app", "host") if entry[key] != "-"}
    payload = json.dumps({**document, "message": entry["text"].decode()}).encode()
    return [payload] if entry["topic"] == "-" else [entry["topic"].encode(), payload]


def is_like(entry, filter):
    """The contract of docs/semantics.md, once more."""
    for key in ("app", "host", "topic"):
        globs = filter.get(key, "*")
        globs = [globs] if isinstance(globs, str) else globs
        if not any(fnmatch.fnmatchcase(entry[key], glob) for glob in globs):
            return False
    if "message" in filter and not re.search(filter["message"].encode(), entry["text"]):
        return False
    least = filter.get("min_level", None)
    return not least or entry["level"] in LEVELS[: LEVELS.index(least) + 1]


def takes(match, entry):
    return is_like(entry, match) and not (match.get("not") and is_like(entry, match["not"]))


MATCHES = {
    "all": {},
    "alarms": {"min_level": "error"},
    "shop": {"app": "shop*"},
    "regions": {"app": ["shop-eu", "shop-us"], "topic": "orders.*"},
    "webs": {"host": "web-?", "not": {"min_level": "info"}},
    "nobody": {"app": "nobody", "min_level": "trace"},
    "unnamed": {"app": "-", "host": "-"},
    "most": {"min_level": "debug", "not": {"app": ["bank", "*-eu"], "host": "*1*"}},
    "topicless": {"not": {"topic": "*.*"}},
    "sevens": {"message": r"^c\d\d \d+7 "},
    "few": {"app": "shop*", "message": " 0000001", "not": {"message": "(1|3|5|7|9) [0-9a-f]{8} x"}},
}


def sinks_of(folder, matches, **more):
    return [{"name": name, "type": "file", "path": f"{folder}/{name}.log", "format": "{message}",
             "match": match, **more} for name, match in matches.items()]


def numbers_in(path):
    """{client: its numbers in the order of the file}; every line is whole."""
    numbers = collections.defaultdict(list)
    for line in path.read_bytes().splitlines():
        client, number, check, filler = re.fullmatch(rb"c(\d\d) (\d{9}) ([0-9a-f]{8}) (x+)", line).groups()
        assert zlib.crc32(b"c%s %s%s" % (client, number, filler)) == int(check, 16)
        numbers[int(client)].append(int(number))
    return numbers


def check_outputs(folder, daemon, matches, clients, count):
    """Each file has what its match takes, in order, and the final ledger says so."""
    sent = [(client, number, entry_of(client, number)) for client in range(clients) for number in range(count)]
    routed = 0
    for name, match in matches.items():
        expected = collections.defaultdict(list)
        for client, number, entry in sent:
            if takes(match, entry):
                expected[client].append(number)
        assert numbers_in(folder / f"{name}.log") == expected, name
        total = sum(map(len, expected.values()))
        assert daemon.final.sinks[name]["offered"] == daemon.final.sinks[name]["written"] == total
    routed = sum(any(takes(match, entry) for match in matches.values()) for _, _, entry in sent)
    assert daemon.final.endpoint["routed"] == routed
    assert daemon.final.endpoint["unrouted"] == len(sent) - routed


@pytest.mark.parametrize("with_all", [True, False], ids=["with-a-sink-for-all", "without"])
def test_each_entry_is_in_exactly_the_right_files(start, client, tmp_path, with_all):
    """Three clients send entries of many kinds to sinks with many matches. Every file has just
    what its match says, each client's in order; what matches none is counted as unrouted."""
    matches = {name: match for name, match in MATCHES.items() if with_all or name not in
               ("all", "most", "topicless", "webs")}
    daemon = start(sinks=sinks_of(tmp_path, matches))
    assert ("no sink takes everything" in daemon.said) == (not with_all)
    clients = [client(daemon.address) for _ in range(3)]
    for number in range(2000):
        for i, one in enumerate(clients):
            one.send_frames(*frames_of(entry_of(i, number)))
    daemon.wait_ledger(lambda look: look.received == 6000, "all are received")
    assert daemon.stop(sent=6000) == EXIT_FINE
    check_outputs(tmp_path, daemon, matches, 3, 2000)
    assert (daemon.final.endpoint["unrouted"] == 0) == with_all


def test_topics_of_publishers_are_matched(start, tmp_path):
    """A publisher's topics, as frames, choose the sink."""
    matches = {"orders": {"topic": "orders.*"}, "rest": {"not": {"topic": "orders.*"}}}
    daemon = start(endpoint={"socket": "sub"}, sinks=sinks_of(tmp_path, matches))
    pub = new_context().socket(zmq.XPUB)
    pub.connect(daemon.address)
    assert pub.poll(PATIENCE_S * 1000) and pub.recv() == b"\x01"
    for number in range(300):
        pub.send_multipart(frames_of(entry_of(0, number)))
    daemon.wait_ledger(lambda look: look.received == 300, "all are received")
    assert daemon.stop(sent=300) == EXIT_FINE
    check_outputs(tmp_path, daemon, matches, 1, 300)


def test_a_stalled_sink_does_not_hold_back_what_it_does_not_take(start, client, fifo, tmp_path):
    """Nobody reads the bank's output, and whoever sends the bank's entries waits. Everybody
    else's go on. When it is read, the bank's arrive, too."""
    sinks = [{"name": "all", "type": "file", "path": f"{tmp_path}/all.log", "format": "{message}",
              "queue": "384KiB", "match": {"app": "client00"}},
             *sinks_of(tmp_path, {"rest": {"not": {"app": "client00"}}})]
    daemon = start(ingest=[{"name": "bank", "bind": "tcp://127.0.0.1:0", "max_entry": "4KiB"},
                           {"name": "others", "bind": "tcp://localhost:0", "max_entry": "4KiB"}], sinks=sinks)
    bank, other = client(daemon.addresses[0], sndhwm=10), client(daemon.addresses[1])
    sent = bank.send_until_blocked(numbered_json(0, number) for number in range(1 << 30))
    daemon.wait_said("nothing more is received")
    before = daemon.ledger()
    for number in range(20_000):
        other.send(numbered_json(1, number))
    look = daemon.wait_written(20_000, sink="rest")
    assert look.endpoints["bank"]["received"] == before.endpoints["bank"]["received"] < sent
    assert look.sinks["all"]["dropped"] == 0
    assert numbers_in(tmp_path / "rest.log") == {1: list(range(20_000))}
    fifo.begin()
    daemon.wait_ledger(lambda look: look.endpoints["bank"]["received"] == sent, "the bank goes on")
    assert daemon.stop(sent=sent + 20_000) == EXIT_FINE
    (tmp_path / "bank.log").write_bytes(fifo.end())
    assert numbers_in(tmp_path / "bank.log") == {0: list(range(sent))}
    assert daemon.final.sinks["all"]["offered"] == sent
    assert daemon.final.sinks["rest"]["offered"] == 20_000


def test_what_goes_elsewhere_is_done_for_a_sink_that_gets_nothing(start, client, tmp_path):
    """One of two sinks never gets an entry, and is no reason for the daemon to say that entries
    are not done with."""
    daemon = start(sinks=sinks_of(tmp_path, {"none": {"app": "none"}, "all": {}}))
    one = client(daemon.address)
    for number in range(1000):
        one.send(numbered_json(0, number))
    daemon.wait_written(1000, sink="all")
    assert daemon.stop(sent=1000) == EXIT_FINE
    assert "ledger: newest=1000 done_through=1000" in daemon.said


# A process in which nothing may be written and executed, which JIT would have to.
WITHOUT_JIT = """import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0:
    sys.exit(3)
os.execv(sys.argv[1], sys.argv[1:])
"""


def kernel_can_refuse_jit():
    probe = [sys.executable, "-c", WITHOUT_JIT, "/bin/true"]
    return subprocess.run(probe, timeout=PATIENCE_S).returncode == 0


@pytest.mark.parametrize("jit", ["allowed", "refused"])
def test_messages_are_searched_with_and_without_jit(start, client, tmp_path, jit):
    """The same entries find the same files, also where systemd's MemoryDenyWriteExecute=, as this
    one was once called, leaves only the interpreter."""
    if jit == "refused" and not kernel_can_refuse_jit():
        pytest.skip("this kernel has no PR_SET_MDWE")
    matches = {name: MATCHES[name] for name in ("all", "sevens", "few")}
    daemon = start(sinks=sinks_of(tmp_path, matches),
                   wrapper=[sys.executable, "-c", WITHOUT_JIT] if jit == "refused" else ())
    assert ("allows no compiled expressions" in daemon.said) == (jit == "refused")
    one = client(daemon.address)
    for number in range(3000):
        one.send_frames(*frames_of(entry_of(0, number)))
    daemon.wait_ledger(lambda look: look.received == 3000, "all are received")
    assert daemon.stop(sent=3000) == EXIT_FINE
    check_outputs(tmp_path, daemon, matches, 1, 3000)
    assert "match_limit" not in daemon.said


EVIL = b"a" * 11 + b"b"


@pytest.mark.parametrize("expression", ["(a+)+$", "(?:a|a)*[;!]"])
def test_a_crafted_message_does_not_hold_the_loop(start, client, tmp_path, expression):
    """Messages of 64 KiB that an expression would look at for a third of a second each. Each is
    given up soon, counts as not found, is counted and told of once, and ordinary entries are
    served meanwhile. The sink beside it has them all."""
    daemon = start(sinks=sinks_of(tmp_path, {"caught": {"message": expression},
                                             "spared": {"not": {"message": expression}}}))
    evil = (EVIL * 6000)[: 64 * 1024 - 1]
    bad, good = client(daemon.address), client(daemon.address)
    cpu = cpu_seconds(daemon)
    for number in range(40):
        bad.send(evil)
        good.send(numbered_text(0, number))
    look = daemon.wait_ledger(lambda look: look.received == 80, "all are received")
    assert cpu_seconds(daemon) - cpu < 40 * 0.1
    assert look.sinks["caught"]["match_limit"] == look.sinks["spared"]["match_limit"] == 40
    assert daemon.stop(sent=80) == EXIT_FINE
    assert daemon.final.sinks["caught"]["offered"] == 0
    assert daemon.final.sinks["spared"]["written"] == 80
    assert daemon.said.count("was given up") == 2  # once a sink
    lines = daemon.lines("spared.log")
    assert lines.count(evil) == 40
    assert [line for line in lines if line != evil] == [numbered_text(0, number) for number in range(40)]


def cpu_seconds(daemon):
    fields = pathlib.Path(f"/proc/{daemon.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def check_of(folder, **options):
    (folder / "x.yaml").write_text(config_text(**options))
    return run_logboomd("--check", "--config", "x.yaml", cwd=folder)


INGEST = [{"name": "apps", "bind": "tcp://127.0.0.1:0"}]


def test_check_warns_when_no_sink_takes_everything(tmp_path):
    said = check_of(tmp_path, ingest=INGEST, sinks=sinks_of(tmp_path, {"shop": {"app": "shop"}}))
    assert said.returncode == EXIT_FINE
    assert "x.yaml:4:3: warning: no sink takes everything; an entry that matches none" in said.stderr
    said = check_of(tmp_path, ingest=INGEST, sinks=sinks_of(tmp_path, {"shop": {"app": "shop"}, "all": {}}))
    assert (said.returncode, said.stderr) == (EXIT_FINE, "")


@pytest.mark.parametrize("match, sentence", [
    ({"app": "a["}, "'a[' has a '[' without a ']'"),
    ({"min_level": "loud"}, "'min_level' is 'loud', but can only be"),
    ({"not": {"topic": ["a", "b\\"]}}, "ends with a backslash"),
    ({"message": "a(b"}, "the expression 'a(b' is wrong at character 4: missing closing parenthesis"),
    ({"message": "(*NO_JIT)a"}, "begins with '(*'"),
    ({"not": {"message": "a" * 1025}}, "the expression has 1025 bytes"),
])
def test_a_match_that_is_none_is_refused(tmp_path, match, sentence):
    said = check_of(tmp_path, ingest=INGEST, sinks=sinks_of(tmp_path, {"all": match}))
    assert said.returncode == EXIT_CONFIGURATION
    assert sentence in said.stderr
