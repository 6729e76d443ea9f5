"""A sink that does not take its entries makes the clients wait; nothing is lost for it."""

import os
import select
import signal
import time

import pytest
from logboom_story import (
    EXIT_FINE,
    EXIT_LOSSES,
    PATIENCE_S,
    SANITIZED,
    FifoReader,
    Tally,
    numbered_batches,
    numbered_json,
    wait_until,
)

# The smallest queue there is, so that little traffic fills it.
SMALL = {"endpoint": {"max_entry": "4KiB"}, "memory": {"cap": "32MiB"}}
SMALL_QUEUE = {"format": "line", "queue": "384KiB"}

STOPS = 4 if SANITIZED else 16
ENOUGH = 200_000  # entries for a slow reader


def entries(client, first=0):
    number = first
    while True:
        yield numbered_json(client, number)
        number += 1


def test_a_stalled_reader_holds_clients_back_and_then_gets_everything(start, client, fifo):
    """The program behind the FIFO hangs. Queue, daemon and kernel fill up, then the clients
    wait: their sockets say so. The ledger stands still and balances. After a while somebody
    reads: the clients go on, and all entries come out, in order, none lost or torn."""
    daemon = start(sink=SMALL_QUEUE, **SMALL)
    clients = [client(daemon.address, sndhwm=10, sndbuf=65536) for _ in range(3)]
    sent = [one.send_until_blocked(entries(i)) for i, one in enumerate(clients)]
    look = daemon.ledger()
    assert look.sink["queued"] + look.sink["in_flight"] > 1000
    assert look.endpoint["accepted"] < sum(sent)
    assert daemon.ledger().sink["written"] == look.sink["written"]
    fifo.begin()
    for i, one in enumerate(clients):
        one.send(*(numbered_json(i, number) for number in range(sent[i], sent[i] + 1000)))
        one.finish()
    total = sum(sent) + 3000
    daemon.wait_written(total)
    assert daemon.stop(sent=total) == EXIT_FINE
    Tally(fifo.end(), "line").check_complete({i: sent[i] + 1000 for i in range(3)})


def test_a_stall_is_told_and_its_end_too(start, client, fifo):
    """Nobody reads the FIFO. A second later the log names the full sink, says why, and counts
    the clients that wait; when somebody reads, it says that entries are received again."""
    daemon = start(sink=SMALL_QUEUE, **SMALL)
    one = client(daemon.address, sndhwm=10, sndbuf=65536)
    sent = one.send_until_blocked(entries(0))
    daemon.wait_said("sink all: full for 1.")
    assert "(its reader does not read); nothing more is received, 1 client is waiting" in daemon.said
    assert "receiving again" not in daemon.said
    fifo.begin()
    daemon.wait_said("receiving again after ")
    daemon.wait_written(sent)
    assert daemon.stop() == EXIT_FINE


def test_without_the_gate_nobody_counts_the_clients_that_wait(start, client, fifo):
    """The stall is told all the same, without a number that would be wrong."""
    daemon = start(sink=SMALL_QUEUE, endpoint={"max_entry": "4KiB"}, memory={"cap": "32MiB", "gate": "off"})
    client(daemon.address, sndhwm=10, sndbuf=65536).send_until_blocked(entries(0))
    daemon.wait_said("sink all: full for 1.")
    assert "nothing more is received\n" in daemon.said
    fifo.begin()
    assert daemon.stop() == EXIT_FINE


def test_a_slow_reader_is_no_stall(start, numbered_client, fifo):
    """Somebody reads the FIFO all the time, but slower than the client sends: the queue is full
    and the client waits, for longer than it takes to call it a stall. Entries flow, so nobody
    is warned; and when the client is done, everything has come out."""
    daemon = start(sink=SMALL_QUEUE, **SMALL)
    fifo.chunk_bytes, fifo.pause_s = 16 * 1024, 0.004
    fifo.begin()
    one = numbered_client(daemon.address, 0, ENOUGH, batch_bytes=64_000)
    full = daemon.wait_ledger(lambda look: look.sink["queued"] > 1000)
    full_since = time.monotonic()
    wait_until(lambda: time.monotonic() > full_since + 2.2, "twice the time of a stall")
    later = daemon.ledger()
    assert later.sink["queued"] > 1000
    assert full.endpoint["received"] + 2000 < later.endpoint["received"] < ENOUGH
    fifo.hurry()
    one.wait_done()
    assert daemon.stop(sent=ENOUGH) == EXIT_FINE
    Tally(fifo.end(), "line").check_complete({0: ENOUGH})
    assert "sink all: full" not in daemon.said
    assert "receiving again" not in daemon.said


def test_a_stalled_daemon_that_is_stopped_does_not_claim_to_receive_again(start, client, fifo):
    """The stall was told, and then the stop ends it: nothing was received again."""
    daemon = start(sink=SMALL_QUEUE, drain_timeout="500ms", **SMALL)
    one = client(daemon.address, sndhwm=10, sndbuf=65536)
    one.send_until_blocked(entries(0))
    daemon.wait_said("sink all: full for 1.")
    assert daemon.stop() == EXIT_LOSSES
    assert "receiving again" not in daemon.said
    assert daemon.said.count("sink all: full for") == 1


