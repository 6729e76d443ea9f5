"""Many clients push numbered entries; all of them come out, once, in order, whole."""

import subprocess

import pytest
from logboom_story import EXIT_FINE, LOGBOOM, PATIENCE_S, SANITIZED, Tally, numbered_json, wait_until

CLIENTS = range(8)
MANY = 10_000 if SANITIZED else 100_000
SOME = 4_000 if SANITIZED else 20_000


def endpoint_on(transport, folder):
    address = {"tcp": "tcp://127.0.0.1:0", "ipc": f"ipc://{folder}/in.sock"}[transport]
    return {"bind": [address]}


def file_sink(folder, format):
    return {"name": format, "type": "file", "path": f"{folder}/{format}.log", "format": format}


def push_all(numbered_client, addresses, count, batch_bytes=0):
    """Each client sends `count` entries to its address; all have handed them over."""
    clients = [numbered_client(addresses[i % len(addresses)], i, count, batch_bytes) for i in CLIENTS]
    for one in clients:
        one.wait_done()


def check_output(daemon, name, format, counts):
    Tally((daemon.folder / name).read_bytes(), format).check_complete(counts)


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_eight_clients_send_100_000_entries_each_one_a_message(
    start, numbered_client, tmp_path, transport
):
    """Eight programs push a hundred thousand JSON entries each, one a message, as fast as they
    can, and leave. The daemon is stopped behind them. The file holds every entry once, in the
    order of its client, none torn; and the ledger agrees to the entry."""
    daemon = start(endpoint=endpoint_on(transport, tmp_path), sink={"format": "line"})
    push_all(numbered_client, daemon.addresses, MANY)
    total = len(CLIENTS) * MANY
    assert daemon.stop(sent=total) == EXIT_FINE
    check_output(daemon, "all.log", "line", dict.fromkeys(CLIENTS, MANY))
    assert daemon.final.endpoint["received"] == daemon.final.endpoint["messages"] == total
    assert daemon.final.endpoint["malformed"] == daemon.final.endpoint["cut"] == 0
    assert daemon.final.sink["written"] == total
    assert daemon.final.sink["bytes"] == daemon.log.stat().st_size


def test_eight_clients_send_ndjson_in_64_kib_messages_to_two_sinks(start, numbered_client, tmp_path):
    """The same entries as NDJSON, hundreds in a message, into a `line` file and a `json` file:
    both are complete, and a batch counts as the entries that it holds."""
    daemon = start(sinks=[file_sink(tmp_path, "line"), file_sink(tmp_path, "json")])
    push_all(numbered_client, daemon.addresses, MANY, 64 * 1024)
    assert daemon.stop(sent=len(CLIENTS) * MANY) == EXIT_FINE
    for format in ("line", "json"):
        check_output(daemon, f"{format}.log", format, dict.fromkeys(CLIENTS, MANY))
        assert daemon.final.sinks[format]["written"] == len(CLIENTS) * MANY
    assert daemon.final.endpoint["messages"] < len(CLIENTS) * MANY / 200


def test_two_endpoints_feed_one_file(start, numbered_client, tmp_path):
    """Half of the clients come over tcp to one endpoint, half over ipc to another, and a third
    address of the first is there, too. One file holds all of it, in order per client."""
    daemon = start(
        ingest=[
            {"name": "net", "bind": ["tcp://127.0.0.1:0", f"ipc://{tmp_path}/net.sock"]},
            {"name": "local", "bind": f"ipc://{tmp_path}/local.sock"},
        ],
        sink={"format": "raw"},
    )
    assert len(daemon.addresses) == 3
    push_all(numbered_client, daemon.addresses, SOME)
    assert daemon.stop(sent=len(CLIENTS) * SOME) == EXIT_FINE
    check_output(daemon, "all.log", "raw", dict.fromkeys(CLIENTS, SOME))
    ledger = daemon.final.endpoints
    assert ledger["net"]["received"] == 6 * SOME  # clients 0 3 6 and 1 4 7
    assert ledger["local"]["received"] == 2 * SOME


