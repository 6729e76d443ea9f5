"""The configuration changes while entries flow: nothing is lost, and what is wrong changes nothing."""

import os
import re
import signal
import sys
import threading

import pytest
from control_story import FINE, ask, logboom
from logboom_story import (
    EXIT_FINE,
    EXIT_LOSSES,
    PATIENCE_S,
    SANITIZED,
    Tally,
    config_text,
    numbered_json,
    wait_until,
)
from receivers import Receiver

DRAIN = {"drain_timeout": f"{2 * PATIENCE_S}s"}
QUICK = {"drain_timeout": "200ms"}


class Reloaded:
    """A daemon whose configuration is written anew and reloaded."""

    def __init__(self, start, tmp_path, *sinks, **top):
        self.folder, self.top = tmp_path, {**DRAIN, "control": {"path": "control.sock"}, **top}
        self.daemon = start(sinks=list(sinks), **self.top)
        self.daemon.routes = True
        self.ingest = [{"name": "apps", "bind": ["tcp://127.0.0.1:0"]}]

    def count(self):
        """Reloads that have ended: the first sentence of each but for what follows it."""
        return self.daemon.said.count("reloaded: ") + self.daemon.said.count("reload refused: ")

    def text(self, text, mode=0o640, look=True):
        """What the daemon says to this configuration."""
        fresh = self.folder / "fresh.yaml"
        fresh.write_text(text)
        fresh.chmod(mode)
        fresh.rename(self.daemon.config)
        before, length = self.count(), len(self.daemon.said)
        self.daemon.send_signal(signal.SIGHUP)
        self.daemon.wait(lambda: self.count() > before, lambda: f"a reload in:\n{self.daemon.said}")
        if look:
            self.daemon.ledger()  # the sums hold
        return self.daemon.said[length:]

    def sinks(self, *sinks, look=True, **top):
        return self.text(config_text(self.ingest, list(sinks), **{**self.top, **top}), look=look)

    def sinks_when_there_is_room(self, *sinks, look=True):
        """Those that leave have their part of the memory until they are through: there may be many if reloads are
        quicker than what they close."""
        wait_until(lambda: self._is_taken(sinks, look), lambda: f"room for another reload:\n{self.daemon.said[-4000:]}")

    def _is_taken(self, sinks, look):
        said = self.sinks(*sinks, look=look)
        if "reload refused" not in said:
            return True
        assert "'cap' is 64MiB, but" in said or "would be drained at once" in said, said
        return False


def file_sink(folder, name, path=None, **more):
    return {"name": name, "type": "file", "path": str(folder / (path or f"{name}.log")), "format": "line", **more}


def sorted_lines(*files):
    """By client and number, so that files which follow each other can be judged as one."""
    lines = b"".join(file.read_bytes() for file in files).splitlines(keepends=True)
    return b"".join(sorted(lines, key=lambda line: line.split(b": ", 1)[1]))


def closed_ledgers(said, sink):
    """What was written to each target that a sink had before, by the ledgers that were told."""
    return [int(n) for n in re.findall(rf"ledger: sink {sink}: offered=\d+ written=(\d+)", said)]


def test_nothing_is_lost_while_sinks_come_go_and_change(start, numbered_client, tmp_path):
    """Three clients send flat out. Meanwhile one sink comes and goes, one writes to another file
    each time, one changes its queue and its policy in place, and one its rotation. What each entry
    had to get to has it, once and whole; all sums hold at every look."""
    count = 5_000 if SANITIZED else 30_000
    kept = file_sink(tmp_path, "kept")
    reloaded = Reloaded(start, tmp_path, kept, file_sink(tmp_path, "moved", "moved-0.log"),
                        file_sink(tmp_path, "rotated"))
    daemon = reloaded.daemon
    clients = [numbered_client(daemon.address, i, count, batch_bytes=1000) for i in range(3)]
    for one in clients:
        one.wait_started()
    turn = 0
    while any(one.process.poll() is None for one in clients) or turn < 6:
        turn += 1  # the pipes of the clients are read at the end
        sinks = [{**kept, "batch_for": f"{turn % 2}ms", "queue": ["auto", "2MiB"][turn % 2]},
                 file_sink(tmp_path, "moved", f"moved-{turn}.log"),
                 file_sink(tmp_path, "rotated", rotate={"size": ["1MiB", "2MiB"][turn % 2], "keep": 10_000})]
        sinks += [file_sink(tmp_path, "coming")] * (turn % 2)
        said = reloaded.sinks(*sinks)
        assert "reload refused" not in said
    for one in clients:
        one.wait_done()
    daemon.wait_written(3 * count, "kept")
    assert daemon.stop(sent=3 * count) == EXIT_FINE
    Tally((tmp_path / "kept.log").read_bytes(), "line").check_complete(dict.fromkeys(range(3), count))
    for name in "moved-*.log", "rotated.log*":
        Tally(sorted_lines(*tmp_path.glob(name)), "line").check_complete(dict.fromkeys(range(3), count))
    assert "(removed)" not in daemon.said


