"""A real log file goes through the daemon and comes out byte for byte."""

import pathlib
import subprocess

import pytest
from logboom_story import EXIT_FINE, LOGBOOM, PATIENCE_S


def a_real_log():
    """The package manager's log, or whatever text of some size this machine has."""
    for path in ("/var/log/dpkg.log", "/var/log/alternatives.log", "/usr/share/perl/5.36/perl5db.pl",
                 "/usr/share/common-licenses/GPL-3"):
        path = pathlib.Path(path)
        if path.is_file() and path.stat().st_size > 20_000:
            return path.read_bytes()
    pytest.skip("no log file on this machine")


def push(daemon, source, *options):
    pushed = subprocess.run([LOGBOOM, "push", "--to", daemon.address, *options, source],
                            capture_output=True, text=True, timeout=PATIENCE_S)
    assert (pushed.returncode, pushed.stderr) == (0, "")


def test_a_log_pushed_line_by_line_comes_out_as_it_was(start, tmp_path):
    """`logboom push FILE` into `format: raw`: cmp(1) would find no difference."""
    (tmp_path / "source").write_bytes(a_real_log())
    daemon = start(sink={"format": "raw"})
    push(daemon, tmp_path / "source")
    assert daemon.stop() == EXIT_FINE
    assert daemon.log.read_bytes() == a_real_log()
    assert daemon.final.endpoint["malformed"] == 0


def test_a_log_pushed_in_batches_and_split_into_lines_comes_out_as_it_was(start, tmp_path):
    """The same in 64 KiB messages, into an endpoint with `split: lines`; each line is an entry."""
    (tmp_path / "source").write_bytes(a_real_log())
    daemon = start(endpoint={"split": "lines"}, sink={"format": "raw"})
    push(daemon, tmp_path / "source", "--batch")
    assert daemon.stop() == EXIT_FINE
    assert daemon.log.read_bytes() == a_real_log()
    assert daemon.final.endpoint["received"] == a_real_log().count(b"\n")
    assert daemon.final.endpoint["messages"] < 20


@pytest.mark.parametrize("max_message", [256 * 1024, 1024])
def test_a_log_sent_in_chunks_of_whole_lines_comes_out_as_it_was(start, client, max_message):
    """A client of its own reads the file in chunks of whole lines as long as a message may be,
    newlines included, also where the endpoint allows no more than 1 KiB."""
    endpoint = {"split": "lines", "max_message": f"{max_message}B", "max_entry": "1KiB"}
    daemon = start(endpoint=endpoint, sink={"format": "raw"})
    one = client(daemon.address)
    chunk = b""
    for line in a_real_log().splitlines(keepends=True):
        if len(chunk) + len(line) > max_message:
            one.send(chunk)
            chunk = b""
        chunk += line
    one.send(chunk)
    one.finish()
    assert daemon.stop() == EXIT_FINE
    assert daemon.log.read_bytes() == a_real_log()


# What `raw` does to a line: these three bytes, where they are not its end; nothing else.
def raw(line):
    return line.replace(b"\r", b"\\r").replace(b"\n", b"\\n").replace(b"\0", b"\\0")


ODD_LINES = [b"", b"a\0b", b"dos\r", b"back\\slash", b"\xff\xfe\x80", b"\x1b[31mred", b"\t tab",
             "Grüße \u2028 \u202e".encode(), b"", b"{not json", b"[1,2]", b"x" * 9000, b"no newline"]


def test_a_file_with_odd_bytes_has_only_cr_and_nul_escaped(start, tmp_path):
    """Empty lines, NUL, CR, invalid UTF-8, escapes for terminals, no newline at the end: each
    line is one line in the output, with `\\r` and `\\0` for those bytes."""
    (tmp_path / "source").write_bytes(b"\n".join(ODD_LINES))
    daemon = start(sink={"format": "raw"})
    push(daemon, tmp_path / "source")
    assert daemon.stop() == EXIT_FINE
    assert daemon.lines() == [raw(line) for line in ODD_LINES]
    assert daemon.final.endpoint["malformed"] == 1  # what began with a brace


def test_odd_bytes_split_into_lines(start, client):
    """The same as one message that the daemon splits; a CR before a newline belongs to the line's
    end, as in files of DOS."""
    daemon = start(endpoint={"split": "lines"}, sink={"format": "raw"})
    one = client(daemon.address)
    one.send(b"\n".join(ODD_LINES), b"\n", b"", b"a\n\nb\n", b"a\r\nb\r")
    one.finish()
    assert daemon.stop() == EXIT_FINE
    expected = [raw(line.removesuffix(b"\r")) for line in ODD_LINES]
    assert daemon.lines() == [*expected, b"", b"", b"a", b"", b"b", b"a", b"b\\r"]


@pytest.mark.parametrize("message, line", [
    (b"one\ntwo\n", b"one\\ntwo"), (b"one\n\n", b"one\\n"), (b"\n", b""), (b"\n\n", b"\\n"),
    (b"one\r\n", b"one"), (b"one\r", b"one\\r"), (b"one\r\ntwo", b"one\\r\\ntwo"), (b"", b""),
    (b'{"a": 1,\n "b": 2}\n', b'{"a": 1,\\n "b": 2}'),
])
def test_raw_loses_one_newline_at_the_end_of_a_message(start, client, message, line):
    """Without `split` a message is one entry: it loses one trailing newline, gets one, and the
    inner ones are escaped."""
    daemon = start(sink={"format": "raw"})
    client(daemon.address).send(message)
    assert daemon.wait_lines(1) == [line]
    assert daemon.stop() == EXIT_FINE


def test_ndjson_documents_are_their_own_lines_in_raw(start, client):
    """Each document of a batch stands as it was sent, white space and all; blank lines vanish."""
    documents = [b'{"a":1}', b'{ "a" : [ 1, 2 ] }', b'{"m":"\\u00e9\\n"}', b"{}"]
    daemon = start(sink={"format": "raw"})
    client(daemon.address).send(b"\n\n".join(documents) + b"\r\n \n")
    assert daemon.wait_lines(4) == documents
    assert daemon.stop() == EXIT_FINE
