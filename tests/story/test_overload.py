"""A sink is full and its policy is not to let the clients wait: what is dropped is counted, told
in the output where it is missing, and hurts nobody else."""

import os
import re
import select
import signal

import pytest
import zmq
from logboom_story import (
    EXIT_CONFIGURATION,
    EXIT_FINE,
    EXIT_LOSSES,
    PATIENCE_S,
    FifoReader,
    Output,
    Tally,
    config_text,
    numbered_json,
    numbered_text,
    run_logboomd,
)

# The smallest queue there is, so that little traffic fills it.
SMALL = {"endpoint": {"max_entry": "4KiB"}, "memory": {"cap": "32MiB"}}
SMALL_QUEUE = {"queue": "384KiB"}
DROPPING = ("drop_newest", "drop_oldest")
MANY = 20_000  # entries, several times what queue, daemon and pipe hold


def send_many(one, first=0, count=MANY, client=0):
    """NDJSON, so that it is quick; the daemon takes every message, whatever the sink does."""
    batch = [numbered_json(client, number) for number in range(first, first + count)]
    for at in range(0, count, 100):
        one.send(b"\n".join(batch[at : at + 100]))


def wait_received(daemon, count):
    return daemon.wait_ledger(lambda look: look.received == count, f"{count} received")


@pytest.mark.parametrize("policy", DROPPING)
@pytest.mark.parametrize("format", ["text", "line", "json", "raw"])
def test_a_sink_that_drops_tells_each_gap_where_it_is(start, client, fifo, policy, format):
    """Nobody reads the FIFO while far more is sent than its queue holds. Nobody waits. Then it is
    read, more is sent, and the daemon stops: the sender's count less the lines that came out is
    what the ledger says was dropped and what the notices told, to the entry; and the status is
    0, since the stop lost nothing."""
    daemon = start(sink={"format": format, "when_full": policy, "notices": "on", **SMALL_QUEUE}, **SMALL)
    one = client(daemon.address)
    send_many(one)
    full = wait_received(daemon, MANY).sink
    assert full["dropped"] == full["reasons"]["full"] > MANY / 4
    fifo.begin()
    daemon.wait_ledger(lambda look: look.sink["queued"] + look.sink["in_flight"] == 0, "read")
    send_many(one, first=MANY, count=100)
    wait_received(daemon, MANY + 100)
    assert daemon.stop() == EXIT_FINE
    output = Output(fifo.end(), format)
    tally = output.check_nothing_untold({0: MANY + 100}, daemon.final.sink)
    assert output.notices[0].sink == "all"
    assert set(range(MANY, MANY + 100)) <= set(tally.numbers[0])
    if policy == "drop_newest":
        assert tally.numbers[0][:1000] == list(range(1000))  # what came first is kept
        assert output.notices[0].app == "client00"
    else:
        kept = [number for number in tally.numbers[0] if number < MANY]
        assert kept[-1000:] == list(range(MANY - 1000, MANY))  # what came last is kept


@pytest.mark.parametrize("policy", DROPPING)
def test_drops_again_and_again(start, client, fifo, policy):
    """The reader reads a little, now and then, while the client never pauses: gap after gap, and
    in the end the sums agree to the entry."""
    daemon = start(sink={"format": "line", "when_full": policy, **SMALL_QUEUE}, **SMALL)
    fifo.chunk_bytes, fifo.pause_s = 64 * 1024, 0.005
    fifo.begin()
    one = client(daemon.address)
    for burst in range(10):
        send_many(one, first=burst * MANY, count=MANY)
        wait_received(daemon, (burst + 1) * MANY)
    fifo.hurry()
    assert daemon.stop(sent=10 * MANY) == EXIT_FINE
    output = Output(fifo.end(), "line")
    output.check_nothing_untold({0: 10 * MANY}, daemon.final.sink)
    assert len(output.notices) > 2
    assert daemon.said.count("sink all: full (") == daemon.said.count("sink all: dropped ") > 0