def test_two_sinks_swap_their_files(start, client, tmp_path):
    """Each waits until the other has let go of its file; both files have every entry, in order."""
    every = file_sink(tmp_path, "every")
    one_way = every, file_sink(tmp_path, "a"), file_sink(tmp_path, "b")
    other_way = every, file_sink(tmp_path, "a", "b.log"), file_sink(tmp_path, "b", "a.log")
    reloaded = Reloaded(start, tmp_path, *one_way)
    one = client(reloaded.daemon.address)
    for turn in range(10):
        one.send(*(numbered_json(0, i) for i in range(turn * 500, turn * 500 + 500)))
        said = reloaded.sinks(*(one_way if turn % 2 else other_way))
        assert said.count("what waits is still written to the old one") == 2
    one.finish()
    reloaded.daemon.wait(lambda: sum((tmp_path / f"{x}.log").read_bytes().count(b"\n") for x in "ab") == 10_000,
                         "all lines")
    assert reloaded.daemon.stop(sent=5000) == EXIT_FINE
    for name in "ab":
        Tally((tmp_path / f"{name}.log").read_bytes(), "line").check_complete({0: 5000})
    assert "(removed)" not in reloaded.daemon.said


@pytest.mark.parametrize("text, sentences", [
    ("sinks: [\n", ["is not closed"]),
    ("", ["is empty; it needs at least"]),
    (None, ["No such file"]),
    ("memory: {cap: 32MiB}\ntimezone: local\n",
     ["memory.cap is 32MiB, was 64MiB; that needs a restart", "timezone is local, was utc; that needs a restart"]),
    ("ingest: [{name: apps, bind: 'tcp://127.0.0.1:1', max_clients: 7, fields: {a: b}}]\n",
     ["endpoint apps: bind is tcp://127.0.0.1:1, was tcp://127.0.0.1:0; that needs a restart",
      "endpoint apps: max_clients is 7, was 128; that needs a restart"]),
    ("ingest: [{name: apps, bind: 'tcp://127.0.0.1:0'}, {name: more, bind: 'tcp://127.0.0.1:1'}]\n",
     ["endpoint more: added; that needs a restart"]),
    ("ingest: [{name: apps, bind: 'tcp://127.0.0.1:0', max_entry: 256KiB}]\n",
     ["'max_entry' is 256KiB, above the largest at the start, 64KiB: that needs a restart"]),
    ("sinks: [{name: all, type: file, path: all.log}, {name: big, type: stdout, queue: 60MiB}]\n",
     ["'cap' is 64MiB, but "]),
    ("sinks: [{name: all, type: file, path: all.log}, {name: x, type: file, path: /dev/full/x}]\n",
     ["cannot append to '/dev/full/x'"]),
    ("sinks: [{name: all, type: file, path: all.log, format: '{what}'}]\n", ["{what}"]),
])
def test_what_is_wrong_changes_nothing(start, client, tmp_path, text, sentences):
    """The new configuration is broken, asks for what needs a restart or more memory than there is,
    or names what cannot be opened. All of it is told, nothing of it holds, and files are reopened
    all the same."""
    reloaded = Reloaded(start, tmp_path, file_sink(tmp_path, "all"))
    daemon, usual = reloaded.daemon, reloaded.daemon.config.read_text()
    one = client(daemon.address)
    one.send("before")
    daemon.wait_lines(1)
    daemon.log.rename(tmp_path / "old.log")
    if text and ":" in text and not text.endswith("[\n"):  # else it is all there is
        missing = [line for line in usual.splitlines(keepends=True)]
        begins = usual.index("ingest:"), usual.index("sinks:")
        text += "".join(part for part in (usual[:begins[0]], usual[begins[0]:begins[1]], usual[begins[1]:])
                        if part.split(":")[0] not in text or part == usual[:begins[0]])
        assert missing
    if text is None:
        daemon.config.unlink()
        before = reloaded.count()
        daemon.send_signal(signal.SIGHUP)
        daemon.wait(lambda: reloaded.count() > before, "a refusal")
    else:
        reloaded.text(text)
    for sentence in sentences:
        assert sentence in daemon.said
    assert "the configuration of before holds, unchanged" in daemon.said and "reloaded: " not in daemon.said
    restarts = any("; that needs a restart" in sentence for sentence in sentences)
    assert ("unchanged; ask 'logboom check' before a restart" in daemon.said) == restarts
    one.send("after")
    daemon.wait(lambda: daemon.log.exists() and daemon.log.read_bytes().endswith(b"after\n"), "the new file")
    reloaded.text(usual)
    assert "reloaded: nothing changed" in daemon.said
    assert daemon.stop(sent=2) == EXIT_FINE