def test_a_parked_batch_goes_on_from_the_right_entry(start, client, fifo):
    """NDJSON messages of 200 KiB do not fit the queue whole: the daemon parks in the middle of
    one. When the reader comes, no entry of it is repeated or left out. A second endpoint
    parks its own message meanwhile."""
    daemon = start(
        ingest=[{"name": name, "bind": address, "max_entry": "4KiB", "max_clients": 8}
                for name, address in (("a", "tcp://127.0.0.1:0"), ("b", "tcp://localhost:0"))],
        sink=SMALL_QUEUE, memory={"cap": "32MiB"})
    first, second = (client(address) for address in daemon.addresses)
    first.send(*numbered_batches(0, 8000, 200_000))
    daemon.wait_ledger(lambda look: 0 < look.endpoints["a"]["accepted"] < 8000
                       and look.sink["queued"] > 1000, "parked")
    second.send(*numbered_batches(1, 8000, 200_000))
    stalled = daemon.wait_ledger(lambda look: look.endpoints["b"]["messages"] == 1, "parked too")
    assert stalled.endpoints["a"]["accepted"] + stalled.endpoints["b"]["accepted"] < 16_000
    fifo.begin()
    daemon.wait_written(16_000)
    assert daemon.stop() == EXIT_FINE
    Tally(fifo.end(), "line").check_complete({0: 8000, 1: 8000})


def test_a_stalled_sink_holds_the_other_sink_to_the_same_entries(start, client, fifo, tmp_path):
    """`block` means for all: while the FIFO is stalled the file beside it gets no entry that the
    FIFO's queue has no room for; afterwards both are complete."""
    daemon = start(sinks=[{"name": "all", "type": "file", "path": f"{tmp_path}/all.log", **SMALL_QUEUE},
                          {"name": "disk", "type": "file", "path": f"{tmp_path}/disk.log",
                           **SMALL_QUEUE}], **SMALL)
    one = client(daemon.address, sndhwm=10)
    sent = one.send_until_blocked(entries(0))
    stalled = daemon.wait_ledger(lambda look: look.sinks["disk"]["written"] ==
                                 look.sinks["disk"]["offered"], "the disk has its part")
    assert stalled.sinks["disk"]["written"] < sent
    fifo.begin()
    daemon.wait_written(sent)
    assert daemon.stop() == EXIT_FINE
    Tally(fifo.end(), "line").check_complete({0: sent})
    Tally((tmp_path / "disk.log").read_bytes(), "line").check_complete({0: sent})


def test_stop_while_the_sink_is_stalled_admits_the_losses(start, client, fifo):
    """The reader never comes back and the daemon is stopped: it tries for drain_timeout, then
    says what is lost, queued entries at the sink and the parked batch at its endpoint, by the
    reason `shutdown`, and exits with 75. What the pipe holds is whole lines but the last."""
    daemon = start(sink=SMALL_QUEUE, drain_timeout="1s", **SMALL)
    one = client(daemon.address)
    one.send(*numbered_batches(0, 8000, 200_000))
    daemon.wait_ledger(lambda look: look.sink["queued"] > 1000, "stalled")
    began = time.monotonic()
    assert daemon.stop() == EXIT_LOSSES
    assert time.monotonic() - began < 1 + PATIENCE_S / 10
    final = daemon.final
    assert final.sink["dropped"] == final.sink["reasons"]["shutdown"] > 0
    assert final.endpoint["refused"] == final.endpoint["reasons"]["shutdown"] > 0
    assert final.sink["queued"] == final.sink["in_flight"] == 0
    assert f"sink all: dropped {final.sink['dropped']} entries (shutdown)" in daemon.said
    fifo.begin()
    data = fifo.end()
    whole = data[: data.rindex(b"\n") + 1]
    Tally(whole, "line").check_complete({0: final.sink["written"]})


def test_a_fifo_without_a_reader_is_no_reason_not_to_start(start, client, tmp_path):
    """At boot the program behind the FIFO is not up yet. The daemon starts, says that nobody
    reads, takes entries, and writes them when the reader comes; it says that, too, once."""
    os.mkfifo(tmp_path / "all.log")
    daemon = start(sink={"format": "line"})
    assert "sink all: nobody reads the FIFO" in daemon.said
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(500)))
    daemon.wait_ledger(lambda look: look.sink["queued"] == 500, "queued")
    reader = FifoReader(tmp_path / "all.log")
    reader.begin()
    daemon.wait_written(500)
    assert daemon.stop() == EXIT_FINE
    Tally(reader.end(), "line").check_complete({0: 500})
    assert daemon.said.count("nobody reads the FIFO") == 1
    assert daemon.said.count("sink all: writing again") == 1


