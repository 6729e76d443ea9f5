"""Entries go over a connection, and the connection does not last."""

import json
import re

import pytest
from logboom_story import (
    EXIT_FINE,
    EXIT_LOSSES,
    PATIENCE_S,
    SANITIZED,
    Output,
    Tally,
    config_text,
    numbered_batches,
    numbered_json,
    run_logboomd,
    wait_until,
)
from receivers import Arrived, frames_of, free_port, random_breaks, wait_listening

BREAKS = 15 if SANITIZED else 60

# Little traffic fills the queue.
SMALL = {"endpoint": {"max_entry": "4KiB"}, "memory": {"cap": "32MiB"}}
SMALL_QUEUE = {"format": "line", "queue": "384KiB"}


def central(receiver, **more):
    return {"name": "central", "format": "line", **receiver.sink, **more}


@pytest.mark.parametrize("framing", ["lines", "octet-counted", "nul"])
@pytest.mark.parametrize("way", ["tcp", "tcp6", "unix"])
def test_all_entries_arrive_in_order_each_in_its_frame(start, client, receiver, tmp_path, way, framing):
    """Two programs send, and somebody reads at the other end of a connection: it gets each entry
    once, whole, in its frame and in order, and the ledger says that all are written."""
    address = {"tcp": None, "tcp6": ("::1", 0), "unix": f"{tmp_path}/logs.sock"}[way]
    reader = receiver(address, framing=framing)
    daemon = start(sinks=[central(reader)])
    assert daemon.targets == [reader.sink["address"]]
    for i in range(2):
        client(daemon.address).send(*numbered_batches(i, 5000, 20_000))
    daemon.wait_written(10_000)
    assert daemon.stop(sent=10_000) == EXIT_FINE
    wait_until(lambda: reader.count() == 10_000, "all of it")
    assert len(reader.connections) == 1
    assert frames_of(reader.connections[0], framing)[1] == b""
    Tally(reader.lines()[0], "line").check_complete({0: 5000, 1: 5000})
    assert "resent" not in daemon.final.sink


def test_two_sinks_of_socket_files_that_answer_at_once(start, client, receiver, tmp_path):
    """Both are connected before the start is over: they are two, and each gets everything."""
    readers = [receiver(f"{tmp_path}/{name}.sock") for name in ("a", "b")]
    daemon = start(sinks=[central(one, name=f"sink{i}") for i, one in enumerate(readers)])
    client(daemon.address).send(*numbered_batches(0, 100, 20_000))
    for i in range(2):
        daemon.wait_written(100, sink=f"sink{i}")
    assert daemon.stop(sent=100) == EXIT_FINE
    for one in readers:
        wait_until(lambda: one.count() == 100, "all of it")


@pytest.mark.parametrize("framing", ["lines", "octet-counted", "nul"])
def test_connections_that_break_at_random_moments_lose_nothing(start, numbered_client, receiver, framing):
    """While two programs send, the connection breaks again and again, mostly in the middle of an
    entry. The receiver throws away what is left unfinished. No entry is missing, none is merged
    with another, and none is there twice but those that the ledger calls resent."""
    reader = receiver(framing=framing, breaks=random_breaks(BREAKS, 200_000, seed=framing), buffer_bytes=65536)
    daemon = start(sinks=[central(reader)])
    count = max(400 * BREAKS, 20_000)
    programs = [numbered_client(daemon.address, i, count, batch_bytes=4000) for i in range(2)]
    for one in programs:
        one.wait_done()
    daemon.wait_written(2 * count, patience_s=3 * PATIENCE_S)
    assert daemon.stop(sent=2 * count) == EXIT_FINE
    reader.end()
    assert reader.broken >= 10
    Arrived(reader.lines(), "line").check_complete({0: count, 1: count}, daemon.final.sink.get("resent", 0))
    assert daemon.said.count("has closed the connection") + daemon.said.count("is lost: ") >= reader.broken // 2


def test_a_peer_that_closes_in_the_middle_of_an_entry_gets_it_whole_the_next_time(start, client, receiver):
    """It read two entries and the beginning of a third. The next connection begins with a whole
    entry, no later than the third, and nothing is missing."""
    line_len = len("[2026-11-23T03:34:12.000000Z] info: ")
    reader = receiver(breaks=iter([2 * (line_len + 130) + 50, *[None] * 10]).__next__)
    daemon = start(sinks=[central(reader)])
    one = client(daemon.address)
    for number in range(2000):
        one.send(numbered_json(0, number))
    daemon.wait_written(2000)
    assert daemon.stop(sent=2000) == EXIT_FINE
    wait_until(lambda: len(reader.connections) >= 2, "the second connection")
    reader.end()
    arrived = Arrived(reader.lines(), "line")
    arrived.check_complete({0: 2000}, daemon.final.sink.get("resent", 0))
    assert reader.broken == 1