def test_a_file_that_others_may_write_is_not_read_again(start, tmp_path):
    reloaded = Reloaded(start, tmp_path, file_sink(tmp_path, "all"))
    usual = reloaded.daemon.config.read_text()
    assert "others than root and the daemon's own user may write this file" in reloaded.text(usual, mode=0o646)
    assert "reloaded: nothing changed" in reloaded.text(usual, mode=0o660)


def test_what_changes_in_place_keeps_its_connection(start, client, tmp_path):
    """Format, match, policy, notices and patience of a tcp sink change, and what an endpoint adds;
    the receiver and the client see one connection each."""
    with_receiver = Receiver()
    try:
        sink = {"name": "all", **with_receiver.sink, "format": "{message}"}
        reloaded = Reloaded(start, tmp_path, sink)
        one = client(reloaded.daemon.address)
        one.send('{"level":"info","message":"one"}')
        wait_until(lambda: with_receiver.count() == 1, "the first line")
        reloaded.ingest[0]["fields"] = {"env": "prod"}
        said = reloaded.sinks({**sink, "format": "{level} {fields.env} {message}", "match": {"min_level": "error"},
                               "when_full": "drop_oldest", "notices": "off", "timeout": "5s"})
        for what in ("format", "match.min_level", "when_full", "notices", "timeout"):
            assert f"reloaded: sink all: {what} is " in said
        assert "reloaded: endpoint apps: fields is {env: prod}, was {}" in said
        assert "no sink takes everything" in said
        one.send('{"level":"info","message":"two"}', '{"level":"error","message":"three"}')
        wait_until(lambda: with_receiver.count() == 2, "the second line")
        assert with_receiver.lines() == [b"one\nerror prod three\n"]
        assert reloaded.daemon.ledger().gate["accepted"] == 1
        assert reloaded.daemon.stop(sent=3) == EXIT_FINE
    finally:
        with_receiver.end()


class Pipe:
    """A FIFO that nobody reads until `read`, and whose reader stays when the daemon comes back."""

    def __init__(self, path):
        os.mkfifo(path)
        self.path, self.fd, self.data = path, os.open(path, os.O_RDWR | os.O_NONBLOCK), bytearray()
        self.ends = False

    def read(self):
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while not self.ends:
            try:
                self.data += os.read(self.fd, 1 << 20)
            except BlockingIOError:
                threading.Event().wait(0.002)

    def end(self):
        self.ends = True
        self.thread.join()
        try:
            while chunk := os.read(self.fd, 1 << 20):
                self.data += chunk
        except BlockingIOError:
            pass
        os.close(self.fd)
        return bytes(self.data)


SMALL_QUEUE = {"queue": "512KiB", "format": "line"}
STALLED_ENTRIES = 2000  # of the 2,300 and more that this holds; the pipe has its own 64 KiB


