"""`logboom tail` shows the last entries and then each one as it comes; it costs nobody else anything."""

import json
import pathlib
import re
import signal
import subprocess
import threading

import pytest
from logboom_story import (
    EXIT_FINE,
    EXIT_USAGE,
    LOGBOOM,
    PATIENCE_S,
    end_process,
    numbered_batches,
    numbered_json,
    wait_until,
)
from tail_story import CONTROL, SOCKET, tail_fixture, text_of  # noqa: F401
from terminal_story import Terminal

REFUSED, UNREACHABLE = 1, 2
WIRE = pathlib.Path(__file__).parent.parent / "wire"


def is_missed(line):
    """How many the line says are missing; 0: it is an entry."""
    if line.startswith(b'{"_logboom":{"missed":'):
        return json.loads(line)["_logboom"]["missed"]
    found = re.fullmatch(rb"--- logboom tail: missed (\d+) entr(?:y|ies)", line)
    return int(found[1]) if found else 0


def number_in(line):
    return int(re.search(rb"c\d\d (\d{9}) ", line)[1])


def check_sequence(lines, first=None):
    """Each entry is the one after the last, but for those that were told to be missing; the number of the
    next one."""
    following = first
    for line in lines:
        if missed := is_missed(line):
            following = None if following is None else following + missed
            continue
        number = number_in(line)
        assert following is None or number == following
        following = number + 1
    return following


# ---- what is shown ---------------------------------------------------------------------------


def test_the_last_entries_and_then_those_that_come(start, client, tail):
    daemon = start(**CONTROL)
    sender = client(daemon.address)
    sender.send(*(f'{{"level":"warn","app":"shop","message":"old {i}","k":{i}}}' for i in range(20)))
    daemon.wait_lines(20)
    reader = tail(daemon, "-n", "3")
    assert [text_of(line) for line in reader.wait_lines(3)] == [
        b'- shop warning: old %d k="%d"' % (i, i) for i in (17, 18, 19)]
    sender.send("a line of text")
    assert text_of(reader.wait_lines(4)[-1]) == b"- - -: a line of text"
    only_new = tail(daemon, "-n", "0")
    default = tail(daemon)
    default.wait_lines(10)
    many = tail(daemon, "--last", "1000")
    many.wait_lines(21)
    wait_until(lambda: daemon.said is not None and only_new.process.poll() is None, "it runs")
    sender.send("another")
    assert text_of(many.wait_lines(22)[-1]) == b"- - -: another"
    assert reader.wait_lines(5)[-1] == default.wait_lines(11)[-1] == many.lines()[-1]


def test_what_every_known_client_sends_is_shown_as_a_sink_shows_it(start, client, tail):
    """It is decoded once more for tail, which must make the same of it: with topics, and with what the
    endpoint adds."""
    messages = [[frame.encode() if isinstance(frame, str) else bytes.fromhex(frame["hex"])
                 for frame in message["frames"]]
                for path in sorted(WIRE.glob("*.json")) for message in json.loads(path.read_text())["messages"]]
    messages += [[b'{"message":"one"}\n\nbad\n{"message":"two","k":[1, {"a":"\\u0041"}]}\n'], [b""], [b"x", b""],
                 [b"t" * 5000, b"cut topic"], [b"k", b"header?", b"p1", b"p2"], [b"\xff\x00\x1b[2J"],
                 [b"y" * 40_000]]
    daemon = start(sinks=[{"name": "text", "type": "file", "path": "all.log"},
                          {"name": "json", "type": "file", "path": "all.json", "format": "json"}],
                   endpoint={"host": "peer", "fields": {"env": "test"}}, **CONTROL)
    as_text, as_json = tail(daemon, "-n", "0"), tail(daemon, "-n", "0", "--json")
    wait_readers(daemon, client, tail, [as_text, as_json])
    before = len(daemon.lines())
    sender = client(daemon.address)
    for message in messages:
        sender.send_frames(*message)
    sender.send("the end")
    as_text.wait(lambda lines: lines and lines[-1].endswith(b'the end env="test"'))
    as_json.wait(lambda lines: lines and b'"the end"' in lines[-1])
    count = len(as_text.lines())
    assert count > len(messages) and as_text.lines() == daemon.lines()[-count:]
    assert as_json.lines() == daemon.lines("all.json")[-count:]
    assert before <= len(daemon.lines()) - len(messages)


def wait_readers(daemon, client, tail, readers):
    """Until all of them read along: entries are sent until each has shown one."""
    sender, number = client(daemon.address), 0
    while not all(reader.data for reader in readers):
        sender.send(f"are you there? {number}")
        number += 1
        for reader in readers:
            reader.read_some(0.02)
    sender.send("all are there")
    for reader in readers:
        reader.wait(lambda lines: b"all are there" in lines[-1])
        reader.data = b""