def test_a_reader_that_leaves_and_another_that_comes(start, client, tmp_path):
    """The reader is restarted. What is sent meanwhile waits; the new reader begins with a whole
    line and misses nothing that was not in the pipe of the old one."""
    os.mkfifo(tmp_path / "all.log")
    first = FifoReader(tmp_path / "all.log")
    daemon = start(sink={"format": "line"})
    one = client(daemon.address)
    one.send(numbered_json(0, 0))
    daemon.wait_written(1)
    assert select.select([first.fd], [], [], PATIENCE_S)[0]
    assert Tally(os.read(first.fd, 65536), "line").numbers[0] == [0]
    first.close()
    one.send(*(numbered_json(0, i) for i in range(1, 3000)))
    daemon.wait_said("sink all: cannot write to")
    assert "Broken pipe" in daemon.said
    daemon.wait_ledger(lambda look: look.endpoint["received"] == 3000)
    second = FifoReader(tmp_path / "all.log")
    second.begin()
    daemon.wait_written(3000)
    assert daemon.stop() == EXIT_FINE
    tally = Tally(second.end(), "line")
    assert tally.torn == 0
    assert tally.numbers[0] == list(range(1, 3000))


def test_a_reader_that_comes_during_the_stop_gets_everything(start, client, tmp_path):
    """Nobody reads the FIFO: the queue is full, one entry is parked, and hundreds more wait in
    ZeroMQ when the stop comes. Then a reader comes after all. Whatever the moment, all of it
    goes out, and only then is the daemon done. Many daemons, since each meets another moment."""
    count, daemons, readers = 3500, [], []
    for i in range(STOPS):
        (tmp_path / str(i)).mkdir()
        os.mkfifo(tmp_path / str(i) / "all.log")
        daemons.append(start(str(i), sink=SMALL_QUEUE, **SMALL))
        client(daemons[i].address, sndhwm=count).send(*(numbered_json(i, n) for n in range(count)))
    for one in daemons:
        look = one.wait_ledger(lambda look: look.sink["queued"] > 1000 and
                               look.endpoint["messages"] > look.endpoint["received"], "parked")
        assert look.endpoint["received"] < count - 100
        one.send_signal(signal.SIGTERM)
    for one in daemons:
        one.wait_said("stopping: ")
        readers.append(FifoReader(one.log).begin())
    for i, (one, reader) in enumerate(zip(daemons, readers)):
        assert one.wait_exit(sent=count) == EXIT_FINE
        Tally(reader.end(), "line").check_complete({i: count})


def test_a_stop_tries_a_sink_at_once_that_had_long_to_wait(start, client, tmp_path):
    """Nobody has read the FIFO for so long that it is tried once in a while only. A reader comes,
    and right then the stop, with less time than is left to wait: the entries are written."""
    os.mkfifo(tmp_path / "all.log")
    daemon = start(sink={"format": "line"}, drain_timeout="1200ms")
    down_since = time.monotonic()
    client(daemon.address).send(*(numbered_json(0, i) for i in range(10)))
    daemon.wait_ledger(lambda look: look.sink["queued"] == 10)
    # it tries after 0.1, 0.3, 0.7, 1.5 and 3.1 s
    wait_until(lambda: time.monotonic() > down_since + 1.7, "the long pause")
    assert "writing again" not in daemon.said
    reader = FifoReader(tmp_path / "all.log").begin()
    assert daemon.stop(sent=10) == EXIT_FINE
    Tally(reader.end(), "line").check_complete({0: 10})


def test_stop_while_nobody_reads_the_fifo(start, client, tmp_path):
    """No reader ever comes: status 75, and each entry is counted as lost."""
    os.mkfifo(tmp_path / "all.log")
    daemon = start(drain_timeout="500ms")
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(10)))
    daemon.wait_ledger(lambda look: look.sink["queued"] == 10)
    assert daemon.stop() == EXIT_LOSSES
    assert daemon.final.sink["reasons"] == {"shutdown": 10}


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_a_client_that_leaves_while_the_sink_is_stalled(start, client, fifo, tmp_path, transport):
    """Its queue is full, so the daemon does not read. A short-lived program sends its
    entries, hands them over, and is gone before anybody reads on: all of them arrive."""
    address = {"tcp": "tcp://127.0.0.1:0", "ipc": f"ipc://{tmp_path}/in.sock"}[transport]
    daemon = start(endpoint={"max_entry": "4KiB", "bind": address}, sink=SMALL_QUEUE,
                   memory={"cap": "32MiB"})
    stayer = client(daemon.address, sndhwm=10, sndbuf=65536)
    sent = stayer.send_until_blocked(entries(0))
    count = 5000 if transport == "tcp" else 1100  # what kernel and daemon hold for it
    leaver = client(daemon.address, sndbuf=4 << 20)
    leaver.send(*(numbered_json(1, i) for i in range(count)))
    leaver.finish()
    fifo.begin()
    daemon.wait_written(sent + count, patience_s=PATIENCE_S / 10)
    assert daemon.stop() == EXIT_FINE
    Tally(fifo.end(), "line").check_complete({0: sent, 1: count})
