"""What README.md and docs/ say is tried: every command, every configuration, every output.

Each fenced block is part of a scene, named in a comment in front of it that a reader of the page
does not see, or says why it is not run:

    <!-- run: example NAME [WHAT] -->  entries go through a real daemon, and come out as shown.
         yaml: its configuration, else conf/quickstart.yaml     sh, python, json: what is sent;
         text: what a sink has then; WHAT is its path, `ledger`, or the format of each line
    <!-- run: console NAME [FILE] -->  yaml: a file;  console: commands and what they print
    <!-- run: chain NAME [FILE] -->    yaml: two daemons, the second of which sends to the first;
         console: as above. What is sent to the second is written by the first
    <!-- run: check NAME FILE -->      yaml files of one configuration; the first gets --check
    <!-- run: make NAME -->            `make -n` knows how to do it
    <!-- run: make-run -->             what `make run` prints
    <!-- not run: REASON -->

A yaml block without a comment is a configuration for --check. Only addresses and folders are
changed: ports become free ones, /run/logboom and /var/log/logboom a folder of the test.
Words in backticks that look like paths must exist, and so must what links point to.
"""

import collections
import contextlib
import datetime
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys

import pytest
from logboom_story import (
    BUILD,
    EXIT_FINE,
    LOGBOOMD,
    PATIENCE_S,
    clean_environment,
    run_logboomd,
    wait_until,
)
from receivers import free_port
from metrics_story import page_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

Block = collections.namedtuple("Block", "language text line scene words")


def blocks_of(page):
    """The fenced blocks of a page, each with its scene: (verb, name), or None if it is not run."""
    lines = page.read_text().splitlines()
    found, begin = [], None
    for number, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if begin is None:
            begin = number
            continue
        language, comment = lines[begin][3:], lines[begin - 1]
        text = "".join(one + "\n" for one in lines[begin + 1 : number])
        where = f"{page.name}:{begin + 1}"
        scene, words = None, []
        if run := re.fullmatch(r"<!-- run: (.*) -->", comment):
            verb, *words = shlex.split(run[1])
            scene = (verb, words.pop(0) if words else "")
        elif language == "yaml" and not comment.startswith("<!--"):
            scene = ("check", where)
        else:
            assert re.fullmatch(r"<!-- not run: \S.{7,} -->", comment), f"{where}: who runs this block?"
        found.append(Block(language, text, where, scene, words))
        begin = None
    assert begin is None, f"{page.name}: a block without an end"
    return found


def scenes():
    found = collections.defaultdict(list)
    for page in PAGES:
        for block in blocks_of(page):
            if block.scene:
                found[(page.name, *block.scene)].append(block)
    return found


SCENES = scenes()


@pytest.fixture
def place(tmp_path_factory):
    """A folder with a short name, since the path of a socket has 107 bytes at most. In it are
    the build, the sample configurations, and what stands for /var/log and /run."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "build").symlink_to(BUILD)
    (folder / "conf").symlink_to(ROOT / "conf")
    for name in ("run", "log", "conf.d"):
        (folder / name).mkdir()
    return folder


def moved(text, place):
    return text.replace("/run/logboom/", f"{place}/run/").replace("/var/log/logboom/", f"{place}/log/")


def with_free_ports(text):
    return re.sub(r"(tcp://[^\s:'\"]+):5514", r"\1:0", text)


# ---- scenes: configurations and commands -----------------------------------------------------


def play_check(blocks, place):
    names = [block.words[0] if block.words else "logboom.yaml" for block in blocks]
    for name, block in zip(names, blocks):
        assert block.language == "yaml", block.line
        (place / name).write_text(with_free_ports(moved(block.text, place)))
    told = run_logboomd("--check", "--config", names[0], cwd=place)
    assert (told.returncode, told.stderr) == (EXIT_FINE, ""), blocks[0].line


def transcript(text, place):
    """A console block once more: each command behind its `$ `, then what it says now."""
    script, mark = "", "end of a command"
    for command in re.findall(r"^\$ (.*)", text, re.M):
        script += f"{command}\n__s=$?; echo '{mark}'; (exit $__s)\n"
    path = f"{BUILD}:{os.environ['PATH']}"
    ran = subprocess.run(["sh"], input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         cwd=place, timeout=PATIENCE_S, env=clean_environment(PATH=path))
    said = ran.stdout.split(f"{mark}\n")
    return "".join(f"$ {command}\n{output}"
                   for command, output in zip(re.findall(r"^\$ (.*)", text, re.M), said))


def play_console(blocks, place):
    """Where the page speaks of an address in use, another program listens there."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = str(other.getsockname()[1])
        in_use = any("Address already in use" in block.text for block in blocks)
        if in_use:
            other.listen()
        for block in blocks:
            if block.language == "yaml":
                text = block.text.replace("5514", port) if in_use else with_free_ports(block.text)
                (place / block.words[0]).write_text(text)
            else:
                assert block.language == "console", block.line
                expected = block.text
                said = transcript(block.text, place)
                said = said.replace(port, "5514") if in_use else re.sub(r"(tcp://[\d.]+):0\b", r"\1:5514", said)
                assert said == expected, block.line


