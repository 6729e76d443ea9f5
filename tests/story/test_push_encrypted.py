"""`logboom push` to an endpoint with `encryption: curve`."""

import subprocess

import pytest
from curve_story import Keys
from logboom_story import LOGBOOM, PATIENCE_S


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path)


def test_an_encrypted_way_to_a_daemon(start, keys, tmp_path):
    """With its key and the daemon's, push is let in; the entries have the name of the key."""
    real = start(endpoint=keys.endpoint("web1"), sink={"format": "{peer} {message}"})
    (tmp_path / "lines").write_text("one\ntwo\n")
    ran = subprocess.run(
        [LOGBOOM, "push", "--to", real.address, "--key", keys.path("web1"), "--server-key",
         keys.pair("server")[0], "lines"], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert real.stop(sent=2) == 0
    assert real.lines() == [b"web1 one", b"web1 two"]


@pytest.mark.parametrize("who", ["a stranger", "nobody", "web1, to another server"])
def test_whoever_is_not_let_in_is_told_and_sends_nothing(start, keys, tmp_path, who):
    real = start(endpoint=keys.endpoint("web1"))
    options = {
        "a stranger": ["--key", keys.path("stranger"), "--server-key", keys.pair("server")[0]],
        "nobody": [],
        "web1, to another server": ["--key", keys.path("web1"), "--server-key", keys.pair("web1")[0]],
    }[who]
    (tmp_path / "lines").write_text("one\n")
    ran = subprocess.run([LOGBOOM, "push", "--to", real.address, "--timeout", "1s", *options, "lines"],
                         cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S)
    assert ran.returncode == 69 and ran.stderr
    assert real.stop(sent=0) == 0