def test_the_daemon_connects_to_clients_that_listen(start, numbered_client, tmp_path):
    """Here the clients bind and the daemon connects. One client listens before the daemon
    starts, the other comes later; both are heard completely."""
    early, late = f"ipc://{tmp_path}/early.sock", f"ipc://{tmp_path}/late.sock"
    first = numbered_client(early, 0, SOME, how="bind").wait_started()
    daemon = start(ingest=[{"name": "apps", "connect": [early, late]}], sink={"format": "text"})
    assert daemon.addresses == [early, late]
    first.wait_done()
    second = numbered_client(late, 1, SOME, how="bind").wait_started()
    second.wait_done()
    assert daemon.stop(sent=2 * SOME) == EXIT_FINE
    check_output(daemon, "all.log", "text", {0: SOME, 1: SOME})


def test_a_lone_entry_is_in_the_file_without_further_traffic(start, client):
    """A program says one thing and then nothing for hours: it is in the file at once."""
    daemon = start(sink={"format": "line"})
    one = client(daemon.address)
    for number in range(3):
        one.send(numbered_json(0, number))
        daemon.wait_lines(number + 1)
    check_output(daemon, "all.log", "line", {0: 3})
    assert daemon.stop(sent=3) == EXIT_FINE


def test_batch_for_holds_entries_back_and_then_writes_them(start, client):
    """The operator allows entries to wait a second, for fewer writes. They wait, counted as
    queued; then they are there, although nothing else arrives. A stop does not wait."""
    daemon = start(sink={"format": "line", "batch_for": "1s"})
    one = client(daemon.address)
    one.send(numbered_json(0, 0))
    daemon.wait_ledger(lambda look: look.sink["queued"] == 1, "the entry waits")
    assert daemon.log.read_bytes() == b""
    daemon.wait_lines(1)
    daemon.wait_ledger(lambda look: look.sink["written"] == 1)
    one.send(numbered_json(0, 1))
    daemon.wait_ledger(lambda look: look.endpoint["received"] == 2)
    assert daemon.stop(sent=2) == EXIT_FINE
    check_output(daemon, "all.log", "line", {0: 2})


def test_a_full_block_does_not_wait_for_batch_for(start, client):
    """With the longest batch_for, a burst is written as its blocks fill up."""
    daemon = start(sink={"format": "line", "batch_for": "10s"})
    one = client(daemon.address)
    for number in range(5000):
        one.send(numbered_json(0, number))
    one.finish()
    wait_until(lambda: daemon.log.stat().st_size > 256 * 1024, "whole blocks in the file")
    assert daemon.stop(sent=5000) == EXIT_FINE
    check_output(daemon, "all.log", "line", {0: 5000})


@pytest.mark.skipif(SANITIZED, reason="the sanitizers' own memory would be measured")
@pytest.mark.parametrize("batch", [[], ["--batch"]], ids=["lines", "batches"])
def test_200_mb_pass_through_in_less_memory_than_the_cap(start, tmp_path, batch):
    """`logboom push` sends 200 MB into two sinks; the daemon's peak of resident memory stays
    below its cap of 64 MiB."""
    line = numbered_json(0, 0) + b"\n"
    count = 200_000_000 // len(line) // 100 * 100
    source = tmp_path / "source"
    with source.open("wb") as out:
        for _ in range(100):
            out.write(line * (count // 100))
    daemon = start(sinks=[file_sink(tmp_path, "line"),
                          {"name": "null", "type": "file", "path": "/dev/null", "format": "json"}])
    subprocess.run([LOGBOOM, "push", "--to", daemon.address, *batch, source], check=True,
                   timeout=2 * PATIENCE_S)
    daemon.wait_written(count)
    peak_bytes = daemon.peak_bytes()
    assert daemon.stop(sent=count) == EXIT_FINE
    assert daemon.final.sinks["line"]["written"] == count
    source.unlink()
    (tmp_path / "line.log").unlink()
    assert peak_bytes < 64 * 1024 * 1024
