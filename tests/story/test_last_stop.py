"""A daemon ends, in this way or that; the next one says how."""

import os
import re
import signal

from control_story import FINE, logboom, stat
from logboom_story import EXIT_CONFIGURATION, EXIT_FINE, EXIT_LOSSES, EXIT_SYSTEM, PATIENCE_S, numbered_json

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


def ledger_of(text):
    return re.findall(r"^ledger: .*", text, re.M)


def test_a_stop_that_lost_nothing(start, client, tmp_path):
    """The first daemon writes ten entries and is stopped; the state file has the ledger that its log
    ends with. The second says so at its start and when asked, and the file still has that ledger
    while it runs."""
    first = start(state="last-stop")
    one = client(first.address)
    one.send(*(numbered_json(0, i) for i in range(10)))
    one.finish()
    first.wait_written(10)
    assert "the last stop" not in first.said
    assert stat(first)[0]["last_stop"] == {"how": "unknown", "time": None, "sentence": ""}
    assert first.stop(sent=10) == EXIT_FINE
    state = (tmp_path / "last-stop").read_text()
    assert re.match(rf"logboomd state\nstopped: {TIME} lost nothing\nledger: ", state), state
    assert ledger_of(state) == ledger_of(first.said)[-3:]
    second = start(state="last-stop")
    assert re.match(rf"the last stop, at {TIME}, lost nothing\nready: ", second.said)
    told = logboom(second, "stat")
    assert told.returncode == FINE and re.search(rf"^the last stop, at {TIME}, lost nothing$", told.stdout, re.M)
    running = (tmp_path / "last-stop").read_text()
    assert re.match(rf"logboomd state\nrunning: {TIME} pid {second.pid}\nstopped: ", running), running
    assert ledger_of(running) == ledger_of(state)
    assert os.listdir(tmp_path).count("last-stop.next") == 0


def test_a_stop_that_lost_something(start, client, fifo):
    """Nobody reads, and time is up: the next daemon says how much was lost, and where. The client has left
    by then, so that nothing is still arriving, however late the daemon gets its turn."""
    first = start(state="last-stop", drain_timeout="100ms")
    one = client(first.address)
    one.send(*(numbered_json(0, i) for i in range(1000)))
    one.finish()
    first.wait_ledger(lambda look: look.endpoint["received"] == 1000)
    assert first.stop() == EXIT_LOSSES
    second = start(state="last-stop", drain_timeout="100ms")
    lost = first.final.lost
    told = re.search(rf"^warning: the last stop, at {TIME}, lost {lost} entries: sink all {lost}$", second.said, re.M)
    assert lost > 0 and told, second.said
    assert stat(second)[0]["last_stop"]["how"] == "losses"


def test_a_kill_is_no_stop(start, client):
    """kill -9, and a start. Then somebody has a wrong key in the configuration, which is no start: the
    one after it is told the same. An orderly stop ends that."""
    first = start(state="last-stop")
    pid = first.pid
    first.send_signal(signal.SIGKILL)
    first.process.wait(timeout=PATIENCE_S)
    for number in (signal.SIGKILL, signal.SIGTERM):
        daemon = start(state="last-stop")
        assert re.match(rf"warning: the last stop was not clean: the logboomd of before \(pid {pid}, running since "
                        rf"{TIME}\) ended without a word; what it had not written is lost, uncounted\n",
                        daemon.said), daemon.said
        pid = daemon.pid
        assert stat(daemon)[0]["last_stop"]["how"] == "unclean"
        daemon.send_signal(number)
        daemon.process.wait(timeout=PATIENCE_S)
    assert "lost nothing\nready: " in start(state="last-stop").said


def test_two_daemons_do_not_share_one(start, tmp_path):
    """The second is refused before it touches anything, and nobody is overwritten who is not a state
    file."""
    first = start(state="state")
    written = (tmp_path / "state").read_text()
    second = start(state="state", sink={"path": "other.log"}, control={"path": "other.sock"}, ready=False)
    assert second.wait_exit() == EXIT_SYSTEM
    assert "the state file 'state' is another logboomd's, which is running" in second.said
    assert not (tmp_path / "other.log").exists() and (tmp_path / "state").read_text() == written
    assert first.stop() == EXIT_FINE
    (tmp_path / "precious").write_text("precious")
    third = start(state="precious", ready=False)
    assert third.wait_exit() == EXIT_SYSTEM and (tmp_path / "precious").read_text() == "precious"
    fourth = start(state="no/state", ready=False)
    assert fourth.wait_exit() == EXIT_CONFIGURATION and "No such file or directory" in fourth.said


def test_where_systemd_says(start, tmp_path):
    """Nothing is written in the configuration, and systemd has made a folder. Where it cannot be used, the
    daemon says so and runs all the same."""
    (tmp_path / "lib").mkdir()
    folders = {"STATE_DIRECTORY": f"{tmp_path}/lib:{tmp_path}/more"}
    assert start(env=folders).stop() == EXIT_FINE
    assert start(env=folders).stop() == EXIT_FINE
    assert os.listdir(tmp_path / "lib") == ["last-stop"]
    without = start(env={"STATE_DIRECTORY": f"{tmp_path}/none"})
    assert re.match(r"warning: cannot open the state file .*: No such file or directory; the next start will not know",
                    without.said)
    assert without.stop() == EXIT_FINE
    assert start(env=folders, state="none").stop() == EXIT_FINE


HANGS_WHEN_TOLD = """
#include <sys/syscall.h>
#include <unistd.h>
int fsync(int fd)
{
    while (access("hang", F_OK) == 0)
        pause();
    return syscall(SYS_fsync, fd);
}
"""


def test_a_disk_that_hangs_holds_up_no_stop(start, shim, tmp_path):
    """The disk is well at the start, and hangs at the stop. The daemon leaves without its goodbye."""
    first = start(state="last-stop", drain_timeout="200ms", env=shim(HANGS_WHEN_TOLD))
    (tmp_path / "hang").touch()
    first.send_signal(signal.SIGTERM)
    assert first.process.wait(timeout=PATIENCE_S) == EXIT_LOSSES, first.said
    assert "a disk does not return from the state file; leaving without it" in first.said
    assert "the last stop was not clean" in start(state="last-stop").said


NO_MORE_THREADS_WHEN_TOLD = """
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *context)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
    return access("full", F_OK) == 0 ? EAGAIN : real(thread, attr, run, context);
}
"""


def test_where_there_is_no_thread_left(start, shim, tmp_path):
    """TasksMax= of the service is used up when it stops, which is no reason to crash."""
    first = start(state="last-stop", env=shim(NO_MORE_THREADS_WHEN_TOLD))
    (tmp_path / "full").touch()
    assert first.stop() == EXIT_FINE
    assert " lost nothing\n" in (tmp_path / "last-stop").read_text()