def stalled(start, client, tmp_path, **top):
    """A daemon with a file and a FIFO that is full, and how many entries its client has sent."""
    pipe = Pipe(tmp_path / "pipe")
    sinks = file_sink(tmp_path, "all"), file_sink(tmp_path, "pipe", "pipe", **SMALL_QUEUE)
    reloaded = Reloaded(start, tmp_path, *sinks, **top)
    one = client(reloaded.daemon.address, sndhwm=10, sndbuf=65536)

    def entries(number):
        while True:
            yield numbered_json(0, number)
            number += 1

    sent, stalls = 0, False
    while not stalls:  # a client may be held back for a moment before
        sent += one.send_until_blocked(entries(sent), blocked_ms=100)
        look = reloaded.daemon.ledger().sinks["pipe"]
        stalls = look["queued"] + look["in_flight"] > STALLED_ENTRIES
    return pipe, sinks, reloaded, one, sent


def test_a_stalled_sink_is_removed(start, client, tmp_path):
    """It holds up everybody; the operator takes it out. Clients go on at once; it is drained for
    drain_timeout, and what is left is counted and told. Nobody else has lost anything."""
    pipe, sinks, reloaded, one, sent = stalled(start, client, tmp_path, **QUICK)
    said = reloaded.sinks(sinks[0])
    assert "reloaded: sink pipe: removed; what waits is still written" in said
    one.send(*(numbered_json(0, i) for i in range(sent, sent + 1000)))
    reloaded.daemon.wait_said("could not be written in time and were dropped (removed)")
    ledger = re.compile(r"ledger: sink pipe: offered=(\d+) written=(\d+) dropped=(\d+)\{removed=(\d+)\} queued=0 "
                        r"in_flight=0")
    reloaded.daemon.wait(lambda: ledger.search(reloaded.daemon.said), "its ledger")
    offered, written, dropped, removed = map(int, ledger.search(reloaded.daemon.said).groups())
    assert dropped == removed > 0 and offered == written + dropped
    told = [(loss["sink"], loss["reason"], loss["count"]) for loss in ask(reloaded.daemon, {"do": "drops"})["losses"]]
    assert told == [("pipe", "removed", removed)]
    look = ask(reloaded.daemon, {"do": "stat"})
    assert (look["leaving"]["sinks"], look["left"]["sinks"]) == (0, 1)
    assert look["left"]["dropped_by_reason"]["removed"] == removed and look["left"]["offered"] == offered
    assert re.search(r"^1 sink that was taken out by a reload is closed; ", logboom(reloaded.daemon, "stat").stdout, re.M)
    one.finish()
    reloaded.daemon.wait_written(sent + 1000)
    reloaded.sinks(sinks[0], **DRAIN)  # the stop has time
    assert reloaded.daemon.stop(sent=sent + 1000) == EXIT_FINE
    Tally((tmp_path / "all.log").read_bytes(), "line").check_complete({0: sent + 1000})
    pipe.read()
    pipe.end()


def test_more_sinks_than_can_be_drained_at_once(start, client, tmp_path):
    """130 sinks that nobody listens to are removed, each with an entry that waits; then 130 files are to be opened
    anew: that is refused, since there is room for 256 that leave."""
    dead = [{"name": f"dead{i}", "type": "unix", "address": str(tmp_path / "nobody"), "when_full": "drop_newest",
             "queue": "512KiB"} for i in range(130)]
    files = [file_sink(tmp_path, f"file{i}", queue="512KiB") for i in range(130)]
    anew = [{**sink, "mode": "0600"} for sink in files]
    reloaded = Reloaded(start, tmp_path, file_sink(tmp_path, "all"), *dead, memory={"cap": "512MiB"})
    client(reloaded.daemon.address).send(numbered_json(0, 0))
    wait_until((tmp_path / "all.log").read_bytes, "the entry")
    reloaded.sinks(file_sink(tmp_path, "all"), *files, look=False)
    said = reloaded.sinks(file_sink(tmp_path, "all"), *anew)
    assert "260 sinks would be drained at once, more than 256; try again when some are through" in said
    reloaded.sinks(file_sink(tmp_path, "all"), *files, **QUICK, look=False)  # the stop need not wait
    assert reloaded.daemon.stop(sent=1) == EXIT_LOSSES


