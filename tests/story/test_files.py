"""What a file sink accepts as its file, and what log rotation may do to it."""

import os
import pathlib
import re
import signal
import socket
import stat
import subprocess

import pytest
from logboom_story import (
    EXIT_CONFIGURATION,
    EXIT_FINE,
    LOGBOOMD,
    PATIENCE_S,
    Tally,
    config_text,
    numbered_json,
    run_logboomd,
)


def config_for(tmp_path, *paths):
    sinks = [{"name": f"s{i}", "type": "file", "path": str(p)} for i, p in enumerate(paths)]
    config = tmp_path / "logboom.yaml"
    config.write_text(config_text([{"name": "apps", "bind": "tcp://127.0.0.1:0"}], sinks))
    return config


def check_refused(tmp_path, sentence, *paths, line=4, wrapper=()):
    """Both --check and the start say the sentence behind file:line, with a caret, and exit 78."""
    config = config_for(tmp_path, *paths)
    for arguments in (["--config", config], ["--check", "--config", config]):
        command = [*wrapper, LOGBOOMD, *arguments]
        told = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        assert told.returncode == EXIT_CONFIGURATION, told.stderr
        assert re.search(rf"^{re.escape(str(config))}:{line}:\d+: .*{sentence}", told.stderr, re.M), \
            told.stderr
        assert "^" in told.stderr and "ready: " not in told.stderr


# ---- opening ------------------------------------------------------------------------------


@pytest.mark.parametrize("rest", [b"unfinished", b"whole\nunfinished", b"\0", b"\r"])
def test_an_unfinished_last_line_is_ended_and_marked(start, client, tmp_path, rest):
    r"""The machine crashed in the middle of a line. At the start it gets ` \[torn]` and its
    newline, nothing is cut off, and the first new entry begins a line of its own."""
    (tmp_path / "all.log").write_bytes(rest)
    daemon = start(sink={"format": "line"})
    client(daemon.address).send(numbered_json(0, 0))
    daemon.wait_written(1)
    data = daemon.log.read_bytes()
    mark = rest + b" \\[torn]\n"
    assert data.startswith(mark)
    Tally(data[len(mark) :], "line").check_complete({0: 1})
    assert "ended in an unfinished line" in daemon.said
    assert daemon.stop() == EXIT_FINE


def test_a_log_that_ends_well_is_appended_to(start, client, tmp_path):
    """Nothing of it is changed, and nothing is said of torn lines."""
    (tmp_path / "all.log").write_bytes(b"yesterday\n")
    daemon = start(sink={"format": "line"})
    client(daemon.address).send(numbered_json(0, 0))
    daemon.wait_written(1)
    assert daemon.lines()[0] == b"yesterday"
    assert len(daemon.lines()) == 2
    assert "unfinished" not in daemon.said
    assert daemon.stop() == EXIT_FINE


@pytest.mark.parametrize("sink, mode", [({}, 0o640), ({"mode": "0600"}, 0o600),
                                        ({"mode": "0644"}, 0o644)])
def test_a_new_file_has_the_mode_of_the_configuration(start, sink, mode):
    daemon = start(sink=sink)
    assert stat.S_IMODE(daemon.log.stat().st_mode) == mode
    assert daemon.stop() == EXIT_FINE


def test_an_old_file_keeps_its_mode(start, tmp_path):
    (tmp_path / "all.log").touch()
    (tmp_path / "all.log").chmod(0o604)
    daemon = start()
    assert stat.S_IMODE(daemon.log.stat().st_mode) == 0o604
    assert daemon.stop() == EXIT_FINE


# ---- refusals -----------------------------------------------------------------------------


def test_a_symbolic_link_is_refused_and_its_target_untouched(tmp_path):
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "all.log").symlink_to("target")
    check_refused(tmp_path, "all.log' is a symbolic link; name the file itself", tmp_path / "all.log")
    assert (tmp_path / "target").read_bytes() == b"precious"


def test_a_dangling_symbolic_link_is_refused_and_makes_no_file(tmp_path):
    (tmp_path / "all.log").symlink_to("target")
    check_refused(tmp_path, "all.log' is a symbolic link", tmp_path / "all.log")
    assert not (tmp_path / "target").exists()


def test_a_file_with_two_names_is_refused_and_untouched(tmp_path):
    (tmp_path / "passwd").write_bytes(b"precious")
    (tmp_path / "all.log").hardlink_to(tmp_path / "passwd")
    check_refused(tmp_path, "all.log' has 2 hard links", tmp_path / "all.log")
    assert (tmp_path / "passwd").read_bytes() == b"precious"


def test_a_directory_is_refused(tmp_path):
    (tmp_path / "logs").mkdir()
    check_refused(tmp_path, "logs'", tmp_path / "logs")


def test_a_socket_file_is_refused(tmp_path):
    """open(2) answers for it as for a FIFO without a reader, but no reader will ever come."""
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "all.log"))
        check_refused(tmp_path, "all.log' is no regular file, FIFO or terminal", tmp_path / "all.log")