def play_chain(blocks, place, start):
    """Follows the page, with the key that was really made; then an entry goes from end to end."""
    port = free_port()
    play_console([block._replace(text=block.text.replace(":5515", f":{port}")) for block in blocks], place)
    daemons = []
    for name in [block.words[0] for block in blocks if block.language == "yaml"]:
        text = (place / name).read_text()
        text = re.sub(rf"tcp://[\d.]+:{port}", f"tcp://127.0.0.1:{port}", text)
        if "server_key" in text:
            public = (place / "hub.pub").read_text().split()[-1]
            text = re.sub(r"server_key: '[^']*'", lambda _: f"server_key: '{public}'", text)
        daemons.append(start(folder=place, text=text))
    first, second = daemons
    subprocess.run([BUILD / "logboom", "push", "--to", second.address], input=b"hello\n", cwd=place, check=True,
                   timeout=PATIENCE_S, env=clean_environment())
    first.wait_written(1)
    assert second.stop() == EXIT_FINE and first.stop() == EXIT_FINE
    assert first.lines() == [b"edge1: hello"]


def make(*arguments):
    """The recipe, whatever the make that runs these tests was told on its command line."""
    told = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "O", "SAN", "V", "CC", "CXX", "CONFIG"}
    kept = {k: v for k, v in clean_environment().items() if k not in told}
    ran = subprocess.run(["make", "-n", *arguments], cwd=ROOT, env=kept, capture_output=True, text=True,
                         timeout=10 * PATIENCE_S)  # it looks at every file, and asks compilers
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def play_make(blocks, place):
    """`make test` cannot run inside of itself; that there is a recipe can be known."""
    for block in blocks:
        for line in block.text.splitlines():
            command, *arguments = shlex.split(line, comments=True)
            assert command == "make" and make(*arguments), line


def play_make_run(blocks, place, start):
    """The hints as the recipe prints them, and the line of the daemon on that configuration."""
    (block,) = blocks
    recipe = make("run")
    (hints,) = re.findall(r"printf '%s\\n' 'In (?:.*\\\n)*.*\n", recipe)[-1:]
    printed = subprocess.run(["sh", "-c", hints], capture_output=True, text=True, check=True,
                             timeout=PATIENCE_S).stdout
    assert "exec build/logboomd --config conf/quickstart.yaml" in recipe
    daemon = start(folder=place, text=with_free_ports((ROOT / "conf/quickstart.yaml").read_text()))
    (ready,) = re.findall(r"^ready: .*\n", daemon.said, re.M)
    said = printed + ready.replace(daemon.address, "tcp://127.0.0.1:5514")
    assert masked(said) == masked(block.text)
    assert daemon.stop() == EXIT_FINE


def masked(text):
    return re.sub(r"using \d+", "using N", text)


# ---- scenes: entries through a daemon --------------------------------------------------------

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}Z"


def is_recent(text):
    age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(text)
    return abs(age) < datetime.timedelta(minutes=5)


def check_same(actual, expected, line):
    """Byte for byte, but for times of arrival: those are now."""
    assert re.sub(TIME, "TIME", actual) == re.sub(TIME, "TIME", expected), line
    for now, shown in zip(re.findall(TIME, actual), re.findall(TIME, expected)):
        assert now == shown or is_recent(now), line


class Shell:
    """A person's terminal in that folder. What it left in the background goes with it."""

    def __init__(self, text, place, address):
        env = clean_environment(LOGBOOM_ADDRESS=address)
        self.output = place / "terminal"
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(["sh", "-e", "-c", text], cwd=place, env=env, stdout=out,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                            start_new_session=True)
        try:
            self.status = self.process.wait(timeout=PATIENCE_S)
        except BaseException:
            self.end()
            raise

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)


PUSH = """import zmq
with zmq.Context() as context, context.socket(zmq.PUSH) as push:
    push.connect("tcp://127.0.0.1:5514")
"""


def as_program(block):
    """The fragments of the manual speak of `push`, the socket of the README's client."""
    if block.language == "json":
        text = "".join(f"push.send({line.encode()!r})\n" for line in block.text.splitlines())
    else:
        text = block.text
    return text if "import zmq" in text else PUSH + "".join(f"    {one}\n" for one in text.splitlines())


