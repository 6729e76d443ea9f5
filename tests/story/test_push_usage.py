"""`logboom push` used wrongly, or started without its standard descriptors; and its help."""

import os
import re
import subprocess

import pytest
from logboom_story import LOGBOOM, PATIENCE_S
from push_story import daemon_fixture, ended, push_fixture  # noqa: F401


def test_unreadable_files_are_told_and_the_others_sent(daemon, push, tmp_path):
    (tmp_path / "good").write_bytes(b"good\n")
    client = push("missing", tmp_path, "good", to=daemon.address, cwd=tmp_path)
    assert daemon.receive_until_end(client) == [b"good"]
    status, said = ended(client)
    assert status == 1
    assert said == (
        "logboom push: cannot open 'missing': No such file or directory\n"
        f"logboom push: cannot read {tmp_path}: Is a directory\n"
    )


def without(*descriptors):
    """Options of `push` that start it like `logboom push <&-`."""
    return {"preexec_fn": lambda: [os.close(fd) for fd in descriptors]}


@pytest.mark.parametrize("arguments", [(), ("-",)], ids=["implied", "named"])
def test_a_closed_standard_input_is_told(daemon, push, arguments):
    client = push(*arguments, to=daemon.address, **without(0))
    assert ended(client) == (1, "logboom push: cannot read standard input: Bad file descriptor\n")


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (0, 1, 2)], ids=str)
def test_no_socket_becomes_a_standard_descriptor(daemon, push, tmp_path, closed):
    """A sentence for a closed standard error would else go into a connection."""
    (tmp_path / "good").write_bytes(b"good\n")
    client = push("missing", "good", to=daemon.address, cwd=tmp_path, **without(*closed))
    assert daemon.receive_until_end(client) == [b"good"]
    status, said = ended(client)
    assert status == 1
    assert said == ("" if 2 in closed else
                    "logboom push: cannot open 'missing': No such file or directory\n")


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--bach"], "there is no option '--bach'; did you mean '--batch'?"),
        (["-x"], "there is no option '-x'"),
        (["-é"], "there is no option '-é'"),
        (["--batch", "-é"], "there is no option '-é'"),
        (["--batch", "file", "-xé", "--batch"], "there is no option '-xé'"),
        (["-bach"], "there is no option '-bach'; did you mean '--batch'?"),
        (["--help=3"], "option '--help=3' takes no value"),
        (["--to"], "option '--to' needs a value"),
        (["x", "ipc:///y"],
         "'ipc:///y' stands where a file is meant; did you mean --to ipc:///y?"),
        (["--batch=1"], "option '--batch=1' takes no value"),
        (["--to", "inproc://x"], "'inproc://x' is not an address to push to"),
        (["--to", "tcp://127.0.0.1"], "'tcp://127.0.0.1' is not an address to push to"),
        (["--to", "127.0.0.1:5514"], "'127.0.0.1:5514' is not an address to push to"),
        (["--timeout", "0"], "--timeout is '0', but must be from 1ms to 365d"),
        (["--timeout", "5"], "--timeout: "),
        (["--batch-size", "17MiB"], "--batch-size is '17MiB', but must be from 1B to 16MiB"),
        (["--key", "web1.key"], "--key needs --server-key, the public key of the daemon"),
        (["--server-key", "x"], "--server-key needs --key, the file of a key pair"),
        (["--max-line", "0"], "--max-line is '0', but must be from 1B to 16MiB"),
    ],
)
def test_wrong_options_are_refused_with_a_sentence(push, arguments, sentence):
    status, said = ended(push(*arguments))
    assert status == 64
    assert said.startswith(f"logboom push: {sentence}")
    if sentence.endswith(("'", "?", "takes no value", "needs a value")):  # that is all of it
        assert said == f"logboom push: {sentence}; see 'logboom help push'\n"
    assert said.endswith("; see 'logboom help push'\n")


def logboom(*arguments):
    return subprocess.run([LOGBOOM, *arguments], capture_output=True, text=True, timeout=PATIENCE_S)


def test_help_version_and_mistyped_commands():
    assert re.fullmatch(r"logboom \d+\.\d+\.\d+\n", logboom("--version").stdout)
    assert logboom("-V").stdout == logboom("--version").stdout
    assert "-V, --version" in logboom("--help").stdout
    assert "\n  push " in logboom("--help").stdout
    assert logboom("help").stdout == logboom("--help").stdout
    assert logboom("help", "push").stdout == logboom("push", "--help").stdout
    assert logboom("push", "-h").stdout.startswith("usage: logboom push ")
    assert logboom().returncode == 64
    for mistyped in (logboom("psuh"), logboom("help", "psuh")):
        assert mistyped.returncode == 64
        assert mistyped.stderr == "logboom: there is no command 'psuh'; did you mean 'push'?\n"
    assert logboom("frobnicate").stderr.endswith("see 'logboom --help'\n")


def test_help_says_that_the_daemon_cuts_where_push_does_not():
    said = " ".join(logboom("push", "--help").stdout.split())
    assert "logboomd itself cuts an entry at its 'max_entry' (64KiB by default)" in said