def test_a_receiver_that_comes_and_goes(start, client, receiver):
    """Nobody listens when the daemon starts: it says so once, and entries wait. The receiver comes,
    and goes again, and comes: each time the log says it once, with the time it took, and the
    entries of meanwhile arrive."""
    reader = receiver()
    reader.end()
    daemon = start(sinks=[central(reader)])
    daemon.wait_said(f"sink central: cannot connect to '{reader.sink['address']}': Connection refused; "
                     "0 entries are waiting, retrying")
    one = client(daemon.address)
    sent = 0
    for round_number in range(3):
        one.send(*(numbered_json(0, sent + i) for i in range(100)))
        sent += 100
        daemon.wait_ledger(lambda look: look.sink["offered"] == sent)
        reader.listen()
        daemon.wait_written(sent)
        daemon.wait_said("sink central: connected to ", times=round_number + 1)
        reader.end()
        daemon.wait_said("' has closed the connection; 0 entries are waiting, retrying", times=round_number + 1)
    assert daemon.stop(sent=sent) == EXIT_FINE
    assert daemon.said.count("Connection refused") == 1  # later it was said to be closed
    assert re.search(r"connected to '127\.0\.0\.1:\d+' after \d+\.\d s\n", daemon.said)
    assert len(re.findall(r"connected to '127\.0\.0\.1:\d+' again after \d+\.\d s\n", daemon.said)) == 2
    Arrived(reader.lines(), "line").check_complete({0: sent}, 0)


def test_a_receiver_that_never_reads_stalls_nobody_but_its_own_sink(start, client, receiver, tmp_path):
    """Its sink drops the newest, the file beside it gets everything, and the daemon stays within
    its cap. Then the receiver reads: what is missing is told at the very place."""
    reader = receiver(reads=False, buffer_bytes=16384)
    daemon = start(sinks=[central(reader, queue="384KiB", when_full="drop_newest"),
                          {"name": "disk", "type": "file", "path": f"{tmp_path}/all.log", "format": "line"}],
                   **SMALL)
    sent = 30_000
    client(daemon.address).send(*numbered_batches(0, sent, 50_000))
    daemon.wait_written(sent, sink="disk")
    look = daemon.ledger()
    assert look.sinks["central"]["reasons"]["full"] > 1000
    assert look.sinks["central"]["in_flight"] > 0
    assert SANITIZED or daemon.peak_bytes() <= 32 << 20
    assert "sink central: full (its receiver does not read); what arrives is dropped" in daemon.said
    reader.reads.set()
    daemon.wait_ledger(lambda look: look.sinks["central"]["queued"] + look.sinks["central"]["in_flight"] == 0)
    assert daemon.stop(sent=sent) == EXIT_FINE
    wait_until(lambda: reader.count() == daemon.final.sinks["central"]["written"]
               + daemon.final.sinks["central"]["notices"], "all of it")
    Output(reader.lines()[0], "line").check_nothing_untold({0: sent}, daemon.final.sinks["central"])
    Tally((tmp_path / "all.log").read_bytes(), "line").check_complete({0: sent})


def test_a_receiver_that_takes_nothing_for_the_timeout_is_left_for_the_next(start, client, receiver):
    """A hung receiver does not close anything. After `timeout` the daemon leaves it and dials anew:
    whoever answers then gets everything from the first entry that had not arrived."""
    reader = receiver(reads=False, buffer_bytes=16384)
    daemon = start(sinks=[central(reader, timeout="700ms", **SMALL_QUEUE)], **SMALL)
    one = client(daemon.address, sndhwm=10, sndbuf=65536)
    sent = one.send_until_blocked((numbered_json(0, n) for n in range(100_000)), blocked_ms=300)
    daemon.wait_said("' has taken nothing for 0.7 s; ")
    assert "were on their way and are sent again, retrying" in daemon.said
    reader.reads.set()
    daemon.wait_written(sent)
    one.finish()
    assert daemon.stop(sent=sent) == EXIT_FINE
    reader.end()
    assert len(reader.connections) >= 2
    Arrived(reader.lines(), "line").check_complete({0: sent}, daemon.final.sink.get("resent", 0))