def test_a_reload_while_a_sink_is_drained(start, client, tmp_path):
    """The stalled sink is removed, and put back while it is still being drained: the new one waits
    for its FIFO. Then somebody reads: every entry that was for one of the two comes out, in
    order."""
    pipe, sinks, reloaded, one, sent = stalled(start, client, tmp_path)
    reloaded.sinks(sinks[0])
    one.send(*(numbered_json(0, i) for i in range(sent, sent + 500)))
    reloaded.daemon.wait_written(sent + 500, "all")
    reloaded.sinks(*sinks)
    one.send(*(numbered_json(0, i) for i in range(sent + 500, sent + 1000)))
    reloaded.daemon.wait_written(sent + 1000, "all")
    assert "sink pipe: opened" not in reloaded.daemon.said
    pipe.read()
    reloaded.daemon.wait_said("is closed; all that waited is written")
    reloaded.daemon.wait_said("sink pipe: opened")
    reloaded.daemon.wait_ledger(lambda look: look.sinks["pipe"]["written"] == 500)
    one.finish()
    assert reloaded.daemon.stop(sent=sent + 1000) == EXIT_FINE
    had = closed_ledgers(reloaded.daemon.said.split("is closed; all that waited is written")[1], "pipe")[0]
    numbers = [int(n) for n in re.findall(rb"c00 (\d{9})", pipe.end())]
    assert numbers == [*range(had), *range(sent + 500, sent + 1000)]


@pytest.mark.parametrize("reads", [True, False])
def test_a_stop_while_a_sink_is_drained(start, client, tmp_path, reads):
    """SIGTERM comes while a removed sink is still being drained: if its reader reads, nothing is
    lost; else the rest is the stop's loss, and the exit status says so."""
    pipe, sinks, reloaded, one, sent = stalled(start, client, tmp_path, **({} if reads else QUICK))
    reloaded.sinks(sinks[0], **DRAIN)
    one.finish()
    reloaded.daemon.wait_written(sent, "all")
    if not reads:
        reloaded.sinks(sinks[0], drain_timeout="300ms")
    reloaded.daemon.send_signal(signal.SIGTERM)
    if reads:
        pipe.read()
    status = reloaded.daemon.wait_exit(sent=sent)
    assert status == (EXIT_FINE if reads else EXIT_LOSSES), reloaded.daemon.said
    Tally((tmp_path / "all.log").read_bytes(), "line").check_complete({0: sent})
    if not reads:
        pipe.read()
        pipe.end()
        return
    tally = Tally(pipe.end(), "line")
    tally.check_complete({0: tally.total})


def test_a_stalled_sink_starts_to_drop_in_place(start, client, tmp_path):
    """Instead of taking it out, the operator lets it drop: clients go on, its queue stays."""
    pipe, sinks, reloaded, one, sent = stalled(start, client, tmp_path)
    said = reloaded.sinks(sinks[0], {**sinks[1], "when_full": "drop_newest"})
    assert "reloaded: sink pipe: when_full is drop_newest, was block" in said
    one.send(*(numbered_json(0, i) for i in range(sent, sent + 1000)))
    one.finish()
    reloaded.daemon.wait_written(sent + 1000, "all")
    look = reloaded.daemon.ledger().sinks["pipe"]
    assert look["reasons"]["full"] > 0 and look["queued"] + look["in_flight"] > 0
    pipe.read()
    assert reloaded.daemon.stop(sent=sent + 1000) == EXIT_FINE
    Tally((tmp_path / "all.log").read_bytes(), "line").check_complete({0: sent + 1000})
    assert b"--- logboom: sink pipe dropped" in pipe.end()


def test_an_operators_word_holds_for_another_target(start, client, tmp_path):
    """Somebody has said 'drop'. Then the sink gets another file: it still drops, and says so, until somebody says
    'resume'. A sink of another name takes entries all the while."""
    reloaded = Reloaded(start, tmp_path, file_sink(tmp_path, "all"), file_sink(tmp_path, "other"))
    daemon = reloaded.daemon
    assert logboom(daemon, "sink", "all", "drop").returncode == FINE
    said = reloaded.sinks(file_sink(tmp_path, "all", "new.log"), file_sink(tmp_path, "other", "new_other.log"))
    assert said.count("is dropped (operator), as before, until 'logboom sink all resume'") == 1
    assert "sink other: what arrives is dropped" not in said
    daemon.wait_said("is closed; all that waited is written", times=2)  # each ledger has one of each name
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(10)))
    daemon.wait_ledger(lambda look: look.received == 10 and look.sinks["other"]["written"] == 10)
    assert daemon.ledger().sinks["all"]["reasons"] == {"operator": 10}
    assert [sink["drops_all"] for sink in ask(daemon, {"do": "stat"})["sinks"]] == [True, False]
    assert logboom(daemon, "sink", "all", "resume").returncode == FINE
    one.send(numbered_json(0, 10))
    one.finish()
    daemon.wait_ledger(lambda look: look.sinks["all"]["written"] == 1)
    assert daemon.stop() == EXIT_FINE


