"""Sinks that are ZeroMQ sockets, with `encryption: curve`: two daemons in a row across a network, and
receivers that are on the list, on another one, or on none."""

import os
import re
import signal

import pytest
import zmq
from curve_peer import CurvePeer
from curve_story import Keys, refusal_of
from logboom_story import (
    EXIT_CONFIGURATION,
    EXIT_FINE,
    EXIT_LOSSES,
    EXIT_SYSTEM,
    PATIENCE_S,
    Tally,
    config_text,
    numbered_batches,
    numbered_json,
    run_logboomd,
    wait_until,
)
from receivers import free_port
from test_zmq_sinks import (
    check_peak,
    listener,  # noqa: F401 - a fixture
    listens_on,
    long_entries,
    other_sink,
    pub_sink,
    push_sink,
    send_in_rounds,
    subscribe,
)

COUNT = 20_000


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path)


# ---- chains -----------------------------------------------------------------------------------


def next_daemon(start, keys, place, *names, **endpoint):
    """The second of a chain, which lets these in."""
    return start("last", endpoint=keys.endpoint(*names, bind=place, **endpoint), sink={"format": "json"})


def first_daemon(start, keys, place, name="first", server="server", top=None, **sink):
    """The first, which sends there."""
    return start("first", sinks=[push_sink(connect=place, **keys.connecting_sink(name, server), **sink)], **(top or {}))


def check_chain(client, first, last, count=COUNT, before=0):
    client(first.address).send(*numbered_batches(0, count))
    last.wait_written(count)
    assert first.stop(sent=count + before) == EXIT_FINE
    assert last.stop() == EXIT_FINE
    Tally(last.log.read_bytes(), "json").check_complete({0: count})


@pytest.mark.parametrize("who_binds", ["the next one", "the first one"])
def test_two_daemons_in_a_row(start, client, keys, who_binds):
    """All entries arrive, in order, with the right checksums; and whoever listened is told who sent."""
    place = f"tcp://127.0.0.1:{free_port()}"
    if who_binds == "the next one":
        last = next_daemon(start, keys, place, "first")
        first = first_daemon(start, keys, place)
    else:
        first = start("first", sinks=[push_sink(bind=place, **keys.listening_sink("last"))])
        last = start("last", sink={"format": "json"},
                     endpoint={"bind": [], "connect": place, **keys.connecting_sink("last")})
    check_chain(client, first, last)


def test_pub_to_sub(start, client, keys):
    place = f"tcp://127.0.0.1:{free_port()}"
    last = next_daemon(start, keys, place, "first", socket="sub")
    first = start("first", sinks=[pub_sink(connect=place, **keys.connecting_sink("first"))])
    one = client(first.address)
    sent = 0
    while not last.log.read_bytes():
        one.send(b'{"message":"probe"}')
        sent += 1
        first.wait_written(sent)
    send_in_rounds(one, COUNT, lambda: last.log.read_bytes().count(b"client00"))
    assert first.stop(sent=sent + COUNT) == EXIT_FINE
    assert last.stop() == EXIT_FINE
    lines = [line + b"\n" for line in last.lines() if b"client00" in line]
    Tally(b"".join(lines), "json").check_complete({0: COUNT})


def test_a_key_that_the_next_one_does_not_know(start, client, keys):
    """The sink is down and says why, on both sides; its entries wait. When the key is on the list, and
    the next daemon restarted, they go on."""
    place = f"tcp://127.0.0.1:{free_port()}"
    last = next_daemon(start, keys, place, "somebody")
    first = first_daemon(start, keys, place, when_full="drop_newest")
    key = keys.pair("first")[0].decode()
    first.wait_said(f"sink out: '{place}' refused our key, {key}: it is not in its 'allow'")
    last.wait_said(f"'allow' does not have its key, {key}")
    client(first.address).send(*(numbered_json(0, i) for i in range(50)))
    first.wait_said("in its 'allow'; 50 entries are waiting")
    first.wait_ledger(lambda look: look.sink["queued"] == 50)
    assert last.stop(sent=0) == EXIT_FINE
    last = next_daemon(start, keys, place, "somebody", "first")
    last.wait_written(50)
    first.wait_said("sink out: somebody is connected to")
    assert first.said.count("refused our key") == 2  # when it happened, and when entries waited
    assert first.stop(sent=50) == EXIT_FINE
    assert last.stop(sent=50) == EXIT_FINE
    Tally(last.log.read_bytes(), "json").check_complete({0: 50})