@pytest.mark.parametrize("policy", DROPPING)
def test_a_stalled_sink_that_drops_hurts_no_other(start, client, fifo, tmp_path, policy):
    """Three sinks, of which one stalls: the other two get everything, and nobody waits."""
    sinks = [{"name": "all", "type": "file", "path": f"{tmp_path}/all.log", "format": "line",
              "when_full": policy, **SMALL_QUEUE},
             *({"name": name, "type": "file", "path": f"{tmp_path}/{name}.log", "format": "line"}
               for name in ("one", "two"))]
    daemon = start(sinks=sinks, **SMALL)
    send_many(client(daemon.address))
    wait_received(daemon, MANY)
    for name in ("one", "two"):
        daemon.wait_written(MANY, sink=name)
    fifo.begin()
    assert daemon.stop(sent=MANY) == EXIT_FINE
    for name in ("one", "two"):
        Tally((tmp_path / f"{name}.log").read_bytes(), "line").check_complete({0: MANY})
    Output(fifo.end(), "line").check_nothing_untold({0: MANY}, daemon.final.sinks["all"])
    assert "nothing more is received" not in daemon.said


def test_the_end_of_an_overload_is_told_without_another_entry(start, client, fifo):
    """The burst is over, and no entry follows it: the notice comes all the same, once the reader
    has caught up."""
    daemon = start(sink={"format": "line", "when_full": "drop_newest", **SMALL_QUEUE}, **SMALL)
    send_many(client(daemon.address))
    dropped = wait_received(daemon, MANY).sink["dropped"]
    fifo.begin()
    look = daemon.wait_ledger(lambda look: look.sink["notices"] == 1, "the notice")
    assert look.sink["written"] == MANY - dropped
    daemon.wait(lambda: bytes(fifo.data).endswith(b"\n") and b"--- logboom" in fifo.data, "it is out")
    assert Output(bytes(fifo.data), "line").told == {"full": dropped}
    assert daemon.stop() == EXIT_FINE


def test_a_stop_while_nobody_reads_admits_what_it_lost_and_what_was_dropped_before(start, client, fifo):
    """Nobody reads until the stop has given up: status 75, both reasons apart in ledger and log.
    What came out is a first part; the notices had no room."""
    daemon = start(sink={"format": "line", "when_full": "drop_newest", **SMALL_QUEUE},
                   drain_timeout="500ms", **SMALL)
    send_many(client(daemon.address))
    wait_received(daemon, MANY)
    assert daemon.stop() == EXIT_LOSSES
    final = daemon.final.sink
    assert final["reasons"]["full"] > 0 and final["reasons"]["shutdown"] > 0
    assert final["written"] + final["dropped"] == MANY
    assert f"sink all: dropped {final['reasons']['full']} entries (full)" in daemon.said
    assert f"sink all: dropped {final['reasons']['shutdown']} entries (shutdown)" in daemon.said
    data = fifo.begin().end()
    whole = data[: data.rindex(b"\n") + 1]
    assert Output(whole, "line").entries == whole
    Tally(whole, "line").check_complete({0: final["written"]})


def test_a_disk_that_was_full_until_the_stop_tells_what_is_missing(start, client, tmp_path, shim):
    """Every write fails, as on a full disk, until the daemon has given up; then there is room
    for a few words more, and they tell what is missing. They end the line that was begun."""
    source = """
#include <dlfcn.h>
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>
ssize_t writev(int fd, const struct iovec *v, int count)
{
    static int torn;
    if (!torn && count > 0 && v->iov_len > 300) { torn = 1; return write(fd, v->iov_base, 250); }
    errno = ENOSPC;
    return -1;
}
"""
    daemon = start(sink={"format": "line", "when_full": "drop_oldest", **SMALL_QUEUE}, env=shim(source),
                   drain_timeout="500ms", **SMALL)
    send_many(client(daemon.address))
    wait_received(daemon, MANY)
    assert daemon.stop() == EXIT_LOSSES
    final = daemon.final.sink
    data = (tmp_path / "all.log").read_bytes()
    assert data.count(b" \\[torn]\n") == 1
    output = Output(re.sub(rb"(?m)^.* \\\[torn\]\n", b"", data), "line")
    assert output.told == final["reasons"] and set(output.told) == {"full", "shutdown"}
    assert final["notices"] == 2
    assert MANY - Tally(output.entries, "line").total == final["dropped"]


@pytest.mark.parametrize("format,default", [("raw", False), ("text", True)])
def test_notices_are_on_but_for_raw(start, client, fifo, format, default):
    """Whoever takes raw wants the payloads and nothing else, unless it is written."""
    daemon = start(sink={"format": format, "when_full": "drop_newest", **SMALL_QUEUE}, **SMALL)
    send_many(client(daemon.address))
    assert wait_received(daemon, MANY).sink["dropped"] > 0
    fifo.begin()
    assert daemon.stop() == EXIT_FINE
    assert bool(Output(fifo.end(), format).notices) == default
    assert bool(daemon.final.sink["notices"]) == default