def test_two_signals_at_once(start, client, tmp_path):
    """Two SIGHUPs in one turn of the loop, a few times: the configuration holds, once or twice."""
    reloaded = Reloaded(start, tmp_path, file_sink(tmp_path, "every"), file_sink(tmp_path, "all"))
    daemon = reloaded.daemon
    one = client(daemon.address)
    for turn in range(20):
        sinks = file_sink(tmp_path, "every"), file_sink(tmp_path, "all", f"all-{turn % 3}.log")
        daemon.config.write_text(config_text(reloaded.ingest, sinks, **reloaded.top))
        daemon.send_signal(signal.SIGHUP)
        daemon.send_signal(signal.SIGHUP)
        one.send(*(numbered_json(0, i) for i in range(turn * 100, turn * 100 + 100)))
        daemon.ledger()
    one.finish()
    daemon.wait(lambda: sum(p.read_bytes().count(b"\n") for p in tmp_path.glob("all*.log")) == 2000, "all lines")
    assert daemon.stop(sent=2000) == EXIT_FINE
    Tally(sorted_lines(*tmp_path.glob("all*.log")), "line").check_complete({0: 2000})


TURNS = 60


def test_signals_that_come_during_the_start(start):
    """Whoever starts the daemon sends it signals before it is ready, which wait until then."""
    early = ("import os, signal, sys\n"
             "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGUSR1})\n"
             "os.kill(os.getpid(), signal.SIGHUP), os.kill(os.getpid(), signal.SIGUSR1)\n"
             "os.execv(sys.argv[1], sys.argv[1:])")
    daemon = start(wrapper=[sys.executable, "-c", early])
    daemon.wait_said("reloaded: nothing changed")
    daemon.send_signal(signal.SIGHUP)
    daemon.wait(lambda: daemon.said.count("reloaded: nothing changed") == 2, "the next reload")
    assert daemon.stop() == EXIT_FINE


def test_memory_stays_where_it_is_over_many_reloads(start, client, tmp_path):
    """Sinks of every kind that needs no receiver come, go, and change. After the first reloads, what
    the daemon occupies at most does not grow."""
    reloaded = Reloaded(start, tmp_path, file_sink(tmp_path, "all"), **QUICK)
    daemon, peak_bytes = reloaded.daemon, 0
    one = client(daemon.address)
    for turn in range(TURNS):
        extra = [file_sink(tmp_path, "many", f"many-{turn % 7}" + "/{app}.log"),
                 file_sink(tmp_path, "rotated", f"r{turn % 2}.log", rotate={"size": "1MiB"},
                           match={"message": f"x{turn}"}),
                 {"name": "zmq", "type": "zmq", "socket": "pub", "max_clients": 2,
                  "bind": f"ipc:///{os.path.relpath(tmp_path, '/')}/z{turn % 2}"},
                 {"name": "tcp", "type": "tcp", "address": "127.0.0.1:1", "when_full": "drop_newest"}]
        reloaded.sinks_when_there_is_room(file_sink(tmp_path, "all", batch_for=f"{turn % 9}ms"), *extra[turn % 5:],
                                          look=turn % 20 == 0)
        one.send(*(numbered_json(0, i) for i in range(turn * 20, turn * 20 + 20)))
        if turn == TURNS // 3:
            peak_bytes = daemon.peak_bytes()
    if not SANITIZED:
        assert daemon.peak_bytes() < peak_bytes + (1 << 20)
    one.finish()
    daemon.wait_written(20 * TURNS, "all")
    assert daemon.stop(sent=20 * TURNS) in (EXIT_FINE, EXIT_LOSSES)  # nobody listens to tcp
    Tally((tmp_path / "all.log").read_bytes(), "line").check_complete({0: 20 * TURNS})