@pytest.mark.parametrize("filters, expected", [
    (["--min-level", "error"], [1, 4]),
    (["--min-level", "WARN"], [1, 2, 4]),
    (["--app", "shop*"], [1, 2]),
    (["--app", "bank", "--app", "shop-eu"], [2, 3]),
    (["--host", "web?"], [2, 4]),
    (["--grep", "(no|some) stock$"], [1, 3]),
    (["--app", "shop*", "--min-level", "error", "--grep", "stock"], [1]),
], ids=lambda it: " ".join(map(str, it)))
def test_filters_are_those_of_match(start, client, tail, filters, expected):
    """Of what was there before, and of what comes."""
    entries = ["text alone",
               '{"level":"error","app":"shop","message":"no stock"}',
               '{"level":"warn","app":"shop-eu","host":"web1","message":"stock low"}',
               '{"level":"info","app":"bank","host":"web12","message":"some stock"}',
               '{"level":"crit","host":"web2","message":"down"}']
    daemon = start(sink={"format": "{message}"}, **CONTROL)
    sender = client(daemon.address)
    sender.send(*entries)
    daemon.wait_lines(5)
    reader = tail(daemon, *filters, "--json")
    texts = ["text alone", *(json.loads(entry)["message"] for entry in entries[1:])]
    lines = reader.wait_lines(len(expected))
    assert [json.loads(line)["message"] for line in lines] == [texts[i] for i in expected]
    sender.send(*entries)
    lines = reader.wait_lines(2 * len(expected))
    assert [json.loads(line)["message"] for line in lines] == [texts[i] for i in expected] * 2


def test_with_n_the_last_that_match_are_shown(start, client, tail):
    daemon = start(**CONTROL)
    client(daemon.address).send(*('{"level":"%s","message":"%d"}' % ("err" if i % 10 == 0 else "info", i)
                                  for i in range(100)))
    daemon.wait_lines(100)
    lines = tail(daemon, "-n", "3", "--min-level", "error").wait_lines(3)
    assert [text_of(line) for line in lines] == [b"- - error: 70", b"- - error: 80", b"- - error: 90"]


# ---- the seam, and slow readers --------------------------------------------------------------


class Load(threading.Thread):
    """Sends numbered batches until it is told to stop."""

    def __init__(self, sender):
        super().__init__(daemon=True)
        self.sender, self.sent, self.stopping = sender, 0, threading.Event()
        self.start()

    def run(self):
        for batch in numbered_batches(0, 100_000_000, 8 * 1024):
            if self.stopping.wait(0.0005):
                return
            self.sender.send(batch)
            self.sent += batch.count(b"\n") + 1

    def stop(self):
        self.stopping.set()
        self.join(PATIENCE_S)
        return self.sent


def test_between_the_last_and_those_that_come_nothing_is_missing_or_double(start, client, tail):
    """Readers come at any moment, while entries come in batches; each sees from the beginning of its own on
    every entry once, or is told how many it has missed."""
    daemon = start(sink={"format": "line"}, **CONTROL)
    load = Load(client(daemon.address))
    readers = []
    for number in range(4):
        wait_until(lambda: load.sent > 500 * (number + 1), "some are sent")
        readers.append(tail(daemon, "-n", str((0, 1, 50, 400)[number])))
        readers[-1].wait(lambda lines: len(lines) > 300)
    sent = load.stop()
    for reader in readers:
        reader.wait(lambda lines: check_sequence(lines) == sent)


def test_entries_that_wait_for_a_sink_are_shown_when_they_are_taken(start, client, tail, fifo):
    """Nobody reads the FIFO, so a batch waits in the middle; later it goes on."""
    daemon = start(sink={"format": "line", "queue": "384KiB"}, endpoint={"max_entry": "4KiB"},
                   memory={"cap": "40MiB"}, **CONTROL)
    reader = tail(daemon, "-n", "0", "--json")
    wait_readers(daemon, client, tail, [reader])
    sender = client(daemon.address, sndhwm=10, sndbuf=65536)
    sent = sender.send_until_blocked(numbered_batches(0, 1_000_000, 20_000))
    accepted = daemon.ledger().endpoint["accepted"]
    late = tail(daemon, "-n", "5", "--json")
    taken = check_sequence(late.wait_lines(5))
    reader.wait(lambda lines: check_sequence(lines, 0) == taken)
    assert accepted > taken > 100
    fifo.begin()
    sender.finish()
    total = sum(batch.count(b"\n") + 1 for _, batch in zip(range(sent), numbered_batches(0, 1_000_000, 20_000)))
    for one in (reader, late):
        one.wait(lambda lines: check_sequence(lines) == total)
    assert daemon.stop() == EXIT_FINE
    fifo.end()


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_a_reader_that_takes_nothing_is_told_how_many_it_missed(start, client, tail, options):
    """Its terminal is stopped, as by Ctrl-S. Nobody waits for it; a second reader misses nothing that
    it has not been told of, either."""
    daemon = start(sink={"format": "line"}, **CONTROL)
    stopped = tail(daemon, "-n", "0", *options)
    wait_readers(daemon, client, tail, [stopped])
    sender = client(daemon.address)
    for batch in numbered_batches(0, 50_000):
        sender.send(batch)
    daemon.wait_written(50_000)
    stopped.wait(lambda lines: check_sequence(lines, 0) == 50_000)
    assert sum(is_missed(line) for line in stopped.lines()) > 10_000
    sender.send(numbered_json(0, 50_000))
    stopped.wait(lambda lines: not is_missed(lines[-1]) and number_in(lines[-1]) == 50_000)


