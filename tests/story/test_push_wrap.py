"""`logboom push --level … --app … --host …` makes entries of lines of text."""

import json
import subprocess

import pytest
from logboom_story import EXIT_FINE, LOGBOOM, PATIENCE_S
from push_story import daemon_fixture, ended, numbered_line, push_fixture  # noqa: F401

NAMES = ("--level", "warn", "--app", 'a "quoted" app', "--host", "web1")


@pytest.mark.parametrize("batch", [[], ["--batch"]], ids=["lines", "batch"])
def test_each_line_is_the_message_of_an_entry(daemon, push, tmp_path, batch):
    lines = [numbered_line(i).decode() for i in range(20_000)]
    lines += ["", '{"message":"mine","level":"emerg"}', "a tab\t, a quote \", a backslash \\, é", "\x1b[31mred\r"]
    (tmp_path / "app.log").write_bytes("\n".join(lines).encode())
    client = push(*NAMES, *batch, tmp_path / "app.log", to=daemon.address)
    messages = [line for message in daemon.receive_until_end(client) for line in message.split(b"\n")]
    assert ended(client) == (EXIT_FINE, "")
    assert [json.loads(message) for message in messages] == [
        {"level": "warn", "app": 'a "quoted" app', "host": "web1", "message": line} for line in lines]


def test_the_daemon_takes_them_for_what_they_are(start, tmp_path):
    (tmp_path / "lines").write_bytes(b"one\n{\"message\":\"two\"}\n")
    daemon = start(sink={"format": "{host} {app} {level}: {message}"})
    pushed = subprocess.run([LOGBOOM, "push", "--to", daemon.address, "--level=err", "--app=shop", "lines"],
                            cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (pushed.returncode, pushed.stderr) == (EXIT_FINE, "")
    assert daemon.wait_lines(2) == [b"- shop error: one", b'- shop error: {"message":"two"}']


def test_bytes_that_json_cannot_carry_are_replaced_and_told(daemon, push, tmp_path):
    (tmp_path / "latin1").write_bytes(b"caf\xe9\nfine\n\xff\xfe\n")
    client = push("--app", "x", tmp_path / "latin1", to=daemon.address)
    messages = [json.loads(message)["message"] for message in daemon.receive_until_end(client)]
    assert messages == ["caf\ufffd", "fine", "\ufffd\ufffd"]
    assert ended(client) == (1, "logboom push: 2 lines had bytes that are no UTF-8, which JSON cannot carry; "
                                "each of them became U+FFFD\n")


def test_an_entry_is_no_longer_than_max_line_and_a_line_that_is_longer_is_cut(daemon, push, tmp_path):
    log = tmp_path / "long"
    log.write_bytes(b"x" * 100 + b"\n" + b"\x01" * 100 + b"\n" + b"y" * 10_000 + b"\nshort\n")
    client = push("--app", "x", "--max-line", "128B", log, to=daemon.address)
    messages = daemon.receive_until_end(client)
    assert max(map(len, messages)) <= 128
    texts = [json.loads(message)["message"] for message in messages]
    assert texts == ["x" * 100, "\x01" * 17, "y" * 104, "short"]
    status, said = ended(client)
    assert status == 1
    assert said == (f"logboom push: {log}:2: the line is longer than 128B; its last 83 bytes were cut off\n"
                    f"logboom push: {log}:3: the line is longer than 128B; its last 9896 bytes were cut off\n")
