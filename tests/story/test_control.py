"""Somebody asks a running daemon how it is, and tells it what to do; and others try to abuse that."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat as file_modes
import subprocess

import pytest
from control_story import FINE, NOT_FINE, UNREACHABLE, USAGE, Asker, ask, logboom, stat
from logboom_story import (
    EXIT_FINE,
    EXIT_SYSTEM,
    PATIENCE_S,
    Output,
    config_text,
    numbered_json,
    wait_until,
)

SMALL = {"endpoint": {"max_entry": "4KiB"}, "memory": {"cap": "32MiB"}}
SMALL_QUEUE = {"queue": "384KiB"}


def send(one, first, count):
    one.send(*(numbered_json(0, i) for i in range(first, first + count)))


# ---- looking ------------------------------------------------------------------------------


def test_a_daemon_that_is_well_says_so(start, client):
    """Some entries come and are written. `stat` begins with `fine`, and its numbers are the ledger's."""
    daemon = start()
    one = client(daemon.address)
    send(one, 0, 100)
    look = daemon.wait_written(100)
    told = logboom(daemon, "stat")
    assert told.returncode == FINE and told.stderr == ""
    assert told.stdout.startswith("fine\n\nlogboomd ")
    assert re.search(r"^apps +1 +100 +0 +0 +0$", told.stdout, re.M), told.stdout
    assert re.search(r"^all +up +100 +0 +0 +0 % +0 s$", told.stdout, re.M), told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 80 or len(str(daemon.folder)) > 60
    seen, status = stat(daemon)
    assert (status, seen["ok"], seen["verdict"], seen["sentence"]) == (FINE, True, "fine", "fine")
    (endpoint,), (sink,) = seen["endpoints"], seen["sinks"]
    for name in ("received", "refused", "accepted", "routed", "unrouted", "malformed", "messages", "bytes"):
        assert endpoint[name] == look.endpoint[name], name
    for name in ("offered", "written", "dropped", "queued", "in_flight"):
        assert sink[name] == look.sink[name], name
    assert endpoint["clients"] == 1 and sink["up"] and sink["target"] == str(daemon.log)
    assert seen["pid"] == daemon.pid and seen["memory"]["cap_bytes"] == 64 << 20
    assert 0 < seen["memory"]["resident_bytes"] <= seen["memory"]["resident_peak_bytes"] < 64 << 20
    assert sum(share["limit_bytes"] for share in seen["memory"]["shares"].values()) < 64 << 20
    assert logboom(daemon, "drops").stdout == "nothing was lost since logboomd started\n"


def test_blocked_and_let_go_by_an_operator(start, client, fifo):
    """Nobody reads the FIFO, so the client must wait. `stat` says BLOCKED, by whom and since when. The
    operator lets the sink drop: the client goes on, while `stat` says so. Then somebody reads, and the
    sink is resumed: what was dropped is told in one line, and each entry is written or counted."""
    daemon = start(sink={"format": "text", **SMALL_QUEUE}, **SMALL)
    one = client(daemon.address, sndhwm=100)
    sent = one.send_until_blocked(numbered_json(0, i) for i in range(10**6))
    seen = {}

    def is_blocked():
        seen.update(stat(daemon)[0])
        return seen["verdict"] == "blocked"

    wait_until(is_blocked, "blocked")
    assert re.fullmatch(r"BLOCKED \d+ s by sink all: its reader does not read; 1 client waiting", seen["sentence"])
    assert seen["endpoints"][0]["waiting"] and seen["stalled_by"] == "all" and seen["sinks"][0]["blocked_ms"] >= 1000
    assert logboom(daemon, "stat").returncode == NOT_FINE

    assert logboom(daemon, "sink", "all", "drop").returncode == FINE
    again = logboom(daemon, "sink", "all", "drop")
    assert again.returncode == NOT_FINE and "drops everything already" in again.stderr
    one.send(*(numbered_json(0, sent + i) for i in range(1000)))
    daemon.wait_ledger(lambda look: look.received == sent + 1000, "received")
    seen, status = stat(daemon)
    assert status == NOT_FINE and seen["sentence"].startswith("LOSING at sink all: an operator said")
    assert seen["sinks"][0]["drops_all"] and seen["sinks"][0]["blocked_total_ms"] >= 1000
    daemon.wait_said("sink all: what is queued and what arrives is dropped (operator)")
    (loss,) = ask(daemon, {"do": "drops"})["losses"]
    assert (loss["what"], loss["sink"], loss["reason"]) == ("dropped", "all", "operator")

    fifo.begin()
    daemon.wait_ledger(lambda look: look.sink["queued"] + look.sink["in_flight"] == 0, "read")
    assert logboom(daemon, "sink", "all", "resume").returncode == FINE
    one.send(*(numbered_json(0, sent + 1000 + i) for i in range(10)))
    daemon.wait_ledger(lambda look: look.received == sent + 1010 and look.sink["queued"] == 0, "written")
    assert stat(daemon)[1] == FINE
    assert daemon.stop() == EXIT_FINE
    dropped = daemon.final.sink["reasons"]["operator"]
    assert dropped == daemon.final.sink["dropped"] > 1000
    output = fifo.end()
    assert output.count(b"--- logboom: sink all dropped ") == 1
    assert f"sink all dropped {dropped} entries (operator)".encode() in output
    assert output.count(b"\n") == sent + 1010 - dropped + 1
    Output(output, "text").check_nothing_untold({0: sent + 1010}, daemon.final.sink)