def test_a_stop_waits_for_what_is_on_its_way(start, client, receiver):
    """The receiver is slow to read. The daemon is told to stop while much is unread: it waits until
    the receiver's kernel has all of it, and the status says that nothing is lost."""
    reader = receiver(reads=False, buffer_bytes=16384)
    daemon = start(sinks=[central(reader)])
    client(daemon.address).send(*numbered_batches(0, 4000, 20_000))
    daemon.wait_ledger(lambda look: look.sink["offered"] == 4000)
    daemon.send_signal(15)
    daemon.wait_said("stopping: ")
    reader.reads.set()
    assert daemon.wait_exit(sent=4000) == EXIT_FINE
    assert daemon.final.sink["written"] == 4000
    reader.end()
    Arrived(reader.lines(), "line").check_complete({0: 4000}, 0)


def test_a_stop_counts_what_nobody_took(start, client, receiver):
    """The receiver never reads, and time is up: what had not arrived is counted as lost."""
    reader = receiver(reads=False, buffer_bytes=16384)
    daemon = start(sinks=[central(reader)], drain_timeout="600ms")
    client(daemon.address).send(*numbered_batches(0, 4000, 20_000))
    daemon.wait_ledger(lambda look: look.sink["offered"] == 4000)
    assert daemon.stop(sent=4000) == EXIT_LOSSES
    lost = daemon.final.sink["reasons"]["shutdown"]
    assert lost > 0 and daemon.final.sink["written"] == 4000 - lost
    assert f"sink central: dropped {lost} entries (shutdown)" in daemon.said


def test_a_host_is_looked_up_anew_at_each_connection(start, client, receiver, shim, tmp_path):
    """The receiver moves to another address, and its name follows: the daemon finds it there."""
    first, second = receiver(), receiver(("127.0.0.2", 0))
    port = first.wanted[1]
    second.end()
    second.wanted = ("127.0.0.2", port)
    second.listen()
    where = tmp_path / "where"
    where.write_text("127.0.0.1")
    env = shim('''
        #include <dlfcn.h>
        #include <netdb.h>
        #include <stdio.h>
        #include <string.h>
        int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **out)
        {
            int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
                dlsym(RTLD_NEXT, "getaddrinfo");
            char now[64] = "";
            FILE *file;
            if (!host || strcmp(host, "moving-host"))
                return next(host, port, hints, out);
            file = fopen("where", "r");
            fgets(now, sizeof now, file);
            fclose(file);
            return next(now, port, hints, out);
        }''')
    daemon = start(sinks=[central(first, address=f"moving-host:{port}")], env=env)
    one = client(daemon.address)
    one.send(numbered_json(0, 0))
    daemon.wait_written(1)
    where.write_text("127.0.0.2")
    first.end()
    daemon.wait_said("has closed the connection")
    one.send(*(numbered_json(0, i) for i in range(1, 100)))
    daemon.wait_written(100)
    assert daemon.stop(sent=100) == EXIT_FINE
    second.end()
    Arrived(first.lines() + second.lines(), "line").check_complete({0: 100}, daemon.final.sink.get("resent", 0))
    assert Tally(second.lines()[0], "line").numbers[0][-1] == 99


def test_a_name_that_nobody_has_is_no_reason_not_to_start(start, client):
    """It may have one tomorrow."""
    daemon = start(sinks=[{"name": "central", "type": "tcp", "address": "no-such-host.invalid:514"}],
                   drain_timeout="1s")
    client(daemon.address).send(numbered_json(0, 0))
    daemon.wait_said("sink central: cannot look up 'no-such-host.invalid': ")
    daemon.wait_ledger(lambda look: look.sink["queued"] == 1)
    assert daemon.stop() == EXIT_LOSSES


def test_a_full_queue_behind_a_dead_receiver_holds_clients_back(start, client, receiver):
    """`block` as everywhere: the clients wait, the log says for whom, and when the receiver is there
    all of it arrives."""
    reader = receiver()
    reader.end()
    daemon = start(sinks=[central(reader, **SMALL_QUEUE)], **SMALL)
    one = client(daemon.address, sndhwm=10, sndbuf=65536)
    sent = one.send_until_blocked((numbered_json(0, n) for n in range(100_000)))
    daemon.wait_said("sink central: full for 1.")
    assert f"(cannot connect to '{reader.sink['address']}': Connection refused); nothing more" in daemon.said
    reader.listen()
    daemon.wait_written(sent)
    one.finish()
    assert daemon.stop(sent=sent) == EXIT_FINE
    reader.end()
    Arrived(reader.lines(), "line").check_complete({0: sent}, 0)


