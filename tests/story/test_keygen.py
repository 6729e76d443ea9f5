"""`logboom keygen` makes a key pair that ZeroMQ takes, for its owner's eyes only."""

import os
import stat
import subprocess

import pytest
import zmq
from logboom_story import EXIT_SYSTEM, EXIT_USAGE, LOGBOOM, PATIENCE_S, clean_environment


def keygen(*arguments, cwd, umask=0o022):
    return subprocess.run([LOGBOOM, "keygen", *arguments], capture_output=True, text=True, cwd=cwd,
                          timeout=PATIENCE_S, umask=umask, env=clean_environment())


def lines_of(path):
    return dict(line.split() for line in path.read_text().splitlines() if not line.startswith("# "))


def test_a_pair_is_made_and_its_public_key_printed_once_more(tmp_path):
    made = keygen("web1.key", cwd=tmp_path, umask=0)
    assert (made.returncode, made.stderr) == (0, "")
    name, key = made.stdout.split()
    pair = lines_of(tmp_path / "web1.key")
    assert pair == {"name": "web1", "public": key, "secret": pair["secret"]}
    assert name == "web1"
    assert zmq.curve_public(pair["secret"].encode()) == key.encode()
    assert stat.S_IMODE((tmp_path / "web1.key").stat().st_mode) == 0o600
    again = keygen("--public", "web1.key", cwd=tmp_path)
    assert (again.returncode, again.stdout, again.stderr) == (0, made.stdout, "")


def test_no_secret_is_printed(tmp_path):
    made = keygen("web1.key", cwd=tmp_path)
    shown = keygen("--public", "web1.key", cwd=tmp_path)
    secret = lines_of(tmp_path / "web1.key")["secret"]
    assert secret not in made.stdout + made.stderr + shown.stdout + shown.stderr


def test_a_key_is_never_written_over(tmp_path):
    keygen("web1.key", cwd=tmp_path)
    before = (tmp_path / "web1.key").read_bytes()
    again = keygen("web1.key", cwd=tmp_path)
    assert again.returncode == EXIT_SYSTEM and "never written over" in again.stderr
    assert (tmp_path / "web1.key").read_bytes() == before


def test_a_key_that_others_can_read_is_refused(tmp_path):
    keygen("web1.key", cwd=tmp_path)
    os.chmod(tmp_path / "web1.key", 0o640)
    shown = keygen("--public", "web1.key", cwd=tmp_path)
    assert shown.returncode == EXIT_SYSTEM and "chmod 600" in shown.stderr
    assert shown.stdout == ""


def test_a_pair_whose_line_cannot_be_printed_is_told(tmp_path):
    with open("/dev/full", "w") as full:
        made = subprocess.run([LOGBOOM, "keygen", "x.key"], stdout=full, stderr=subprocess.PIPE,
                              text=True, cwd=tmp_path, timeout=PATIENCE_S)
    assert made.returncode == EXIT_SYSTEM and "cannot print" in made.stderr


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ([], "one FILE is needed"),
        (["a", "b"], "one FILE is needed"),
        (["--public"], "a value is missing behind --public"),
        (["--public", "a", "b"], "--public takes one file"),
        (["--public", "a", "--name", "b"], "takes no --name"),
        (["--nmae", "a", "b"], "there is no option --nmae"),
        (["--name", "we b", "x.key"], "a name has 1 to 64"),
        (["--name", "a" * 65, "x.key"], "a name has 1 to 64"),
        (["we b.key"], "give one with --name"),
    ],
)
def test_wrong_usage(tmp_path, arguments, sentence):
    told = keygen(*arguments, cwd=tmp_path)
    assert told.returncode == EXIT_USAGE and sentence in told.stderr
    assert "see 'logboom help keygen'" in told.stderr
    assert list(tmp_path.iterdir()) == []