def test_a_message_that_is_longer_than_what_is_kept_is_counted(start, client, tail):
    daemon = start(control={"path": SOCKET, "keep": "16KiB"})
    reader = tail(daemon, "-n", "0")
    wait_readers(daemon, client, tail, [reader])
    client(daemon.address).send("x" * 16_384, "\n".join('{"message":"%d"}' % i for i in range(2000)), "end")
    whole, missed, end = reader.wait_lines(3)
    assert (whole[-20:], missed, text_of(end)) == (b"x" * 20, b"--- logboom tail: missed 2000 entries", b"- - -: end")


# ---- a terminal ------------------------------------------------------------------------------


@pytest.fixture(name="screen")
def screen_fixture():
    """Starts `logboom tail` on a terminal of its own."""
    made = []

    def begin(daemon, *arguments, **env):
        made.append(Terminal([LOGBOOM, "tail", "--control", SOCKET, *arguments], cwd=daemon.folder, **env))
        return made[-1]

    yield begin
    for one in made:
        one.close()


def wait_for(terminal, written):
    terminal.wait(lambda it: written in it.written, written)


def plain(written):
    return re.sub(rb"\x1b\[[0-9;]*m", b"", written)


def test_levels_have_colors_on_a_terminal_and_nothing_else_reaches_it(start, client, screen):
    """Whatever format the sink has: raw passes control characters on, tail never does."""
    daemon = start(sink={"format": "raw"}, **CONTROL)
    client(daemon.address).send('{"level":"err","message":"bad"}', '{"level":"warning","message":"hm"}',
                                '{"level":"info","message":"fine"}', '{"level":"debug","message":"small"}',
                                b"\x1b[2J\x9b2J\x07\rgone \xe2\x80\xae\xc2\x9b31m", "the last")
    daemon.wait_lines(6)
    terminal = screen(daemon)
    wait_for(terminal, b"the last\r\n")
    assert re.search(rb"\x1b\[31m\S+ - - error: bad\x1b\[0m\r\n", terminal.written)
    assert re.search(rb"\x1b\[33m\S+ - - warning: hm\x1b\[0m\r\n", terminal.written)
    assert re.search(rb"\n\S+ - - info: fine\r\n", terminal.written)
    assert re.search(rb"\x1b\[2m\S+ - - debug: small\x1b\[0m\r\n", terminal.written)
    assert rb"\x1b[2J\x9b2J\x07\rgone \u{202e}\u{9b}31m" in terminal.written
    assert not re.search(rb"[^\x20-\x7e\r\n]", plain(terminal.written))


@pytest.mark.parametrize("options, env, colored", [
    ([], {}, True), (["--color", "never"], {}, False), ([], {"NO_COLOR": "1"}, False), ([], {"TERM": "dumb"}, False),
    (["--color=always"], {"NO_COLOR": "1"}, True), (["--json", "--color=always"], {}, False)], ids=str)
def test_colors_where_they_are_wanted(start, client, screen, options, env, colored):
    daemon = start(**CONTROL)
    client(daemon.address).send('{"level":"err","message":"bad"}')
    daemon.wait_lines(1)
    terminal = screen(daemon, *options, **env)
    wait_for(terminal, b"bad")
    wait_for(terminal, b"\n")
    assert (b"\x1b" in terminal.written) == colored