def test_missing_folders_are_made_by_the_start_and_not_by_a_check(start, client, tmp_path):
    """For the daemon and its group; the file in it as ever."""
    log = tmp_path / "one/two/all.log"
    told = run_logboomd("--check", "--config", config_for(tmp_path, log))
    assert told.returncode == EXIT_FINE, told.stderr
    assert not (tmp_path / "one").exists()
    daemon = start(sinks=[{"name": "all", "type": "file", "path": str(log), "format": "line"}])
    client(daemon.address).send(numbered_json(0, 0))
    daemon.wait_written(1)
    assert daemon.stop() == EXIT_FINE
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "one/two").stat().st_mode) == 0o750
    Tally(log.read_bytes(), "line").check_complete({0: 1})


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    """What should be a folder leads nowhere, or is a file."""
    (tmp_path / "nowhere").symlink_to("missing")
    check_refused(tmp_path, "nowhere.*", tmp_path / "nowhere/no/all.log")
    assert not (tmp_path / "missing").exists()
    (tmp_path / "file").touch()
    check_refused(tmp_path, "file.*Not a directory", tmp_path / "file/no/all.log")


def without_override():
    """For root: a wrapper in which file permissions count."""
    if os.geteuid() != 0:
        return []
    wrapper = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if subprocess.run([*wrapper, "true"], capture_output=True).returncode != 0:
        pytest.skip("root, but not allowed to give up a capability")
    return wrapper


def test_a_file_or_folder_that_may_not_be_written_is_refused(tmp_path):
    wrapper = without_override()
    (tmp_path / "all.log").write_bytes(b"theirs")
    (tmp_path / "all.log").chmod(0o400)
    check_refused(tmp_path, "all.log': Permission denied", tmp_path / "all.log", wrapper=wrapper)
    assert (tmp_path / "all.log").read_bytes() == b"theirs"
    (tmp_path / "locked").mkdir(mode=0o500)
    check_refused(tmp_path, "locked/all.log'.*Permission denied", tmp_path / "locked/all.log",
                  wrapper=wrapper)


@pytest.mark.parametrize("arguments", [[], ["--check"]], ids=["start", "check"])
@pytest.mark.parametrize("there", ["nothing", "file", "fifo"])
@pytest.mark.parametrize("second", ["all.log", "./all.log", "sub/../all.log", "link/all.log"])
def test_two_sinks_with_one_file_are_refused(tmp_path, arguments, there, second):
    """However the second spells it, and whether it is there or has a reader yet; the place shown
    is the second's. A FIFO would give each line to one of them, a file tear both."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to(".")
    {"nothing": lambda path: None, "file": pathlib.Path.touch, "fifo": os.mkfifo}[there](
        tmp_path / "all.log")
    config = config_for(tmp_path, tmp_path / "all.log", f"{tmp_path}/{second}")
    told = run_logboomd(*arguments, "--config", config)
    assert told.returncode == EXIT_CONFIGURATION, told.stdout + told.stderr
    assert re.search(rf"^{re.escape(str(config))}:5:\d+: .*is the file of sink 's0' too",
                     told.stderr, re.M), told.stderr
    assert "^" in told.stderr and "ready: " not in told.stderr


# ---- rotation -----------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGHUP])
def test_log_rotation_loses_and_splits_no_line(start, client, tmp_path, number):
    """logrotate in its `create` way: rename, create, signal; five times while a client sends
    without pause. All files together hold every entry once, in order, each line whole."""
    daemon = start(sink={"format": "line"})
    one = client(daemon.address)
    sent = 0
    for turn in range(5):
        one.send(*(numbered_json(0, i) for i in range(sent, sent + 4000)))
        sent += 4000
        os.rename(daemon.log, tmp_path / f"all.log.{turn}")
        if turn % 2:
            daemon.log.touch(mode=0o640)
        daemon.send_signal(number)
        one.send(*(numbered_json(0, i) for i in range(sent, sent + 4000)))
        sent += 4000
        daemon.wait_said("sink all: reopened", turn + 1)
        daemon.wait_written(sent)
    assert daemon.stop() == EXIT_FINE
    files = [tmp_path / f"all.log.{turn}" for turn in range(5)] + [daemon.log]
    for file in files:
        assert file.read_bytes()[-1:] in (b"\n", b"")
    Tally(b"".join(file.read_bytes() for file in files), "line").check_complete({0: sent})
    assert daemon.log.stat().st_size > 0
    assert daemon.said.count("sink all: reopened") == 5


def test_a_reopen_that_fails_leaves_the_old_file_open(start, client, tmp_path):
    """Somebody put a symbolic link in the way. The daemon says so, goes on with the file that it
    has, and takes the new one at the next signal, when the link is gone."""
    daemon = start(sink={"format": "line"})
    one = client(daemon.address)
    os.rename(daemon.log, tmp_path / "old.log")
    daemon.log.symlink_to("/etc/passwd")
    daemon.send_signal(signal.SIGUSR1)
    daemon.wait_said("not reopened, still writing to the old file")
    one.send(numbered_json(0, 0))
    daemon.wait_written(1)
    daemon.log.unlink()
    daemon.send_signal(signal.SIGUSR1)
    daemon.wait_said("reopened '")
    one.send(numbered_json(1, 0))
    daemon.wait_written(2)
    assert daemon.stop() == EXIT_FINE
    Tally((tmp_path / "old.log").read_bytes(), "line").check_complete({0: 1})
    Tally(daemon.log.read_bytes(), "line").check_complete({1: 1})