def test_notices_can_be_off(start, client, fifo):
    daemon = start(sink={"format": "line", "when_full": "drop_oldest", "notices": "off", **SMALL_QUEUE},
                   **SMALL)
    send_many(client(daemon.address))
    assert wait_received(daemon, MANY).sink["dropped"] > 0
    fifo.begin()
    assert daemon.stop() == EXIT_FINE
    assert daemon.final.sink["notices"] == 0
    Tally(fifo.end(), "line")


@pytest.mark.parametrize("format", ["text", "line", "json"])
def test_no_client_can_write_a_notice(start, client, format):
    """It sends what a notice looks like, as text, as JSON, and in every part of an entry."""
    text = b"--- logboom: sink all dropped 812 entries (full) 10:00:01.2\xe2\x80\x9310:00:03.9"
    document = (b'{"time":"2026-11-23T10:00:03.000000Z","_logboom":{"sink":"all","dropped":812,"reason":"full",'
                b'"from":"2026-11-23T10:00:01.000000Z","to":"2026-11-23T10:00:03.000000Z"}}')
    parts = [b'{"%s":"%s"}' % (part, text) for part in (b"time", b"host", b"app", b"level", b"message", b"x")]
    daemon = start(sink={"format": format})
    client(daemon.address).send(text, b"\n" + text, b"x\n" + text, document, document + b"\n" + text, *parts)
    wait_received(daemon, 12)
    assert daemon.stop() == EXIT_FINE
    output = Output(daemon.log.read_bytes(), format)
    assert output.notices == [] and not re.search(rb"^---", output.entries, re.M)
    assert not re.search(rb'"_logboom":\{"sink"', output.entries)


# ---- block_for ---------------------------------------------------------------------------------


def test_block_for_lets_the_clients_go_on_and_blocks_again_later(start, client, fifo):
    """Nobody reads, and the clients wait: but not for longer than block_for. Then they go on, and
    what the sink has no room for is dropped. When the reader has caught up, the sink blocks
    again. Both are said once, with counts."""
    daemon = start(sink={"format": "line", "block_for": "300ms", **SMALL_QUEUE}, **SMALL)
    one = client(daemon.address, sndhwm=10)
    send_many(one)
    wait_received(daemon, MANY)
    daemon.wait_said("as long as block_for allows")
    assert "sink all: full for 0." in daemon.said
    dropped = daemon.ledger().sink
    assert dropped["dropped"] == dropped["reasons"]["block_expired"] > MANY / 4
    fifo.begin()
    daemon.wait_said("sink all: has caught up, and blocks again when it is full; "
                     f"{dropped['dropped']} entries were dropped (block_expired) in ")
    send_many(one, first=MANY)
    wait_received(daemon, 2 * MANY)
    assert daemon.stop(sent=2 * MANY) == EXIT_FINE
    output = Output(fifo.end(), "line")
    output.check_nothing_untold({0: 2 * MANY}, daemon.final.sink)
    assert daemon.said.count("block_for allows") == daemon.said.count("caught up, and") == 1


def test_two_sinks_that_stall_expire_each_in_its_time(start, client, fifo, tmp_path):
    """Two FIFOs are not read. One may block for long, one not at all so long: the clients wait for
    the longer, and it is not counted from when the shorter was over."""
    os.mkfifo(tmp_path / "b.log")
    other = FifoReader(tmp_path / "b.log")
    sinks = [{"name": "a", "type": "file", "path": f"{tmp_path}/all.log", "format": "line",
              "block_for": "200ms", **SMALL_QUEUE},
             {"name": "b", "type": "file", "path": f"{tmp_path}/b.log", "format": "line",
              "block_for": "1s", **SMALL_QUEUE}]
    daemon = start(sinks=sinks, **SMALL)
    send_many(client(daemon.address))
    wait_received(daemon, MANY)
    waits = {name: float(re.search(rf"sink {name}: full for (\d+\.\d) s .*block_for", daemon.said)[1])
             for name in ("a", "b")}
    assert waits["a"] < 1 <= waits["b"]
    fifo.begin(), other.begin()
    assert daemon.stop() == EXIT_FINE
    for name, reader in (("a", fifo), ("b", other)):
        Output(reader.end(), "line").check_nothing_untold({0: MANY}, daemon.final.sinks[name])