def send(block, place, address):
    """A terminal if the block is one; programs have ended, and handed over all they had."""
    assert "5514" not in address
    if block.language == "sh":
        text = moved(block.text, place).replace("tcp://127.0.0.1:5514", address)
        if not os.path.exists("/var/log/dpkg.log"):
            text = text.replace("/var/log/dpkg.log", str(ROOT / "LICENSE"))
        (place / "events.ndjson").write_text('{"message":"one"}\n{"message":"two"}\n')
        shell = Shell(text, place, address)
        assert shell.status == 0, (block.line, shell.output.read_text())
        return shell
    program = as_program(block).replace("tcp://127.0.0.1:5514", address)
    assert "5514" not in program
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE_S, cwd=place)
    return None


def configuration(blocks, formats):
    """Of the scene: its yaml block, a sink for each format that it compares, or the quickstart."""
    for block in blocks:
        if block.language == "yaml":
            return block.text
    if not formats:
        return (ROOT / "conf/quickstart.yaml").read_text()
    sinks = "".join(f"  - {{name: s{i}, type: file, path: {i}.log, format: '{one}'}}\n"
                    for i, one in enumerate(formats))
    return f"ingest:\n  - {{name: apps, bind: 'tcp://127.0.0.1:5514'}}\nsinks:\n{sinks}"


def read(place, target):
    path = place / target
    return path.read_text() if path.exists() else ""


def play_example(blocks, place, start):
    inputs = [block for block in blocks if block.language in ("sh", "python", "json")]
    outputs = [block for block in blocks if block.language == "text"]
    formats = next((b.words for b in outputs if len(b.words) > 1), [])
    assert inputs and len(inputs) + len(outputs) + sum(b.language == "yaml" for b in blocks) == len(blocks)
    text = with_free_ports(moved(configuration(blocks, formats), place))
    daemon = start(folder=place, text=text)
    shells = [send(block, place, daemon.address) for block in inputs]
    try:
        for shell in filter(None, shells):  # `tail -F` shows it by and by
            if "tail -F" in shell.process.args[-1]:
                for block in outputs:
                    wait_until(lambda: shell.output.read_text().count("\n") >= block.text.count("\n"), block.line)
                    check_same(shell.output.read_text(), block.text, block.line)
    finally:
        for shell in filter(None, shells):
            shell.end()
    daemon.wait_ledger(lambda look: sum(it["messages"] for it in look.endpoints.values()) > 0)
    assert daemon.stop() == EXIT_FINE
    for block in outputs:
        check_output(block, daemon, place)
    if not outputs:
        assert all(it["written"] >= 3 for it in daemon.final.sinks.values()), blocks[0].line


def check_output(block, daemon, place):
    if len(block.words) > 1:
        actual = "".join(read(place, f"{i}.log") for i in range(len(block.words)))
    elif block.words == ["ledger"]:
        actual = "".join(re.findall(r"^ledger: .*\n", daemon.said, re.M)[-block.text.count("\n") :])
    else:
        actual = read(place, block.words[0] if block.words else daemon.targets[0])
    check_same(actual, block.text, block.line)


# ---- all of them -----------------------------------------------------------------------------


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: "-".join(filter(None, scene)))
def test_what_the_pages_show(scene, place, start):
    """Somebody follows the page, and gets what it says."""
    _, verb, name = scene
    blocks = SCENES[scene]
    if verb == "example":
        play_example(blocks, place, start)
    elif verb == "make-run":
        play_make_run(blocks, place, start)
    elif verb == "chain":
        play_chain(blocks, place, start)
    else:
        plays = {"check": play_check, "console": play_console, "make": play_make}
        assert verb in plays, f"{blocks[0].line}: nobody knows how to '{verb}'"
        plays[verb](blocks, place)


# ---- tables ----------------------------------------------------------------------------------


def rows(text):
    """The rows of the first table in a text, as lists of cells."""
    cells = [re.split(r"(?<!\\) ?\| ?", line.strip("|").strip()) for line in
             re.search(r"(?:^\|.*\n)+", text, re.M)[0].splitlines()]
    return cells[2:]


def table(page, name):
    return rows((ROOT / page).read_text().split(f"<!-- table: {name} -->\n")[1])


def words(cell):
    return re.findall(r"`([^`]+)`", cell)


def test_the_table_of_levels(start, client):
    """Each word of the table, in both cases, is the level of its row."""
    sent = [(word, level) for first, *aliases in table("docs/semantics.md", "levels")
            for level in words(first) for word in [level, *words(" ".join(aliases))]]
    assert len(sent) > 20
    daemon = start(sink={"format": "{level} {message}"})
    client(daemon.address).send(*('{"level":"%s","message":"%s"}' % (one, word)
                                  for word, _ in sent for one in (word, word.upper())))
    assert daemon.wait_lines(2 * len(sent)) == [f"{level} {word}".encode()
                                                for word, level in sent for _ in range(2)]


