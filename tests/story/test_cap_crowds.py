"""More clients than there are places: the surplus waits at the door, at no cost to anybody,
and is served as others leave."""

import pathlib
import re
import shutil

import pytest
from cap_story import (
    MIB,
    MIXED_SIZES,
    check_charged,
    check_peak,
    check_quiet,
    numbered,
    verify_file,
    wait_all_written,
)
from logboom_story import EXIT_FINE, PATIENCE_S, SANITIZED
from zmtp_peer import Crowd, Peer, allow_descriptors, frame, greeting, ready

PLACES = 128  # max_clients, as it is by default
CLIENTS = 300 if SANITIZED else 1000


@pytest.fixture(autouse=True)
def descriptors():
    allow_descriptors(8192)


def address(transport, folder):
    return {"tcp": "tcp://127.0.0.1:0", "ipc": f"ipc://{folder}/in.sock"}[transport]


def resident_bytes(daemon):
    status = pathlib.Path(f"/proc/{daemon.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def one_entry(client):
    return frame(numbered(client, 0))


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_a_thousand_raw_peers(start, tmp_path, transport):
    """A thousand peers connect and send an entry each; 128 are served, the others wait, and
    the daemon sleeps. As the served ones leave, others take their places, until all were."""
    daemon = start(endpoint={"bind": address(transport, tmp_path)}, sink={"format": "line"})
    with Crowd(daemon.address, greeting() + ready(), one_entry) as crowd:
        assert crowd.connect(CLIENTS) == CLIENTS
        crowd.run_until(lambda: crowd.ready == PLACES, "the first are served")
        daemon.wait_written(PLACES)
        check_quiet(daemon, turn=crowd.turn)
        assert crowd.ready == PLACES
        look = check_charged(daemon, 64)
        assert look.gate["open"] == PLACES
        check_peak(daemon)

        def all_served():
            crowd.leave_served()
            crowd.connect(CLIENTS + crowd.cut - crowd.begun)  # who had no time to shake hands
            return crowd.ready == CLIENTS

        crowd.run_until(all_served, "all are served", 2 * PATIENCE_S)
        crowd.leave_served()
        assert crowd.cut <= CLIENTS / 20
    daemon.wait_written(CLIENTS)
    check_peak(daemon)
    assert daemon.stop(sent=CLIENTS) == EXIT_FINE
    verified = verify_file(daemon.log)
    verified.check_whole()
    assert verified.whole == len(verified.clients) == CLIENTS


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_a_thousand_clients(start, tools, tmp_path, transport):
    """The same with real clients, which would reconnect at once if they were turned away: they
    are not. 128 are served, and stay; the daemon sleeps. Then they leave and so all others
    get their turn: every entry arrives."""
    daemon = start(endpoint={"bind": address(transport, tmp_path)}, sink={"format": "line"})
    crowd = tools.push(daemon, clients=CLIENTS, entries=3, hold=1)
    daemon.wait_written(3 * PLACES)
    crowd.wait_says("queued")
    check_quiet(daemon)
    look = check_charged(daemon, 64)
    assert look.sink["written"] == 3 * PLACES
    assert look.gate["open"] == PLACES
    check_peak(daemon)
    crowd.tell_to_leave()
    sent = tools.sent()
    wait_all_written(daemon, sent.all)
    check_peak(daemon)
    assert daemon.stop(sent=3 * CLIENTS) == EXIT_FINE
    verify_file(daemon.log).check_complete(sent)


@pytest.mark.skipif(not shutil.which("prlimit"), reason="prlimit sets the limit")
@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_more_clients_than_descriptors(start, tools, tmp_path, transport):
    """The daemon may open 64 files and 200 clients come. It neither aborts nor spins: some are
    served, the others wait, and in the end all had their turn."""
    daemon = start(endpoint={"bind": address(transport, tmp_path)}, sink={"format": "line"},
                   wrapper=["prlimit", "--nofile=64"])
    crowd = tools.push(daemon, clients=200, entries=3, hold=1).wait_says("queued")
    daemon.wait_written(3 * 10)
    check_quiet(daemon)
    look = check_charged(daemon, 64)
    assert look.sink["written"] < 3 * 64
    crowd.tell_to_leave()
    sent = tools.sent()
    wait_all_written(daemon, sent.all)
    check_peak(daemon)
    assert daemon.stop(sent=600) == EXIT_FINE
    verify_file(daemon.log).check_complete(sent)


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_connect_send_close_as_fast_as_possible(start, tools, tmp_path, transport):
    """Two programs connect, send an entry and close, as fast as they can. Nothing is lost,
    memory stays, and when they are done the daemon is as small as before."""
    daemon = start(endpoint={"bind": address(transport, tmp_path)}, sink={"format": "line"})
    idle = resident_bytes(daemon)
    for client in (0, 1):
        tools.churn(daemon, client=client, ms=1500)
    sent = tools.sent()
    wait_all_written(daemon, sent.all)
    check_charged(daemon, 64)
    check_peak(daemon)
    daemon.wait(lambda: SANITIZED or resident_bytes(daemon) <= idle + 8 * MIB,
                lambda: f"back from {resident_bytes(daemon) / MIB:.1f} to {idle / MIB:.1f} MiB", 5)
    assert daemon.stop(sent=sent.all) == EXIT_FINE
    verify_file(daemon.log).check_complete(sent, ordered=False)


# Whoever reads these words from a socket stands still for two seconds, and says so by a file.
STAND_STILL = """
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
ssize_t recvfrom(int fd, void *buffer, size_t len, int flags, struct sockaddr *from, socklen_t *from_len)
{
    ssize_t got = syscall(SYS_recvfrom, fd, buffer, len, flags, from, from_len);
    if (got > 0 && memmem(buffer, got, "stand still", 11)) {
        syscall(SYS_close, open("standing", O_CREAT | O_WRONLY, 0600));
        usleep(2000000);
    }
    return got;
}
"""


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_a_short_visit_while_the_daemon_gets_no_time(start, shim, tmp_path, transport):
    """The machine has too much to do: the thread that reads gets no time for two seconds, right
    when a client has heard that it may send. The client sends its entry and is gone, as
    short-lived programs are. That its handshake was not read in time is not the client's
    fault: the entry arrives."""
    daemon = start(endpoint={"bind": address(transport, tmp_path)}, sink={"format": "line"},
                   env=shim(STAND_STILL))
    with Peer(daemon.address) as visitor, Peer(daemon.address) as other:
        visitor.send(greeting())
        visitor.wait_ready()
        other.shake_hands().send_message(b"stand still")
        daemon.wait((tmp_path / "standing").exists, "it stands still")
        visitor.send(ready() + one_entry(7))
    wait_all_written(daemon, 2)
    assert daemon.stop(sent=2) == EXIT_FINE
    assert verify_file(daemon.log).clients == {7: (1, 1, 0, 0)}


def test_full_load_under_a_small_cap(start, tools):
    """24 MiB, 16 clients, two outputs, and a few seconds of all that the clients can give."""
    daemon = start(memory={"cap": "24MiB"}, ingest=[
        {"name": "apps", "bind": "tcp://127.0.0.1:0", "max_clients": 16}], sinks=[
        {"name": "all", "type": "file", "path": "all.log", "format": "line"},
        {"name": "copy", "type": "file", "path": "copy.log", "format": "line"}])
    for first, sizes in ((0, 200), (8, MIXED_SIZES)):
        tools.push(daemon, clients=8, first=first, sizes=sizes)
    daemon.wait_written((20_000 if SANITIZED else 100_000))
    check_peak(daemon)
    for one in tools.started:
        one.tell_to_leave()
    sent = tools.sent()
    wait_all_written(daemon, sent.all, sink="all")
    wait_all_written(daemon, sent.all, sink="copy")
    check_charged(daemon, 256 * 1024)
    check_peak(daemon)
    assert daemon.stop(sent=sent.all) == EXIT_FINE
    verify_file(daemon.folder / "all.log").check_complete(sent)
    verify_file(daemon.folder / "copy.log").check_complete(sent)