def test_a_slow_reader_never_makes_block_for_expire(start, numbered_client, fifo):
    """The queue is full most of the time, but entries flow: nothing is dropped."""
    daemon = start(sink={"format": "line", "block_for": "1s", **SMALL_QUEUE}, **SMALL)
    fifo.chunk_bytes, fifo.pause_s = 16 * 1024, 0.004
    fifo.begin()
    one = numbered_client(daemon.address, 0, 60_000, batch_bytes=64_000)
    daemon.wait_ledger(lambda look: look.received > 30_000, "half of it")
    fifo.hurry()
    one.wait_done()
    assert daemon.stop(sent=60_000) == EXIT_FINE
    Tally(fifo.end(), "line").check_complete({0: 60_000})


# ---- sub -----------------------------------------------------------------------------------------


class Publisher:
    """A PUB socket; it sends once the daemon has subscribed."""

    def __init__(self, address=None):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.XPUB)
        self.socket.sndhwm = 0
        if address:
            self.socket.connect(address)
        else:
            self.port = self.socket.bind_to_random_port("tcp://127.0.0.1")

    def wait_subscribed(self):
        assert self.socket.poll(PATIENCE_S * 1000)
        assert self.socket.recv() == b"\x01"
        return self

    def send(self, *messages):
        for message in messages:
            self.socket.send_multipart([b"topic", message])

    def close(self):
        self.context.destroy(linger=0)


@pytest.fixture
def publisher():
    made = []

    def make(address=None):
        made.append(Publisher(address))
        return made[-1]

    yield make
    for one in made:
        one.close()


def batches(client, count, first=0):
    lines = [numbered_json(client, number) for number in range(first, first + count)]
    return [b"\n".join(lines[at : at + 100]) for at in range(0, count, 100)]


@pytest.mark.parametrize("how", ["bind", "connect"])
def test_publishers_are_received(start, publisher, how):
    """A `sub` endpoint takes all topics, whether it binds or connects."""
    one = publisher() if how == "connect" else None
    address = f"tcp://127.0.0.1:{one.port}" if one else "tcp://127.0.0.1:0"
    daemon = start(ingest=[{"name": "pubs", "socket": "sub", how: address}], sink={"format": "{topic} {message}"})
    one = one or publisher(daemon.address)
    one.wait_subscribed()
    one.send(numbered_text(0, 0))
    one.socket.send_multipart([b"", numbered_text(0, 1)])
    wait_received(daemon, 2)
    assert daemon.stop() == EXIT_FINE
    assert daemon.lines() == [b"topic " + numbered_text(0, 0), b"- " + numbered_text(0, 1)]


def test_publishers_are_received_while_all_others_wait(start, client, publisher, fifo, tmp_path):
    """A sink that blocks is full, and the pushing client waits. Publishers cannot: what they send
    goes on to the sink beside it, and is dropped at the full one as `sub_full`. When it is read,
    the client goes on and loses nothing."""
    sinks = [{"name": "all", "type": "file", "path": f"{tmp_path}/all.log", "format": "line", **SMALL_QUEUE},
             {"name": "disk", "type": "file", "path": f"{tmp_path}/disk.log", "format": "line"}]
    daemon = start(ingest=[{"name": "apps", "bind": "tcp://127.0.0.1:0", "max_entry": "4KiB"},
                           {"name": "pubs", "socket": "sub", "bind": "tcp://localhost:0", "max_entry": "4KiB"}],
                   sinks=sinks)
    one, pub = client(daemon.addresses[0], sndhwm=10), publisher(daemon.addresses[1]).wait_subscribed()
    sent = one.send_until_blocked((numbered_json(0, number) for number in range(1 << 30)))
    daemon.wait_said("nothing more is received but from publishers")
    stalled = daemon.ledger()
    pub.send(*batches(1, MANY))
    look = daemon.wait_ledger(lambda look: look.endpoints["pubs"]["received"] == MANY, "published")
    assert look.endpoints["apps"]["received"] == stalled.endpoints["apps"]["received"] < sent
    daemon.wait_ledger(lambda look: look.sinks["disk"]["written"] == look.sinks["disk"]["offered"])
    sub_full = daemon.ledger().sinks["all"]["reasons"]["sub_full"]
    assert MANY - 100 < sub_full <= MANY  # a few may have found a gap that was too small for the other
    assert "receiving again" not in daemon.said
    assert "what publishers send is dropped, since they cannot wait" in daemon.said
    fifo.begin()
    daemon.wait_ledger(lambda look: look.endpoints["apps"]["received"] == sent, "the client goes on")
    assert daemon.stop() == EXIT_FINE
    output = Output(fifo.end(), "line")
    tally = output.check_nothing_untold({0: sent, 1: MANY}, daemon.final.sinks["all"])
    assert tally.faults(0, sent) == {}
    assert output.told == {"sub_full": sub_full} and output.notices[0].app == "client01"
    Tally((tmp_path / "disk.log").read_bytes(), "line").check_complete({0: sent, 1: MANY})