def test_the_table_of_keys(start, client):
    """Each key fills the part of its row, and no other."""
    parts = {part: words(keys) for part, keys in table("docs/semantics.md", "keys")}
    value = {"time": "2026-11-23T03:34:12Z", "level": "crit"}
    messages, expected = [], []
    for part, keys in parts.items():
        for key in keys:
            messages.append('{"%s":"%s"}' % (key, value.get(part, "here")))
            expected.append([(value.get(part, "here") if part == one else "-") for one in list(parts)[1:]])
    daemon = start(sink={"format": " ".join("{%s}" % part for part in list(parts)[1:]) + "{fields} {time}"})
    client(daemon.address).send(*messages)
    lines = [line.decode().split(" ") for line in daemon.wait_lines(len(messages))]
    assert [line[:-1] for line in lines] == expected
    assert [line[-1].startswith("2026-11-23T03:34:12.000000Z") for line in lines] == [
        part == "time" for part, keys in parts.items() for _ in keys]


def settings_of_the_program():
    """--help-config as {path: (value, default)}."""
    found, open_sections = {}, []
    for line in run_logboomd("--help-config").stdout.splitlines():
        row = re.match(r"( {0,8})(- )?(\w+): +(\S.*)", line)  # what is farther in is help
        if not row:
            continue
        indent = len(row[1]) + len(row[2] or "")
        open_sections = [one for one in open_sections if one[0] < indent]
        value, _, standard = row[4].partition("; default ")
        path = ".".join([*(name for _, name in open_sections), row[3]])
        found[path] = (value, standard)
        if "section" in value:
            open_sections.append((indent, row[3] + ("[]" if value.startswith("list") else "")))
    return found


def test_the_manual_has_every_setting_and_no_other():
    """Names, kinds, bounds and defaults are those of --help-config."""
    page = (ROOT / "docs/configuration.md").read_text().split("## Settings\n")[1].split("\n## ")[0]
    said = {}
    for section in page.split("\n### ")[1:]:
        for name, value, standard, meaning in rows(section):
            said[name.strip("`")] = (value, standard)
            assert len(meaning) > 10, name
    assert said == settings_of_the_program()


def test_the_table_of_metrics(start):
    """Each has its type, its labels and its help, in the order of the page; and there is no other."""
    page = page_of(start(metrics={"listen": "127.0.0.1:0"}))
    labels = {}
    for line in page.text.splitlines():
        if found := re.match(r"([a-z0-9_]+?)(?:_bucket)?(?:\{(.*)\})? ", line):
            labels.setdefault(found[1], [name for name in re.findall(r'(\w+)="', found[2] or "") if name != "le"])
    helps = dict(re.findall(r"^# HELP (\w+) (.*)\.$", page.text, re.M))
    assert [(words(name)[0], kind, words(marks), meaning) for name, kind, marks, meaning in
            table("docs/metrics.md", "metrics")] == [
        (name, kind, labels[name], helps[name]) for name, kind in page.families.items()]


def test_the_benchmarks_that_the_pages_name():
    """Each exists, and each that exists is named."""
    named = set(re.findall(r"`([A-Z]\w+/[\w+]+)`", (ROOT / "docs/architecture.md").read_text()))
    exist = set()
    for group in (ROOT / "bench").glob("micro_*.c"):
        exist.update(re.findall(r'\{"([A-Z]\w+/[\w+]+)", ', group.read_text()))
    assert named == exist


def test_exit_statuses_and_signals_are_those_of_help():
    told = run_logboomd("--help").stdout
    statuses = set(re.findall(r"\b\d+\b", told.split("Exit status:")[1]))
    for page in ("README.md", "docs/semantics.md"):
        text = (ROOT / page).read_text()
        for number in statuses:
            assert re.search(rf"(^\| |^){number}\b", text, re.M), (page, number)
        for name in set(re.findall(r"SIG\w+", told)):
            assert f"`{name}`" in text, (page, name)


# ---- what the pages point to -----------------------------------------------------------------


def anchors(page):
    """As GitHub makes them of headings."""
    found = set()
    for heading in re.findall(r"^#+ (.*)", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S), re.M):
        found.add(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_paths_lead_somewhere(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        place = (page.parent / file).resolve() if file else page
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target
    folders = "conf|aggregate|ingest|sink|daemon|client|bench|tests|docs|tools|contrib|metrics"
    for path in re.findall(rf"`((?:{folders})/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path


def test_the_programs_are_those_that_were_just_built():
    """The examples above were played with them."""
    assert LOGBOOMD.is_file() and (BUILD / "logboom").is_file()
