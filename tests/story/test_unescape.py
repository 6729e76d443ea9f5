r"""`logboom unescape` gives back the bytes that were sent, whatever they were."""

import os
import random
import resource
import subprocess

import pytest
from logboom_story import EXIT_FINE, EXIT_SYSTEM, EXIT_USAGE, LOGBOOM, PATIENCE_S, SANITIZED

EXIT_INCOMPLETE = 1


def unescape(*arguments, text=b"", **options):
    return subprocess.run([LOGBOOM, "unescape", *arguments], input=text, capture_output=True,
                          timeout=PATIENCE_S, **options)


def test_what_clients_sent_comes_back_from_a_log_byte_for_byte(start, client):
    """Random bytes, with a fixed seed; a newline between the messages is the line's own."""
    chance = random.Random(17)
    sent = [b"x" + chance.randbytes(chance.randrange(200)).replace(b"\n", b"\r\n") + b"x" for _ in range(500)]
    daemon = start(sink={"format": "{message}"}, endpoint={"decode": "text"})
    client(daemon.address).send(*sent)
    daemon.wait_lines(len(sent))
    done = unescape(daemon.log)
    assert (done.returncode, done.stderr) == (EXIT_FINE, b"")
    assert done.stdout == b"".join(message + b"\n" for message in sent)


def test_files_and_standard_input_come_one_after_the_other(tmp_path):
    (tmp_path / "a").write_bytes(rb"a\x41" + b"\n")
    (tmp_path / "b").write_bytes(rb"\u{e9}\\")
    done = unescape("a", "-", "b", text=rb"in\t", cwd=tmp_path)
    assert (done.returncode, done.stderr, done.stdout) == (EXIT_FINE, b"", "aA\nin\té\\".encode())


def test_an_escape_ends_with_its_file(tmp_path):
    (tmp_path / "a").write_bytes(rb"\x4")
    (tmp_path / "b").write_bytes(b"1")
    done = unescape("a", "b", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (EXIT_INCOMPLETE, rb"\x41")


def test_what_comes_through_a_pipe_is_written_as_it_comes():
    client = subprocess.Popen([LOGBOOM, "unescape"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    for number in range(5):
        client.stdin.write(rb"line\t%d" % number + b"\n")
        assert client.stdout.readline() == b"line\t%d\n" % number
    client.stdin.write(rb"torn \x")
    assert os.read(client.stdout.fileno(), 100) == b"torn "
    client.stdin.write(b"21 whole")
    assert os.read(client.stdout.fileno(), 100) == b"! whole"
    client.stdin.close()
    assert client.wait(PATIENCE_S) == EXIT_FINE


def test_marks_stay_and_other_backslashes_are_told():
    done = unescape(text=rb"half a stack \[cut]")
    assert (done.returncode, done.stdout) == (EXIT_FINE, rb"half a stack \[cut]")
    done = unescape(text=rb"C:\dir \q \x41")
    assert (done.returncode, done.stdout) == (EXIT_INCOMPLETE, rb"C:\dir \q A")
    assert done.stderr == (b"logboom unescape: left 2 backslashes as they were that logboomd does not "
                           b"write; is this text?\n")


def test_unreadable_files_are_told_and_the_others_written(tmp_path):
    (tmp_path / "good").write_bytes(b"good\n")
    done = unescape("missing", tmp_path, "good", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (EXIT_INCOMPLETE, b"good\n")
    assert done.stderr.decode() == (
        "logboom unescape: cannot open 'missing': No such file or directory\n"
        f"logboom unescape: cannot read {tmp_path}: Is a directory\n")


def test_a_full_disk_is_told():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([LOGBOOM, "unescape"], input=b"text", stdout=full, stderr=subprocess.PIPE,
                              timeout=PATIENCE_S)
    assert done.returncode == EXIT_SYSTEM
    assert done.stderr == b"logboom unescape: cannot write to standard output: No space left on device\n"


def test_wrong_usage_and_help():
    assert unescape("--hlep").returncode == EXIT_USAGE
    assert unescape("--hlep").stderr == (b"logboom unescape: there is no option '--hlep'; did you mean '--help'?; "
                                         b"see 'logboom help unescape'\n")
    assert unescape("-h").stdout.startswith(b"usage: logboom unescape ")


@pytest.mark.skipif(SANITIZED, reason="the sanitizers' own memory would be measured")
def test_a_line_of_100_mb_takes_no_more_memory_than_a_short_one():
    def bounded():
        resource.setrlimit(resource.RLIMIT_DATA, (16 << 20, 16 << 20))

    with subprocess.Popen(["sh", "-c", r"head -c 100000000 /dev/zero | tr '\0' 'x'"],
                          stdout=subprocess.PIPE) as source:
        done = subprocess.run(f"'{LOGBOOM}' unescape | wc -c", stdin=source.stdout, shell=True,
                              capture_output=True, timeout=PATIENCE_S, preexec_fn=bounded)
    assert done.stdout.strip() == b"100000000"