def test_json_behind_nuls_holds_nuls_and_newlines(start, client, receiver, tmp_path):
    """As some collectors want it: what is in a text cannot end its entry."""
    reader = receiver(framing="nul")
    daemon = start(sinks=[central(reader, format="json")])
    client(daemon.address).send(b'{"message":"a\\u0000b"}', b"text\nof two lines")
    daemon.wait_written(2)
    assert daemon.stop() == EXIT_FINE
    wait_until(lambda: reader.count() == 2, "both")
    documents = [json.loads(frame) for frame in frames_of(reader.connections[0], "nul")[0]]
    assert [one["message"] for one in documents] == ["a\0b", "text\nof two lines"]


# ---- receivers that others wrote ------------------------------------------------------------


def read_rsyslog(path, count):
    wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") >= count, "rsyslog's file")
    return path.read_bytes()


@pytest.mark.parametrize("framing", ["lines", "octet-counted"])
def test_rsyslog_takes_rfc5424(start, client, program, tmp_path, framing):
    """imtcp understands both framings: message for message, whole and in order."""
    port, out = free_port(), tmp_path / "rsyslog.out"
    (tmp_path / "rsyslog.conf").write_text(
        f'module(load="imtcp")\ninput(type="imtcp" address="127.0.0.1" port="{port}")\n'
        f'template(name="only" type="string" string="%app-name%|%msg%\\n")\n'
        f'*.* action(type="omfile" file="{out}" template="only")\n')
    rsyslog = program("rsyslogd", "-n", "-f", tmp_path / "rsyslog.conf", "-i", tmp_path / "rsyslog.pid")
    wait_listening(("127.0.0.1", port))
    daemon = start(sinks=[{"name": "central", "type": "tcp", "address": f"127.0.0.1:{port}",
                           "framing": framing, "format": "rfc5424"}])
    client(daemon.address).send(*numbered_batches(7, 3000, 20_000))
    daemon.wait_written(3000)
    assert daemon.stop(sent=3000) == EXIT_FINE
    lines = read_rsyslog(out, 3000).splitlines()
    ours = [line.split(b"|", 1)[1].strip() for line in lines if line.startswith(b"client07|")]
    tally = Tally(b"".join(b"[2026-11-23T03:34:12.000000Z] info: %s\n" % one for one in ours), "line")
    tally.check_complete({7: 3000})
    rsyslog.end()


@pytest.mark.parametrize("way", ["tcp", "unix"])
def test_socat_writes_what_it_gets(start, client, program, tmp_path, way):
    """The bytes of a connection, as they are, are the file's."""
    port, path, out = free_port(), f"{tmp_path}/x.sock", tmp_path / "out"
    listen = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr" if way == "tcp" else f"UNIX-LISTEN:{path}"
    program("socat", "-u", listen, f"CREATE:{out}")
    address = f"127.0.0.1:{port}" if way == "tcp" else path
    daemon = start(sinks=[{"name": "central", "type": way, "address": address, "format": "line"}])
    client(daemon.address).send(*numbered_batches(0, 3000, 20_000))
    daemon.wait_written(3000)
    assert daemon.stop(sent=3000) == EXIT_FINE
    wait_until(lambda: out.exists() and out.read_bytes().count(b"\n") == 3000, "the file")
    Tally(out.read_bytes(), "line").check_complete({0: 3000})


def test_the_plan_names_what_the_kernel_keeps_for_connections(tmp_path):
    """It is beside the cap, as the clients' buffers are."""
    config = tmp_path / "logboom.yaml"
    config.write_text(config_text([{"name": "apps", "bind": "tcp://127.0.0.1:0"}],
                                  [{"name": "a", "type": "tcp", "address": "h:1"},
                                   {"name": "b", "type": "udp", "address": "h:1"},
                                   {"name": "c", "type": "stdout"}]))
    said = run_logboomd("--plan", "--config", config).stdout
    assert "(kernel)     1.0 MiB  the same: send buffers of 2 connections, 512 KiB each\n" in said