def test_a_next_one_with_another_key(start, client, keys):
    """Whoever has not the key that the sink was told of gets nothing, and the log says what to look at."""
    place = f"tcp://127.0.0.1:{free_port()}"
    impostor = start("last", endpoint={**keys.endpoint("first", bind=place), "key": keys.path("impostor")})
    first = first_daemon(start, keys, place)
    client(first.address).send(*(numbered_json(0, i) for i in range(50)))
    first.wait_said(f"sink out: '{place}' breaks off the handshake; has it another key than 'server_key'?")
    first.wait_ledger(lambda look: look.sink["queued"] == 50)
    assert impostor.stop(sent=0) == EXIT_FINE
    last = next_daemon(start, keys, place, "first")
    last.wait_written(50)
    assert first.stop(sent=50) == EXIT_FINE
    assert last.stop(sent=50) == EXIT_FINE


MISMATCHES = {"we encrypt": "does not encrypt with CURVE, and so gets nothing",
              "they encrypt": "wants encryption, which we were not told to use: give 'encryption: curve'"}


@pytest.mark.parametrize("who", MISMATCHES)
def test_only_one_of_the_two_encrypts(start, client, keys, who):
    place = f"tcp://127.0.0.1:{free_port()}"
    ours = keys.connecting_sink("first") if who == "we encrypt" else {}
    theirs = {} if who == "we encrypt" else keys.endpoint("first")
    last = start("last", endpoint={"bind": place, **theirs})
    first = start("first", sinks=[push_sink(connect=place, **ours)])
    client(first.address).send(*(numbered_json(0, i) for i in range(50)))
    first.wait_said(f"sink out: '{place}' {MISMATCHES[who]}")
    first.wait_ledger(lambda look: look.sink["queued"] == 50)
    assert last.stop(sent=0) == EXIT_FINE
    last = start("last", endpoint={"bind": place, **({"encryption": "none"} if who == "they encrypt" else
                                                      keys.endpoint("first"))})
    last.wait_written(50)  # ZeroMQ had given up the address for good
    assert first.stop(sent=50) == EXIT_FINE
    assert last.stop(sent=50) == EXIT_FINE


def test_one_of_several_refuses(start, client, keys):
    """The other one gets everything, and goes on getting it while the first is tried again."""
    places = [f"tcp://127.0.0.1:{free_port()}" for _ in range(2)]
    refusing = start("refusing", endpoint=keys.endpoint("somebody", bind=places[0]))
    last = next_daemon(start, keys, places[1], "first")
    first = first_daemon(start, keys, places)
    first.wait_said(f"sink out: '{places[0]}' refused our key")
    check_chain(client, first, last)
    assert refusing.stop(sent=0) == EXIT_FINE


def test_the_next_one_forgets_our_key(start, client, keys):
    """It stops while entries are in the pipe, and comes back with another list. ZeroMQ throws the pipe
    away when it is refused: which is told by number, and admitted at the end."""
    place = f"tcp://127.0.0.1:{free_port()}"
    last = start("last", endpoint=keys.endpoint("first", bind=place),
                 sinks=[push_sink(connect=f"tcp://127.0.0.1:{free_port()}", queue="512KiB")])
    first = first_daemon(start, keys, place, when_full="drop_newest", queue="512KiB",
                         top={"drain_timeout": "200ms"})
    client(first.address).send(*long_entries(400, 50_000))
    first.wait_ledger(lambda look: look.sink["offered"] == 400)
    last.send_signal(9)
    last.process.wait(timeout=PATIENCE_S)
    wait_until(lambda: "refused our key" in first.said or start_again(start, keys, place), "refused")
    first.wait_said("are lost: it throws them away")
    lost = int(re.search(r"sink out: (\d+) messages that ZeroMQ had taken are lost", first.said)[1])
    assert 0 < lost <= 100
    first.send_signal(signal.SIGTERM)
    assert first.process.wait(timeout=PATIENCE_S) == EXIT_LOSSES