# ---- the stop, and the configuration -------------------------------------------------------------


@pytest.mark.parametrize("policy", DROPPING)
def test_sigterm_in_the_middle_of_drops(start, client, fifo, policy):
    """The client sends as fast as it can, the reader reads slowly, and the stop comes. All that
    was received is written or told, and the sums agree."""
    daemon = start(sink={"format": "line", "when_full": policy, **SMALL_QUEUE}, **SMALL)
    fifo.chunk_bytes, fifo.pause_s = 16 * 1024, 0.01
    fifo.begin()
    one = client(daemon.address)
    send_many(one)
    daemon.wait_ledger(lambda look: look.sink["dropped"] > 1000, "drops")
    send_many(one, first=MANY, count=3 * MANY)
    daemon.send_signal(signal.SIGTERM)
    daemon.wait_said("stopping: ")
    fifo.hurry()
    assert daemon.wait_exit() == EXIT_FINE
    Output(fifo.end(), "line").check_nothing_untold({0: daemon.final.received}, daemon.final.sink)


@pytest.mark.parametrize("policy", DROPPING)
def test_another_reader_gets_each_notice_whole_and_once(start, client, tmp_path, policy):
    """Readers come and go in the middle of lines, while the sink drops. Each begins with a whole
    line; what the notices told is what was dropped, but for what was in the pipe of a reader
    that left."""
    os.mkfifo(tmp_path / "all.log")
    daemon = start(sink={"format": "line", "when_full": policy, **SMALL_QUEUE}, **SMALL)
    one, seen = client(daemon.address), b""
    for number in range(6):
        reader = FifoReader(tmp_path / "all.log")
        send_many(one, first=number * MANY // 2, count=MANY // 2)
        wait_received(daemon, (number + 1) * MANY // 2)
        assert select.select([reader.fd], [], [], PATIENCE_S)[0]
        data = os.read(reader.fd, 100_001)
        assert re.match(rb"\[|--- logboom", data)
        seen += data[: data.rindex(b"\n") + 1]
        reader.close()
        daemon.wait_said("sink all: cannot write to", times=number + 1)
    last = FifoReader(tmp_path / "all.log").begin()
    assert daemon.stop() == EXIT_FINE
    output = Output(seen + last.end(), "line")
    final = daemon.final.sink
    assert Tally(output.entries, "line").torn == 0
    assert sum(output.told.values()) <= final["dropped"]
    assert len(output.notices) <= final["notices"]


def test_check_warns_where_publishers_may_lose_entries(tmp_path):
    """`sub` and a sink that blocks do not go together; it is a warning, and no more."""
    config = tmp_path / "logboom.yaml"
    ingest = [{"name": "pubs", "socket": "sub", "bind": "tcp://127.0.0.1:0"}]
    sink = {"name": "all", "type": "file", "path": f"{tmp_path}/all.log"}
    config.write_text(config_text(ingest, [sink]))
    told = run_logboomd("--check", "--config", config)
    assert told.returncode == EXIT_FINE and told.stdout == f"{config} is fine\n"
    assert f"{config}:2:" in told.stderr and "warning: 'pubs' is a sub socket" in told.stderr
    assert "sink 'all'" in told.stderr and told.stderr.count("warning: ") == 1
    config.write_text(config_text(ingest, [{**sink, "when_full": "drop_oldest"}]))
    told = run_logboomd("--check", "--config", config)
    assert (told.returncode, told.stderr) == (EXIT_FINE, "")


def test_block_for_is_for_sinks_that_block(tmp_path):
    config = tmp_path / "logboom.yaml"
    sink = {"name": "all", "type": "stdout", "when_full": "drop_oldest", "block_for": "30s"}
    config.write_text(config_text([{"name": "apps", "bind": "tcp://127.0.0.1:0"}], [sink]))
    told = run_logboomd("--check", "--config", config)
    assert told.returncode == EXIT_CONFIGURATION
    assert "'block_for' is only for sinks with when_full: block" in told.stderr
