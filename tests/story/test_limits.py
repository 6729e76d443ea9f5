"""The system allows the daemon little: files that may not grow, few descriptors."""

import re
import shutil

import pytest
from logboom_story import EXIT_FINE, EXIT_LOSSES, EXIT_SYSTEM, Tally, numbered_json

pytestmark = pytest.mark.skipif(not shutil.which("prlimit"), reason="prlimit sets the limits")


def test_a_file_at_its_size_limit_is_a_sink_that_is_down(start, client):
    """`ulimit -f` is 32 KiB, and there is more to write. The kernel's signal kills nobody: the
    log says that the file is too large, clients are served, and the stop admits what is
    missing, in the status and in the counters."""
    daemon = start(wrapper=["prlimit", "--fsize=32768"], sink={"format": "line"},
                   drain_timeout="500ms")
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(1000)))
    daemon.wait_said("File too large")
    assert re.search(r"warning: sink all: cannot write to '.*/all\.log': File too large; "
                     r"\d+ entries are waiting, retrying\n", daemon.said)
    daemon.wait_ledger(lambda look: look.endpoint["received"] == 1000)
    assert daemon.stop(sent=1000) == EXIT_LOSSES
    final = daemon.final.sink
    assert 0 < final["written"] == 1000 - final["reasons"]["shutdown"]
    data = daemon.log.read_bytes()
    assert len(data) <= 32768
    Tally(data[: data.rindex(b"\n") + 1], "line").check_complete({0: final["written"]})


def test_too_few_descriptors_are_an_error_of_the_system(start):
    """Of few descriptors nothing can be done: status 71 and a sentence. From some number on it
    works. At none does it abort, or start and fail later."""
    counts = [8, 9, 10, 11, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 40, 48, 56, 64]
    daemons = {count: start(str(count), wrapper=["prlimit", f"--nofile={count}"], ready=False)
               for count in counts}
    enough = []
    for count, daemon in daemons.items():
        daemon.wait_ready_or_gone()
        if daemon.process.poll() is None:
            assert daemon.stop(sent=0) == EXIT_FINE, (count, daemon.said)
            enough.append(count)
        else:
            assert daemon.process.returncode == EXIT_SYSTEM, (count, daemon.said)
            assert re.search(r"^(error: .*|.*/logboom.yaml:\d+:\d+: .*)", daemon.said, re.M)
    assert enough == [count for count in counts if count >= enough[0]]
    assert 8 not in enough and 64 in enough


def test_64_descriptors_are_enough_to_work(start, client):
    """A small machine's limit: entries come and are written."""
    daemon = start(wrapper=["prlimit", "--nofile=64"], sink={"format": "line"})
    one = client(daemon.address)
    one.send(*(numbered_json(0, i) for i in range(100)))
    daemon.wait_written(100)
    assert daemon.stop(sent=100) == EXIT_FINE
    Tally(daemon.log.read_bytes(), "line").check_complete({0: 100})
