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


def push(keys, tmp_path, address, *options, timeout="30s"):
    (tmp_path / "lines").write_text("one\n")
    ran = subprocess.run([LOGBOOM, "push", "--to", address, "--timeout", timeout, *options, "lines"],
                         cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S)
    assert ran.returncode == 69
    return ran.stderr


def test_a_key_that_is_not_let_in(start, keys, tmp_path):
    """It is told at once, with the key that the list would need."""
    real = start(endpoint=keys.endpoint("web1"))
    said = push(keys, tmp_path, real.address, "--key", keys.path("stranger"), "--server-key",
                keys.pair("server")[0].decode())
    assert said == (f"logboom push: '{real.address}' refused our key, {keys.pair('stranger')[0].decode()}: "
                    "it is not in its 'allow'\n")
    assert real.stop(sent=0) == 0


def test_no_key_at_an_encrypted_endpoint(start, keys, tmp_path):
    """At once, too, whichever of the two ZeroMQs hangs up first."""
    real = start(endpoint=keys.endpoint("web1"))
    said = push(keys, tmp_path, real.address)
    assert said == (f"logboom push: '{real.address}' wants encryption, which we were not told to use: give "
                    "--key and --server-key\n")
    assert real.stop(sent=0) == 0


def test_a_key_at_an_endpoint_that_does_not_encrypt(start, keys, tmp_path):
    real = start()
    said = push(keys, tmp_path, real.address, "--key", keys.path("web1"), "--server-key",
                keys.pair("server")[0].decode())
    assert said.startswith(f"logboom push: '{real.address}' does not encrypt with CURVE, and so gets nothing")
    assert real.stop(sent=0) == 0


def test_another_server_key(start, keys, tmp_path):
    """The daemon might be a new one soon, so this is waited for."""
    real = start(endpoint=keys.endpoint("web1"))
    said = push(keys, tmp_path, real.address, "--key", keys.path("web1"), "--server-key",
                keys.pair("web1")[0].decode(), timeout="1s")
    assert said == f"logboom push: '{real.address}' breaks off the handshake; has it another key than --server-key?\n"
    assert real.stop(sent=0) == 0