def start_again(start, keys, place, started=[]):
    if place not in started:
        started.append(place)
        start("again", endpoint=keys.endpoint("somebody", bind=place))
    return False


UNDER_LOAD = 100_000
IN_HAND = 8192 // 150 + 1


def test_the_next_daemon_is_restarted_under_load(start, client, keys):
    """As without encryption: nothing comes twice, and what is lost is what ZeroMQ had in its hands."""
    place = f"tcp://127.0.0.1:{free_port()}"
    first = first_daemon(start, keys, place)
    one = client(first.address)
    received = 0
    for turn in range(3):
        last = next_daemon(start, keys, place, "first")
        one.send(*numbered_batches(0, UNDER_LOAD // 3, first=turn * (UNDER_LOAD // 3)))
        if turn < 2:
            last.wait_ledger(lambda look: look.received >= UNDER_LOAD // 10)
            assert last.stop() == EXIT_FINE
            received += last.final.received
    count = UNDER_LOAD // 3 * 3
    first.wait_written(count)
    assert first.stop(sent=count) == EXIT_FINE
    assert last.stop() == EXIT_FINE
    tally = Tally(last.log.read_bytes(), "json")
    faults = tally.faults(0, count)
    assert tally.torn == 0 and faults.keys() <= {"lost"}
    assert faults.get("lost", 0) <= 2 * IN_HAND


# ---- receivers that are no daemon ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["push", "pub"])
def test_who_is_on_the_list_gets_entries(start, client, keys, listener, kind):  # noqa: F811
    daemon = start(sinks=[push_sink(bind="tcp://127.0.0.1:0", socket=kind, **keys.listening_sink("web1"))])
    one = client(daemon.address)
    receiver = listener(zmq.SUB if kind == "pub" else zmq.PULL, connect=listens_on(daemon), rcvhwm=0,
                        **keys.client_options("web1"))
    probes = subscribe(receiver, daemon, one)
    one.send(*numbered_batches(0, 1000))
    receiver.wait(1000 + 1)
    assert daemon.stop(sent=1000 + probes) == EXIT_FINE


@pytest.mark.parametrize("who", ["wrong key", "no key", "password", "wrong server", "nobody's list"])
@pytest.mark.parametrize("kind", ["push", "pub"])
def test_nobody_else_is_let_in(start, client, keys, kind, who):
    """Who is refused hears nothing, the sink counts it as nobody, and says whose key it was."""
    names = [] if who == "nobody's list" else ["web1"]
    daemon = start(sinks=[push_sink(bind="tcp://127.0.0.1:0", socket=kind, **keys.listening_sink(*names))],
                   drain_timeout="200ms")
    options = {
        "wrong key": keys.client_options("stranger"),
        "no key": {},
        "password": {"plain_username": b"web1", "plain_password": b"web1"},
        "wrong server": keys.client_options("web1", server="web1"),
        "nobody's list": keys.client_options("web1"),
    }[who]
    assert refusal_of(listens_on(daemon), kind=zmq.SUB if kind == "pub" else zmq.PULL, **options)
    if who in ("wrong key", "nobody's list"):
        name = "stranger" if who == "wrong key" else "web1"
        daemon.wait_said("sink out: a receiver at 127.0.0.1 was not let in: 'allow' does not have its key, "
                         + keys.pair(name)[0].decode())
    client(daemon.address).send(numbered_json(0, 0))
    if kind == "push":
        daemon.wait_said("nobody is connected to")
    assert daemon.stop() == (EXIT_LOSSES if kind == "push" else EXIT_FINE)


# ---- bad company ----------------------------------------------------------------------------------


def curve_subscriber(daemon, keys, name="web1"):
    peer = CurvePeer(listens_on(daemon), keys.pair(name), keys.pair("server")[0], kind=b"SUB").shake_hands()
    return peer


def test_a_hundred_subscribers_that_never_read(start, client, keys, listener):  # noqa: F811
    """Each has a message of its own under way, since it is encrypted for it alone; then they are cut
    off. One subscriber that reads misses nothing, nor does the other sink; memory stays below its cap."""
    daemon = start(memory={"cap": "160MiB"}, sinks=[
        pub_sink(bind="tcp://127.0.0.1:0", max_clients=110, timeout="3s", **keys.listening_sink("web1")),
        other_sink()])
    good = listener(zmq.SUB, connect=listens_on(daemon), rcvhwm=0, **keys.client_options("web1"))
    one = client(daemon.address)
    probes = subscribe(good, daemon, one)
    still = [curve_subscriber(daemon, keys) for _ in range(100)]
    for peer in still:
        peer.send(peer.message(b"\x01"))
    count = 500
    one.send(*long_entries(count, 30_000))
    daemon.wait_written(count + probes, patience_s=2 * PATIENCE_S)
    check_peak(daemon)
    daemon.wait_said("was cut off: it took nothing")
    wait_until(lambda: all(peer.wait_cut(0.01) for peer in still), "all are cut off")
    check_peak(daemon)
    assert daemon.stop(sent=count + probes) == EXIT_FINE
    assert len(daemon.lines("other.log")) == count + probes
    good.wait(count + 1)
    for peer in still:
        peer.close()


def test_a_flood_of_subscriptions(start, client, keys, listener):  # noqa: F811
    """A hundred short ones are fine, encrypted or not; a peer that makes many more is cut off."""
    daemon = start(memory={"cap": "48MiB"}, sinks=[
        pub_sink(bind="tcp://127.0.0.1:0", **keys.listening_sink("web1"))])
    good = listener(zmq.SUB, connect=listens_on(daemon), **keys.client_options("web1"))
    one = client(daemon.address)
    probes = subscribe(good, daemon, one)
    for turn in range(10):
        with curve_subscriber(daemon, keys) as peer:
            peer.send(b"".join(peer.message(b"\x01%03d" % i) for i in range(100)))
            peer.send(b"".join(peer.message(b"\x01" + b"%08d" % (turn * 500 + i)) for i in range(200)))
            assert peer.wait_cut()
    daemon.wait_said("was cut off: it said more than receivers do")
    one.send(b'{"message":"still here"}')
    wait_until(lambda: b"still here" in good.got[-1][0], "the last")
    check_peak(daemon)
    assert daemon.stop(sent=probes + 1) == EXIT_FINE


def test_empty_frames_without_end(start, keys):
    """The shortest that can be said under CURVE counts, too."""
    daemon = start(sinks=[push_sink(bind="tcp://127.0.0.1:0", **keys.listening_sink("web1"))])
    with CurvePeer(listens_on(daemon), keys.pair("web1"), keys.pair("server")[0], kind=b"PULL") as peer:
        peer.shake_hands()
        peer.flood_frames(lambda: peer.message(b""), 64 << 20, blocked_s=3, seconds=3)
        assert peer.wait_cut()
    daemon.wait_said("was cut off: it said more than receivers do")
    assert daemon.stop() == EXIT_FINE


# ---- what is refused at the start -----------------------------------------------------------------


def check(tmp_path, **sink):
    path = tmp_path / "check.yaml"
    path.write_text(config_text([{"name": "apps", "bind": ["tcp://127.0.0.1:0"]}],
                                [push_sink(**sink), {"name": "all", "type": "stdout"}]))
    return run_logboomd("--check", "--config", path)


def refused(tmp_path, sentence, **sink):
    told = check(tmp_path, **sink)
    assert told.returncode == EXIT_CONFIGURATION, told.stdout
    assert sentence in told.stderr, told.stderr


@pytest.mark.parametrize("side, needed", [("bind", "allow"), ("connect", "server_key")])
def test_beyond_loopback_needs_a_word_on_encryption(tmp_path, keys, side, needed):
    place = {side: "tcp://0.0.0.0:0" if side == "bind" else "tcp://192.0.2.1:5514"}
    refused(tmp_path, "is beyond loopback, and nothing says whether to encrypt; write 'encryption: "
                      f"curve' with 'key' and '{needed}'", **place)
    told = check(tmp_path, encryption="none", **place)
    assert told.returncode == EXIT_FINE
    assert "warning: sink out:" in told.stderr and "can read what is sent" in told.stderr
    full = keys.listening_sink("web1") if side == "bind" else keys.connecting_sink("web1")
    told = check(tmp_path, **place, **full)
    assert (told.returncode, told.stderr) == (EXIT_FINE, "")


def test_what_encryption_needs_is_told(tmp_path, keys):
    place, full = {"connect": "tcp://127.0.0.1:1"}, keys.connecting_sink("web1")
    refused(tmp_path, "needs 'key'", **place, **{k: v for k, v in full.items() if k != "key"})
    refused(tmp_path, "needs 'server_key'", **place, **{k: v for k, v in full.items() if k != "server_key"})
    refused(tmp_path, "'allow' is only for those who bind", **place, allow=keys.line("web1"), **full)
    refused(tmp_path, "'server_key' is only for encryption: curve", **place, server_key=full["server_key"])
    refused(tmp_path, "make two of it", bind="tcp://127.0.0.1:0", **place, allow=keys.line("web1"), **full)
    refused(tmp_path, "which is no public key", **place, **{**full, "server_key": "short"})
    os.chmod(full["key"], 0o644)
    refused(tmp_path, "others may use it (mode 0644)", **place, **full)


def test_only_zmq_sinks_encrypt_so(tmp_path, keys):
    path = tmp_path / "check.yaml"
    path.write_text(config_text([{"name": "apps", "bind": ["tcp://127.0.0.1:0"]}],
                                [{"name": "all", "type": "stdout", **keys.connecting_sink("web1")}]))
    told = run_logboomd("--check", "--config", path)
    assert told.returncode == EXIT_CONFIGURATION
    for setting in ("encryption", "key", "server_key"):
        assert f"'{setting}' is only for sinks of type zmq" in told.stderr


FORGETS = """
#include <string.h>
#include <stddef.h>
#include <dlfcn.h>
int zmq_setsockopt(void *socket, int option, const void *value, size_t len)
{
    int (*real)(void *, int, const void *, size_t) = dlsym(RTLD_NEXT, "zmq_setsockopt");
    return option == 93 ? 0 : real(socket, option, value, len);
}
"""


def test_a_libzmq_that_forgets_an_option_opens_no_sink(start, keys, shim):
    daemon = start(sinks=[push_sink(bind="tcp://127.0.0.1:0", **keys.listening_sink("web1"))],
                   env=shim(FORGETS), ready=False)
    assert daemon.process.wait(timeout=PATIENCE_S) == EXIT_SYSTEM
    assert "does not keep the options" in daemon.said and "listens on" not in daemon.said


# ---- reload ---------------------------------------------------------------------------------------


def reload(daemon, **sink):
    """The endpoint stays as it is."""
    before, _, _ = daemon.config.read_text().partition("sinks:")
    _, _, sinks = config_text([], [push_sink(**sink)]).partition("sinks:")
    daemon.config.write_text(f"{before}sinks:{sinks}")
    daemon.send_signal(signal.SIGHUP)


def test_encryption_can_come_with_a_reload(start, client, keys):
    """A sink that was plain, on loopback, gets keys: encryption is tested then, and entries go on."""
    places = [f"tcp://127.0.0.1:{free_port()}" for _ in range(2)]
    plain = start("plain", endpoint={"bind": places[0]})
    last = next_daemon(start, keys, places[1], "first")
    first = start("first", sinks=[push_sink(connect=places[0])])
    one = client(first.address)
    one.send(numbered_json(0, 0))
    plain.wait_written(1)
    reload(first, connect=places[1], **keys.connecting_sink("first"))
    first.wait_said("reloaded")
    one.send(*(numbered_json(0, i) for i in range(1, 100)))
    last.wait_written(99)
    first.send_signal(signal.SIGTERM)
    assert first.process.wait(timeout=PATIENCE_S) == EXIT_FINE
    assert plain.stop(sent=1) == EXIT_FINE
    assert last.stop(sent=99) == EXIT_FINE