def test_ctrl_s_stops_nobody_else_and_ctrl_c_leaves_the_terminal_in_order(start, client, screen, tail):
    daemon = start(sink={"format": "line"}, **CONTROL)
    sender = client(daemon.address)
    sender.send(numbered_json(0, 0))
    daemon.wait_lines(1)
    terminal = screen(daemon)
    wait_for(terminal, b"c00 000000000")
    terminal.press(b"\x13")
    for batch in numbered_batches(0, 30_000, first=1):
        sender.send(batch)
    daemon.wait_written(30_001)
    other = tail(daemon, "-n", "1")
    assert number_in(other.wait_lines(1)[0]) == 30_000
    terminal.press(b"\x11")
    wait_for(terminal, b"--- logboom tail: missed ")
    sender.send('{"level":"crit","message":"after it"}')
    wait_for(terminal, b"after it\x1b[0m\r\n")
    terminal.press(b"\x03")
    assert terminal.process.wait(PATIENCE_S) == -signal.SIGINT
    wait_for(terminal, b"^C")
    assert terminal.written.rstrip(b"\r\n^C").endswith(b"\x1b[0m")


# ---- the end, and what is refused ------------------------------------------------------------


def test_the_daemons_stop_ends_it_with_a_sentence_and_its_last_entries(start, client, tail):
    daemon = start(**CONTROL)
    reader, machine = tail(daemon, "-n", "0"), tail(daemon, "-n", "0", "--json")
    wait_readers(daemon, client, tail, [reader, machine])
    sender = client(daemon.address)
    sender.send("the last")
    sender.finish()
    assert daemon.stop() == EXIT_FINE
    assert reader.end() == (EXIT_FINE, "logboom tail: logboomd stops\n")
    assert [text_of(line) for line in reader.lines()] == [b"- - -: the last"]
    assert machine.end() == (EXIT_FINE, "logboom tail: logboomd stops\n")
    assert [json.loads(line) for line in machine.lines()][1:] == [{"_logboom": {"end": "logboomd stops"}}]


def test_a_daemon_that_is_killed_has_hung_up(start, client, tail):
    daemon = start(**CONTROL)
    reader = tail(daemon, "-n", "0")
    wait_readers(daemon, client, tail, [reader])
    daemon.send_signal(signal.SIGKILL)
    assert reader.end() == (UNREACHABLE, "logboom tail: logboomd at 'c.sock' has hung up\n")
    assert tail(daemon).end()[0] == UNREACHABLE


def test_when_nobody_reads_its_pipe_it_leaves(start, client, tail):
    daemon = start(**CONTROL)
    reader = tail(daemon, "-n", "0")
    wait_readers(daemon, client, tail, [reader])
    reader.process.stdout.close()
    assert reader.process.wait(PATIENCE_S) == EXIT_FINE


@pytest.mark.parametrize("arguments, sentence", [
    (["--min-level", "loud"], "there is no level 'loud'"),
    (["--grep", "(open"], "missing closing parenthesis"),
    (["--grep", "x" * 1025], "the expression is longer than 1024 bytes"),
], ids=["level", "grep", "long"])
def test_what_cannot_be_is_refused_by_the_daemon(start, tail, arguments, sentence):
    status, said = tail(start(**CONTROL), *arguments).end()
    assert status == REFUSED and sentence in said and said.startswith("logboom tail: ")


def test_more_readers_than_there_are_places_are_refused(start, client, tail):
    daemon = start(**CONTROL)
    readers = [tail(daemon, "-n", "0", "--grep", ".") for _ in range(2)]
    wait_readers(daemon, client, tail, readers)
    assert tail(daemon, "--grep", ".").end() == (
        REFUSED, "logboom tail: 2 readers search messages already, and there is no room for one more\n")
    others = [tail(daemon, "-n", "0") for _ in range(6)]
    wait_readers(daemon, client, tail, [*readers, *others])
    assert tail(daemon).end() == (
        REFUSED, "logboom tail: 8 readers are there already, and there is no room for one more\n")
    end_process(others[0].process)
    readers[0].process.terminate()
    assert tail(daemon, "-n", "2", "--grep", "there").wait_lines(2)


def test_a_daemon_that_keeps_nothing_says_so(start, tail):
    daemon = start(control={"path": SOCKET, "keep": "0"})
    assert tail(daemon).end() == (
        REFUSED, "logboom tail: this logboomd keeps no entries ('control: {keep: 0}')\n")


@pytest.mark.parametrize("arguments, sentence", [
    (["--color", "red"], "--color is 'red', but must be auto, always or never"),
    (["-n", "x"], "--last is 'x', but must be a number"),
    (["all.log"], "'all.log' is too much: what is shown is logboomd's, not a file's; see --app and --grep"),
    (["--mni-level", "x"], "there is no option '--mni-level'; did you mean '--min-level'?"),
], ids=lambda it: it if isinstance(it, str) else " ".join(it))
def test_wrong_usage(arguments, sentence):
    ran = subprocess.run([LOGBOOM, "tail", *arguments], capture_output=True, text=True, timeout=PATIENCE_S)
    assert (ran.returncode, ran.stderr) == (EXIT_USAGE, f"logboom tail: {sentence}; see 'logboom help tail'\n")