def test_what_was_lost_and_whose(start, client):
    """A sink that drops, a client that sends pickles, and one whose message is too long: `drops` names each,
    with the app or the peer, whether the sink tells of its drops or not."""
    daemon = start(ingest=[{"name": "apps", "bind": ["tcp://127.0.0.1:0"], "max_entry": "4KiB",
                            "max_message": "64KiB"}],
                   sinks=[{"name": "gone", "type": "tcp", "address": "127.0.0.1:1", "when_full": "drop_newest",
                           "notices": "off", **SMALL_QUEUE}], memory={"cap": "32MiB"})
    one = client(daemon.address)
    one.send(*(b'{"app":"shop","message":"%s"}' % (b"x" * 3000) for _ in range(500)))
    one.send(b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07logging\x94.")
    daemon.wait_ledger(lambda look: look.received == 501, "received")
    client(daemon.address).send(b"y" * (100 << 10))
    daemon.wait_said("was cut off: a message was longer than max_message")
    losses = {loss["what"]: loss for loss in ask(daemon, {"do": "drops"})["losses"]}
    assert losses["dropped"]["sink"] == "gone" and losses["dropped"]["mostly_app"] == "shop"
    assert losses["dropped"]["count"] == daemon.ledger().sink["dropped"] > 0
    assert (losses["refused"]["endpoint"], losses["refused"]["reason"]) == ("apps", "pickle")
    assert losses["refused"]["count"] == 1
    assert (losses["closed"]["endpoint"], losses["closed"]["reason"]) == ("apps", "message")
    for what in ("refused", "closed"):
        assert re.fullmatch(r"127\.0\.0\.1:\d+", losses[what]["last_peer"])
    told = logboom(daemon, "drops")
    assert told.returncode == FINE and len(told.stdout.splitlines()) == 4
    assert re.search(r"dropped +\d+ +full +sink gone +mostly app=shop$", told.stdout, re.M), told.stdout
    assert json.loads(logboom(daemon, "drops", "--json").stdout)["ok"]
    seen, status = stat(daemon)
    assert status == NOT_FINE and re.match(r"LOSING \d+ s at sink gone: cannot connect to", seen["sentence"])
    assert seen["endpoints"][0]["closed_by_reason"]["message"] == 1
    assert seen["endpoints"][0]["refused_by_reason"]["pickle"] == 1


def test_watch_goes_on_until_one_side_ends(start):
    """`watch` sends the status once a second; the connection's end is its end, and the daemon's stop, too."""
    daemon = start()
    one, other = Asker(daemon).say({"do": "watch"}), Asker(daemon).say({"do": "watch"})
    lines = one.socket.makefile()
    first, second = json.loads(lines.readline()), json.loads(lines.readline())
    assert first["ok"] and first["missed"] == 0 and second["loop_ms"] - first["loop_ms"] >= 900
    one.close()
    assert stat(daemon)[1] == FINE
    assert daemon.stop() == EXIT_FINE
    assert all(json.loads(line)["ok"] for line in other.rest().splitlines())
    other.close()


# ---- acting -------------------------------------------------------------------------------


def test_reopen_and_what_cannot_be_done(start, client):
    """The log is moved away and reopened by the command; wrong words are refused with a sentence."""
    daemon = start()
    one = client(daemon.address)
    send(one, 0, 10)
    daemon.wait_lines(10)
    daemon.log.rename(daemon.folder / "old.log")
    assert logboom(daemon, "reopen").returncode == FINE
    wait_until(daemon.log.exists, "a new file")
    send(one, 10, 10)
    daemon.wait_lines(10)
    nobody = logboom(daemon, "sink", "nobody", "drop")
    assert (nobody.returncode, nobody.stderr) == (
        NOT_FINE, "logboom sink: there is no sink 'nobody'; see 'logboom stat'\n")
    for words in (["sink", "all"], ["sink", "all", "stop"], ["sink"], ["stat", "all"], ["reopen", "all"],
                  ["reopen", "--json"], ["drops", "x"]):
        told = logboom(daemon, *words)
        assert told.returncode == USAGE and told.stderr.count("\n") == 1, words


def test_check_judges_the_file_as_it_is_now(start):
    """The running daemon's own addresses are no problem for it, and another's are; a mistake is shown where
    it is. Nothing of it changes what runs."""
    daemon = start(ingest=[{"name": "apps", "bind": ["tcp://127.0.0.1:0"]},
                           {"name": "local", "bind": ["ipc://@control-check-" + str(os.getpid())]}])
    text = daemon.config.read_text()
    told = logboom(daemon, "check")
    assert (told.returncode, told.stderr) == (FINE, "") and told.stdout.endswith("logboom.yaml is fine\n")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        daemon.config.write_text(text.replace("127.0.0.1:0", f"127.0.0.1:{port}"))
        told = logboom(daemon, "check")
        assert told.returncode == NOT_FINE and "Address already in use" in told.stderr
    daemon.config.write_text(text.replace('"file"', '"fil"'))
    told = logboom(daemon, "check")
    assert told.returncode == NOT_FINE and told.stdout == ""
    assert "logboom.yaml:" in told.stderr and "did you mean 'file'?" not in told.stdout
    assert told.stderr.endswith("logboom check: this configuration would be refused\n")
    assert stat(daemon)[1] == FINE


def test_reload_by_command(start):
    """A change that holds is told; one that is refused is told, too, and `stat` says so until one holds."""
    daemon = start()
    text = daemon.config.read_text()
    daemon.config.write_text(text.replace('"type": "file"', '"type": "file", "when_full": "drop_newest"'))
    told = logboom(daemon, "reload")
    assert (told.returncode, told.stderr) == (FINE, "") and "when_full is drop_newest" in told.stdout
    daemon.config.write_text(text.replace('"type": "file"', '"type": "fil"'))
    told = logboom(daemon, "reload")
    assert told.returncode == NOT_FINE and told.stdout == ""
    assert told.stderr.endswith("logboom reload: the configuration of before holds\n")
    seen, status = stat(daemon)
    assert status == FINE and seen["config"]["refused"] and "'fil'" in seen["config"]["error"]
    assert seen["sentence"].startswith("fine, but the configuration as it is now was refused: ")
    daemon.config.write_text(text)
    assert logboom(daemon, "reload").returncode == FINE
    assert stat(daemon)[0]["sentence"] == "fine"


# ---- the socket ---------------------------------------------------------------------------


def test_nobody_is_there(start):
    """Without a daemon each command says so in one sentence with the path."""
    daemon = start()
    socket_file = daemon.folder / "control.sock"
    assert file_modes.S_IMODE(socket_file.stat().st_mode) == 0o600
    assert daemon.stop() == EXIT_FINE
    assert not socket_file.exists()
    for words in (["stat"], ["stat", "--json"], ["drops"], ["sink", "all", "drop"], ["reopen"], ["reload"], ["check"]):
        told = logboom(daemon, *words)
        assert told.returncode == UNREACHABLE and told.stdout == ""
        assert told.stderr == (f"logboom {words[0]}: no logboomd answers at 'control.sock' (No such file or directory); "
                               "is it running, and is that its 'control.path'? --control names another\n")
    told = logboom(daemon, "stat", "--control", "/nowhere/x.sock")
    assert told.returncode == UNREACHABLE and "at '/nowhere/x.sock'" in told.stderr
    told = logboom(daemon, "stat", "--control", "x" * 200)
    assert told.returncode == UNREACHABLE and "at most 107 bytes" in told.stderr


def test_what_is_left_behind_is_taken_and_what_is_used_is_not(start):
    """kill -9 leaves the socket's file; the next daemon takes its place. A second one on the same path is
    refused with a sentence, and the first goes on. A file that is no socket is left alone."""
    daemon = start()
    daemon.send_signal(signal.SIGKILL)
    daemon.process.wait(timeout=PATIENCE_S)
    assert (daemon.folder / "control.sock").exists()
    daemon = start()
    second = start("second", control={"path": str(daemon.folder / "control.sock")}, ready=False)
    assert second.wait_exit() == EXIT_SYSTEM
    assert "control socket: cannot listen on " in second.said and "another program listens there" in second.said
    assert not second.log.exists()
    assert stat(daemon)[1] == FINE
    (daemon.folder / "third").mkdir()
    (daemon.folder / "third" / "control.sock").write_text("precious")
    third = start("third", ready=False)
    assert third.wait_exit() == EXIT_SYSTEM and "is not a socket" in third.said
    assert (third.folder / "control.sock").read_text() == "precious"


@pytest.mark.skipif(pathlib.Path("/run/logboom").exists(), reason="there is a /run/logboom")
def test_nobody_has_asked_for_one(start):
    """Without `control:` and without the folder of the default path, the daemon says so and goes on; with
    `path: none` it says nothing."""
    without = start(text=config_text([{"name": "apps", "bind": ["tcp://127.0.0.1:0"]}],
                                     [{"name": "all", "type": "file", "path": "all.log"}]))
    assert without.said.count("going on without it") == 1
    none = start("none", control={"path": "none"})
    assert "control" not in none.said
    assert logboom(none, "stat").returncode == UNREACHABLE


needs_root = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv")


@needs_root
def test_who_may_do_what(start):
    """Members of the group may look, by their first group or another, and not act. Others do not get past
    the file's mode; and with that out of the way, not past the daemon."""
    daemon = start(control={"path": "control.sock", "group": "daemon"})
    socket_file = daemon.folder / "control.sock"
    assert file_modes.S_IMODE(socket_file.stat().st_mode) == 0o660
    assert socket_file.group() == "daemon"
    for folder in (daemon.folder, *daemon.folder.parents):
        if folder != pathlib.Path("/tmp") and pathlib.Path("/tmp") in folder.parents:
            folder.chmod(folder.stat().st_mode | 0o011)
    member = ("setpriv", "--reuid=65534", "--regid=daemon", "--clear-groups")
    friend = ("setpriv", "--reuid=65534", "--regid=65534", "--groups=games,daemon")
    stranger = ("setpriv", "--reuid=65534", "--regid=65534", "--groups=games")
    for looks in (member, friend):
        assert ask_as(daemon, looks, {"do": "stat"})["verdict"] == "fine"
        refused = ask_as(daemon, looks, {"do": "reopen"})
        assert not refused["ok"] and refused["error"].startswith("only root and the user that logboomd runs as")
        assert ask_as(daemon, looks, {"do": "sink", "name": "all", "drop": True})["ok"] is False
    assert "Permission denied" in ask_as(daemon, stranger, {"do": "stat"})["error"]
    socket_file.chmod(0o666)
    assert ask_as(daemon, stranger, {"do": "stat"})["error"] == (
        "only root, the user that logboomd runs as and members of control.group may ask")
    assert not stat(daemon)[0]["sinks"][0]["drops_all"]


def ask_as(daemon, wrapper, request):
    """As somebody else, who needs to reach nothing but the socket."""
    script = ("import socket,sys\ns=socket.socket(socket.AF_UNIX)\n"
              "try:\n s.connect(sys.argv[1]); s.sendall(sys.argv[2].encode()+b'\\n')\n"
              "except BrokenPipeError: pass\n"
              "except PermissionError as e:\n print('{\"ok\":false,\"error\":\"%s\"}' % e.strerror); sys.exit()\n"
              "data=b''\ntry:\n while c:=s.recv(65536): data+=c\nexcept ConnectionResetError: pass\nprint(data.decode())")
    told = subprocess.run([*wrapper, "/usr/bin/python3", "-c", script, "control.sock", json.dumps(request)],
                          cwd=daemon.folder, capture_output=True, text=True, timeout=PATIENCE_S)
    assert told.stdout, told.stderr
    return json.loads(told.stdout)


# ---- abuse --------------------------------------------------------------------------------


@pytest.fixture
def asked(start):
    return start()


BAD_REQUESTS = {
    b"\n": "is no JSON object", b"stat\n": "is no JSON object", b"[]\n": "is no JSON object",
    b"[" * 4095 + b"\n": "is no JSON object", b"\xff\xfe\n": "is no JSON object",
    b"{}\n": "does not say what to do", b'{"do":1}\n': "does not say what to do",
    b'{"do":"' + b"x" * 100 + b'"}\n': "does not say what to do", b'{"do":"x\\u0000"}\n': "does not say what to do",
    b'{"do":"fly"}\n': "knows no request 'fly'", b'{"do":"sink"}\n': "needs a 'name' and 'drop'",
    b"x" * 4096: "longer than 4096 bytes", b'{"do":"stat","x":"' + b"x" * 5000: "longer than 4096 bytes",
}


def test_a_bad_request_gets_a_sentence(asked):
    for request, sentence in BAD_REQUESTS.items():
        answer = ask(asked, request)
        assert not answer["ok"] and sentence in answer["error"], request


def test_the_longest_request_and_one_in_pieces(asked):
    """4,096 bytes with the newline are served, whether they come at once, byte by byte or without a newline
    before the end; what comes behind the line is nobody's."""
    longest = b'{"do":"stat"}'.ljust(4095) + b"\n"
    assert ask(asked, longest)["verdict"] == "fine"
    one = Asker(asked)
    for byte in b'{"do":"stat"}\n':
        one.say(bytes([byte]))
    assert one.answer()["verdict"] == "fine"
    one = Asker(asked).say(b'{"do":"stat"}')
    one.socket.shutdown(socket.SHUT_WR)
    assert one.answer()["verdict"] == "fine"
    assert ask(asked, b'{"do":"stat"}\n{"do":"sink","name":"all","drop":true}\n')["verdict"] == "fine"
    assert not stat(asked)[0]["sinks"][0]["drops_all"]


def descriptors(daemon):
    return len(list(pathlib.Path(f"/proc/{daemon.pid}/fd").iterdir()))


def test_crowds_at_the_socket_slow_nobody_down(start, client):
    """Sixteen say nothing, a thousand more come and go, some in the middle of a request or of an answer,
    while entries come in. These are all written; who says nothing is closed after 3 s, so the next is
    served; nothing is left open, and the memory stays in its plan."""
    daemon = start()
    before = descriptors(daemon)
    one = client(daemon.address)
    silent = [Asker(daemon) for _ in range(16)]
    for number in range(1000):
        try:
            other = Asker(daemon)
        except BlockingIOError:  # the backlog is full
            continue
        if number % 3 == 0:
            other.say(b'{"do":"st')
        elif number % 3 == 1:
            other.say({"do": "stat"})
        other.close()
    send(one, 0, 1000)
    daemon.wait_written(1000)
    assert stat(daemon)[1] == FINE
    for one_of_them in silent:
        assert one_of_them.rest() == b""
        one_of_them.close()
    one.finish()
    daemon.wait(lambda: descriptors(daemon) <= before, lambda: f"{descriptors(daemon)} descriptors, not {before}")
    assert daemon.peak_bytes() < 64 << 20
    assert daemon.stop(sent=1000) == EXIT_FINE


def test_watchers_keep_nobody_out(start):
    """Twelve may watch; the thirteenth is refused with a sentence, and others are served all the same."""
    daemon = start()
    watchers = [Asker(daemon).say({"do": "watch"}) for _ in range(12)]
    assert all(watcher.socket.recv(1) == b"{" for watcher in watchers)
    assert "12 programs watch already" in ask(daemon, {"do": "watch"})["error"]
    assert stat(daemon)[1] == FINE
    watchers.pop().close()

    def is_let_in():
        one = Asker(daemon).say({"do": "watch"})
        line = one.socket.makefile().readline()
        watchers.append(one)
        return json.loads(line)["ok"]

    wait_until(is_let_in, "a place")
    for watcher in watchers:
        watcher.close()
    assert daemon.stop() == EXIT_FINE
