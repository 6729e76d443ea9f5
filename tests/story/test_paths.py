"""One sink, many files: the path is made from entries, and from nothing else that they say.

Every entry has a number and a checksum (Tally); each file must have its own entries, once and in
order, and the ledger must say the same numbers.
"""

import collections
import json
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest
from logboom_story import (
    EXIT_CONFIGURATION,
    EXIT_FINE,
    Daemon,
    Output,
    Tally,
    numbered_text,
    run_logboomd,
    wait_until,
)

TEMPLATE = "{host}.log"


@pytest.fixture
def logs(tmp_path):
    """Where the files are; gone after the test, as they may be many."""
    yield tmp_path / "logs"
    shutil.rmtree(tmp_path / "logs", ignore_errors=True)


def tree_of(logs, template=TEMPLATE, **sink):
    return [{"name": "all", "type": "file", "path": f"{logs}/{template}", "format": "line", **sink}]


def entry(host, number, **more):
    """JSON with a numbered text; every host counts as client 0."""
    return json.dumps({"level": "info", "host": host, **more,
                       "message": numbered_text(0, number).decode()}, ensure_ascii=False).encode()


def shuffled(hosts, count, seed=7):
    """`count` entries of each host, the hosts in random order, each host's own in its order."""
    order = [host for host in hosts for _ in range(count)]
    random.Random(seed).shuffle(order)
    numbers = collections.Counter()
    for host in order:
        yield entry(host, numbers[host])
        numbers[host] += 1


def batches(entries, size=300):
    batch = []
    for one in entries:
        batch.append(one)
        if len(batch) == size:
            yield b"\n".join(batch)
            batch = []
    if batch:
        yield b"\n".join(batch)


def check_file(path, count):
    Tally(path.read_bytes(), "line").check_complete({0: count})


def open_files(daemon, logs):
    """How many files below `logs` the daemon has open."""
    found = 0
    for fd in os.listdir(f"/proc/{daemon.pid}/fd"):
        try:
            target = os.readlink(f"/proc/{daemon.pid}/fd/{fd}")
        except OSError:
            continue
        found += target.startswith(f"{logs}/")
    return found


# ---- many -------------------------------------------------------------------------------------


def test_a_thousand_hosts_each_have_their_file(start, client, logs):
    """20,000 entries of 1,000 hosts in random order, with a queue of 512 KiB. Every line is in the
    file of its host, once and in order; never more than 64 files are open; nothing is in `_other`."""
    hosts = [f"host{i:04}" for i in range(1000)]
    daemon = start(sinks=tree_of(logs, queue="512KiB"))
    most, done = 0, threading.Event()

    def watch():
        nonlocal most
        while not done.is_set():
            most = max(most, open_files(daemon, logs))
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    client(daemon.address).send(*batches(shuffled(hosts, 20)))
    look = daemon.wait_written(20000)
    done.set()
    watcher.join()
    assert sorted(path.name for path in logs.iterdir()) == [f"{host}.log" for host in hosts]
    for host in hosts:
        check_file(logs / f"{host}.log", 20)
    assert (look.sink["paths"], look.sink["open"], look.sink["other"]) == (1000, 64, 0)
    assert 32 < most <= 64
    assert daemon.stop(sent=20000) == EXIT_FINE


MANY_HOSTS = int(os.environ.get("LOGBOOM_HOSTS", "10000"))


@pytest.fixture
def big_disk(logs):
    """A file system in memory, so that a hundred thousand files are gone at once."""
    logs.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2g", "logboom-test", logs]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    yield logs
    if is_mounted:
        subprocess.run(["umount", "-l", logs], check=True)


def test_very_many_hosts_stay_inside_the_cap(start, client, big_disk):
    """With `max_paths: 200000` each of 10,000 hosts (`make soak`: 100,000) has a file of its own,
    with its line in it. The plan knows what the table needs, and the daemon stays inside it."""
    hosts = [f"h{i}" for i in range(MANY_HOSTS)]
    daemon = start(sinks=tree_of(big_disk, max_paths=200_000), memory={"cap": "96MiB"})
    client(daemon.address).send(*batches(shuffled(hosts, 1)))
    look = daemon.wait_written(MANY_HOSTS, patience_s=180)
    assert (look.sink["paths"], look.sink["other"]) == (MANY_HOSTS, 0)
    assert daemon.peak_bytes() <= 96 << 20
    assert daemon.stop(sent=MANY_HOSTS) == EXIT_FINE
    with os.scandir(big_disk) as found:
        assert {one.name for one in found} == {f"{host}.log" for host in hosts}
    for host in hosts:
        check_file(big_disk / f"{host}.log", 1)


def test_paths_beyond_max_paths_share_one_file(start, client, logs):
    """1,500 hosts with the default of 1,000 paths: the first 1,000 have files, the entries of the
    others are in `_other`, counted, in the order in which they came, and the log says so once."""
    hosts = [f"h{i:04}" for i in range(1500)]
    entries = list(shuffled(hosts, 4))
    daemon = start(sinks=tree_of(logs))
    client(daemon.address).send(*batches(entries))
    look = daemon.wait_written(6000)
    seen = list(dict.fromkeys(json.loads(one)["host"] for one in entries))
    for host in seen[:1000]:
        check_file(logs / f"{host}.log", 4)
    assert sorted(path.name for path in logs.iterdir()) == \
        sorted([f"{host}.log" for host in seen[:1000]] + ["_other.log"])
    late = set(seen[1000:])
    expected = [json.loads(one)["message"] for one in entries if json.loads(one)["host"] in late]
    lines = (logs / "_other.log").read_text().splitlines()
    assert [line.split("info: ")[1] for line in lines] == expected
    assert (look.sink["paths"], look.sink["other"]) == (1000, 2000)
    assert daemon.stop(sent=6000) == EXIT_FINE
    assert daemon.said.count("more than max_paths (1000) different paths") == 1


# ---- what clients say -------------------------------------------------------------------------

HOSTILE = {
    "../../etc/passwd": "_._.._etc_passwd",
    "..": "_.",
    ".": "_",
    ".ssh": "_ssh",
    "a/b": "a_b",
    "/etc/passwd": "_etc_passwd",
    "": "-",
    "h" * 300: "h" * 64,
    "nul\0nul": "nul_nul",
    "new\nline": "new_line",
    "caf\u00e9": "caf__",
    "x.log@20261125T211828.123456Z": "x.log_20261125T211828.123456Z",
    "{app}": "_app_",
    "*": "_",
    "-rf": "-rf",
}


def test_hostile_names_stay_in_their_place(start, client, logs, tmp_path):
    """Each name has a file that is made safe, in the folder that was configured, and nowhere else
    anything is made or changed."""
    daemon = start(sinks=tree_of(logs, "{host}/{app}.log"))
    before = sorted(str(path) for path in tmp_path.rglob("*") if logs not in path.parents)
    client(daemon.address).send(*(entry(name, 0, app=name) for name in HOSTILE))
    daemon.wait_written(len(HOSTILE))
    files = collections.Counter(f"{safe}/{safe}.log" for safe in HOSTILE.values())
    assert sorted(str(path.relative_to(logs)) for path in logs.rglob("*.log")) == sorted(files)
    for name, count in files.items():
        assert Tally((logs / name).read_bytes(), "line").total == count
    assert daemon.stop(sent=len(HOSTILE)) == EXIT_FINE
    after = sorted(str(path) for path in tmp_path.rglob("*") if logs not in path.parents)
    assert [path for path in after if path not in before] in ([], [str(logs)])


def test_every_part_can_be_in_the_path(start, client, logs):
    """app, host, level, topic, date and hour; the latter are those of arrival, not the client's."""
    daemon = start(sinks=tree_of(logs, "{date}/{hour}/{host}/{app}-{level}.{topic}"))
    client(daemon.address).send(entry("web1", 0, app="shop", topic="orders.eu",
                                      time="1999-12-31T23:59:59Z"), entry("web1", 0))
    daemon.wait_written(2)
    found = sorted(str(path.relative_to(logs)) for path in logs.rglob("*") if path.is_file())
    assert len(found) == 2
    for path, end in zip(found, ("web1/--info.-", "web1/shop-info.orders.eu")):
        assert re.fullmatch(r"20\d\d-\d\d-\d\d/\d\d/" + re.escape(end), path) and "1999" not in path
    assert daemon.stop(sent=2) == EXIT_FINE


def test_links_that_somebody_has_laid_are_not_followed(start, client, logs, tmp_path):
    """Below the folder of the sink somebody has put a link instead of a folder, one instead of a
    file, and a second name of a file elsewhere. What is outside stays as it is; the entries go to
    `_other`, in order and counted; the log says so once each. The link removed, the host has its
    file again."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret\n")
    logs.mkdir()
    (logs / "folder").symlink_to(outside)
    (logs / "file").mkdir()
    (logs / "file" / "x.log").symlink_to(outside / "secret")
    (logs / "hard").mkdir()
    os.link(outside / "secret", logs / "hard" / "x.log")
    hosts = ["folder", "file", "hard", "fine"]
    daemon = start(sinks=tree_of(logs, "{host}/x.log"))
    one = client(daemon.address)
    one.send(*(entry(host, i) for i in range(50) for host in hosts))
    look = daemon.wait_written(200)
    assert look.sink["other"] == 150
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_text() == "secret\n"
    check_file(logs / "fine" / "x.log", 50)
    lines = (logs / "_other" / "x.log").read_bytes().splitlines()
    numbers = [int(line.split()[3]) for line in lines]
    assert numbers == sorted(numbers) and collections.Counter(numbers) == dict.fromkeys(range(50), 3)
    assert 1 <= daemon.said.count("_other/x.log'") <= 3
    (logs / "folder").unlink()
    sent = 0

    def has_its_file():
        nonlocal sent
        one.send(entry("folder", sent))
        sent += 1
        return (logs / "folder" / "x.log").exists()

    daemon.wait(has_its_file, "the folder")
    daemon.wait_written(200 + sent)
    assert daemon.stop(sent=200 + sent) == EXIT_FINE
    back = [int(line.split()[3]) for line in (logs / "folder" / "x.log").read_bytes().splitlines()]
    assert back == list(range(sent - len(back), sent))


def test_a_folder_that_becomes_a_link_while_it_is_written(start, client, logs, tmp_path):
    """Moved away and replaced by a link to it, while the files in it are open: the open ones are
    written on where they are, nothing is ever made through the link, and no entry is lost."""
    daemon = start(sinks=tree_of(logs, "{host}/{app}.log", max_open=2))
    one = client(daemon.address)
    one.send(*(entry("web", i, app="a") for i in range(10)))
    daemon.wait_written(10)
    os.rename(logs / "web", tmp_path / "moved")
    (logs / "web").symlink_to(tmp_path / "moved")
    one.send(*(entry("web", i, app="b") for i in range(10)))
    one.send(*(entry("web", i, app="a") for i in range(10, 20)))
    look = daemon.wait_written(30)
    assert [path.name for path in (tmp_path / "moved").iterdir()] == ["a.log"]
    others = (logs / "_other" / "_other.log").read_bytes()
    moved = (tmp_path / "moved" / "a.log").read_bytes()
    assert Tally(moved, "line").total + Tally(others, "line").total == 30
    assert look.sink["other"] == Tally(others, "line").total
    assert daemon.stop(sent=30) == EXIT_FINE


# ---- what others do ---------------------------------------------------------------------------


def test_files_are_moved_and_opened_anew(start, client, logs):
    """Somebody renames every file, twice, in the middle of the stream; the second time with
    SIGUSR1. Each host's entries are complete over its three files, in order."""
    hosts = [f"h{i:03}" for i in range(100)]
    daemon = start(sinks=tree_of(logs, max_open=20))
    one = client(daemon.address)
    parts = list(batches(shuffled(hosts, 30), 500))
    for turn, some in enumerate((parts[:2], parts[2:4], parts[4:])):
        one.send(*some)
        daemon.wait_written(500 * len(parts[:2]) * (turn + 1) if turn < 2 else 3000)
        if turn < 2:
            for host in hosts:
                os.rename(logs / f"{host}.log", logs / f"{host}.log.{turn}")
        if turn == 1:
            daemon.send_signal(signal.SIGUSR1)
            daemon.wait_said("reopens the files of '")
            daemon.wait(lambda: open_files(daemon, logs) == 0, "closed")
    for host in hosts:
        data = b"".join((logs / f"{host}.log{end}").read_bytes() for end in (".0", ".1", ""))
        Tally(data, "line").check_complete({0: 30})
    assert daemon.stop(sent=3000) == EXIT_FINE


def test_files_of_days_that_are_over_go_for_max_total(start, client, logs):
    """Ten days of a host lie there, 200 KB each, and more is written today than leaves room for
    them: the oldest go, one after the other, and neither today's nor what only looks alike."""
    logs.mkdir(exist_ok=True)
    days = [f"2020-01-{day:02}" for day in range(1, 11)]
    for age, day in enumerate(days):
        path = logs / f"h0-{day}.log"
        path.write_bytes(b"x" * 199_999 + b"\n")
        os.utime(path, (1577836800 + age * 86400,) * 2)
    decoy = logs / "h0-latest.log"
    decoy.write_bytes(b"y" * 199_999 + b"\n")
    os.utime(decoy, (0, 0))
    daemon = start(sinks=tree_of(logs, "{host}-{date}.log", rotate={"max_total": "1MiB"}))
    client(daemon.address).send(*batches(shuffled(["h0"], 3000)))
    daemon.wait_written(3000)

    def left():
        return sorted(path.name[3:-4] for path in logs.glob("h0-2020-*.log"))

    daemon.wait(lambda: len(left()) < 4, left)
    assert left() == days[10 - len(left()):] and left()
    assert decoy.exists()
    (today,) = set(logs.glob("h0-*.log")) - {decoy} - {logs / f"h0-{day}.log" for day in days}
    check_file(today, 3000)
    look = daemon.wait_ledger(lambda look: look.sink["removed"] == 10 - len(left()), "counted")
    assert look.sink["rotated"] == 0
    assert daemon.stop(sent=3000) == EXIT_FINE


def test_each_file_is_rotated_and_its_past_kept(start, client, logs):
    """Ten hosts with a file each, put away at 16 KiB, of which two are kept, compressed. Every
    host has its newest lines, without a gap, and no more than two files from before."""
    hosts = [f"h{i}" for i in range(10)]
    daemon = start(sinks=tree_of(logs, "{host}/x.log", max_open=4,
                                 rotate={"size": "16KiB", "keep": 2, "compress": "zstd"}))
    client(daemon.address).send(*batches(shuffled(hosts, 600)))
    look = daemon.wait_written(6000)
    assert look.sink["other"] == 0

    def is_tidy():
        names = [path.name for path in logs.rglob("x.log@*")]
        return len(names) == 20 and all(name.endswith(".zst") for name in names)

    daemon.wait(is_tidy, lambda: sorted(map(str, logs.rglob("x.log@*"))))
    look = daemon.wait_ledger(lambda look: look.sink["rotated"] - look.sink["removed"] <= 20,
                              "a pass that is over")  # it counts at its end
    assert look.sink["rotated"] > 40
    for host in hosts:
        data = b"".join(subprocess.run(["zstdcat", path], capture_output=True, check=True).stdout
                        for path in sorted((logs / host).glob("x.log@*")))
        numbers = Tally(data + (logs / host / "x.log").read_bytes(), "line").numbers[0]
        assert numbers == list(range(600 - len(numbers), 600)) and len(numbers) > 200
    assert daemon.stop(sent=6000) == EXIT_FINE


def test_days_in_folders_are_looked_after_as_well(start, client, logs):
    """With the day as a folder, what past days have left goes for max_total, and what today has
    put away is compressed; a folder that is no day is somebody else's."""
    for day in ("2020-01-01", "2020-01-02", "2020-01-xx"):
        (logs / day).mkdir(parents=True)
        (logs / day / "h0.log").write_bytes(b"x" * 599_999 + b"\n")
        os.utime(logs / day / "h0.log", (1577836800,) * 2)
    daemon = start(sinks=tree_of(logs, "{date}/{host}.log",
                                 rotate={"size": "64KiB", "max_total": "1MiB", "compress": "zstd"}))
    client(daemon.address).send(*batches(shuffled(["h0"], 3000)))
    daemon.wait_written(3000)
    daemon.wait(lambda: len(list(logs.glob("2020-01-*/h0.log"))) < 3, "room")
    daemon.wait(lambda: any(logs.glob("*/h0.log@*.zst")), "compressed")
    assert (logs / "2020-01-xx" / "h0.log").exists()
    assert daemon.stop(sent=3000) == EXIT_FINE


def test_very_many_files_are_put_away_at_once(start, client, logs):
    """3,000 hosts in one folder have a file of an earlier day when the daemon starts. Each is put
    away when its host's next entry comes, and not for each the whole folder is read."""
    hosts = [f"h{i:04}" for i in range(3000)]
    logs.mkdir()
    for host in hosts:
        (logs / f"{host}.log").write_text("old\n")
        os.utime(logs / f"{host}.log", (1.7e9, 1.7e9))
    daemon = start(sinks=tree_of(logs, max_paths=3000, rotate={"every": "daily"}))
    client(daemon.address).send(*batches(shuffled(hosts, 1)))
    look = daemon.wait_written(3000)
    with open(f"/proc/{daemon.pid}/stat") as stat:
        ticks = sum(map(int, stat.read().split()[13:15]))
    assert look.sink["rotated"] == 3000
    assert ticks / os.sysconf("SC_CLK_TCK") < 2
    for host in hosts:
        check_file(logs / f"{host}.log", 1)
    for host in hosts[::100]:
        assert [old.read_text() for old in logs.glob(f"{host}.log@*")] == ["old\n"]
    assert daemon.stop(sent=3000) == EXIT_FINE


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB below the test's folder."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "logboom-test", place]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small tmpfs needs root")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_in_the_middle_of_many_files(start, client, small_disk):
    """The disk fills up while 40 files grow; the daemon says so once. When there is room it goes
    on, in the middle of the line that broke off: each file is complete, no line is torn or twice."""
    hosts = [f"h{i:02}" for i in range(40)]
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (600 << 10))
    daemon = start(sinks=tree_of(small_disk / "logs", max_open=8))
    one = client(daemon.address)
    one.send(*batches(shuffled(hosts, 60)))
    daemon.wait_said("No space left on device")
    daemon.wait_ledger(lambda look: look.endpoint["received"] == 2400)
    ballast.unlink()
    look = daemon.wait_written(2400)
    assert look.sink["other"] == 0
    for host in hosts:
        check_file(small_disk / "logs" / f"{host}.log", 60)
    assert daemon.said.count("No space left on device") == 1
    assert daemon.said.count("sink all: writing again after") == 1
    assert daemon.stop(sent=2400) == EXIT_FINE


def test_what_a_full_disk_makes_drop_is_told_in_other(start, client, small_disk):
    """The same with `drop_oldest` and a small queue: what is missing in the files is what the
    notices in `_other` tell, and what the ledger says, to the entry."""
    hosts = [f"h{i:02}" for i in range(40)]
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (700 << 10))
    logs = small_disk / "logs"
    daemon = start(sinks=tree_of(logs, max_open=8, queue="512KiB", when_full="drop_oldest"))
    one = client(daemon.address)
    one.send(*batches(shuffled(hosts, 60)))
    daemon.wait_said("No space left on device")
    one.send(*batches(entry(host, 60 + i) for i in range(200) for host in hosts))
    daemon.wait_ledger(lambda look: look.sink["dropped"] > 1000 and
                       look.endpoint["received"] == 40 * 260)
    ballast.unlink()
    look = daemon.wait_ledger(lambda look: look.sink["queued"] + look.sink["in_flight"] == 0 and
                              look.sink["notices"] > 0)
    other = Output((logs / "_other.log").read_bytes(), "line")
    assert other.entries == b""
    assert other.told == look.sink["reasons"] and len(other.notices) == look.sink["notices"]
    arrived = 0
    for host in hosts:
        tally = Tally((logs / f"{host}.log").read_bytes(), "line")
        assert tally.torn == 0 and tally.faults(0, 260).keys() <= {"lost"}
        arrived += tally.total
    assert arrived + sum(other.told.values()) == 40 * 260
    assert arrived == look.sink["written"]
    assert daemon.stop(sent=40 * 260) == EXIT_FINE


def test_killed_again_and_again(client, logs, tmp_path):
    """Killed 25 times while it writes to 200 files with 16 open. Each time the next start goes on:
    in every file there are only whole lines of that host, each once and in order, and those that a
    kill has cut, which end in the mark."""
    hosts = [f"h{i:03}" for i in range(200)]
    numbers = collections.Counter()
    rng = random.Random(11)
    for turn in range(25):
        folder = tmp_path / f"run{turn}"
        folder.mkdir()
        daemon = Daemon(folder, sinks=tree_of(logs, max_open=16, queue="512KiB"))
        one = client(daemon.address)
        some = []
        for host in rng.choices(hosts, k=3000):
            some.append(entry(host, numbers[host]))
            numbers[host] += 1
        one.send(*batches(some))
        wanted = rng.randrange(0, 3000, 100)
        daemon.wait_ledger(lambda look: look.endpoint["received"] >= wanted)
        daemon.end()
        daemon.check_said()
        one.close()
    torn = 0
    for path in logs.iterdir():
        lines = path.read_bytes().split(b"\n")
        if lines.pop():
            torn += 1
        marked = [line for line in lines if line.endswith(rb" \[torn]")]
        whole = b"".join(line + b"\n" for line in lines if not line.endswith(rb" \[torn]"))
        tally = Tally(whole, "line")
        assert tally.torn == 0
        assert tally.faults(0, numbers[path.stem]).keys() <= {"lost"}, path
        torn += len(marked)
    assert len(list(logs.iterdir())) == 200


# ---- configuration ----------------------------------------------------------------------------


@pytest.mark.parametrize("paths, problem", [
    (["{user}.log"], "a path has no '{user}'; there are {app} {host}"),
    (["{hots}.log"], "a path has no '{hots}'; did you mean '{host}'?"),
    (["{host}/"], "names a folder; name a file in it"),
    (["{host}/../x"], "has an empty folder, '.' or '..' behind its first placeholder"),
    (["{host}.log", "{app}.log"], "can become a file of sink 's0', too"),
    (["{host}.log", "web.log"], "can become a file of sink 's0', too"),
    (["web.log", "../{topic}/{host}.log"], "can become a file of sink 's0', too"),
    (["{host}.log", "{app}.log@{host}"], "can become a file of sink 's0', too"),
])
def test_paths_that_cannot_be_right_are_refused(tmp_path, paths, problem):
    config = tmp_path / "x.yaml"
    sinks = [{"name": f"s{i}", "type": "file", "path": f"{tmp_path}/logs/{path}"}
             for i, path in enumerate(paths)]
    config.write_text(json.dumps({"ingest": [{"name": "a", "bind": "tcp://127.0.0.1:0"}],
                                  "sinks": sinks}))
    told = run_logboomd("--config", config, "--check")
    assert told.returncode == EXIT_CONFIGURATION
    assert problem in told.stderr


@pytest.mark.parametrize("path, problem", [
    ("{host}/a*b/x.log", "'{host}/a*b/x.log' cannot be rotated: its name has a '*'"),
    ("{host}/" + "x/" * 16 + "x.log", "has more than 16 parts"),
])
def test_paths_that_cannot_be_rotated_are_refused(tmp_path, path, problem):
    """By --check as by a start; without rotation they are fine."""
    config = tmp_path / "x.yaml"
    for rotate in ({"size": "1MiB"}, {}):
        sink = {"name": "all", "type": "file", "path": f"{tmp_path}/{path}", "rotate": rotate}
        config.write_text(json.dumps({"ingest": [{"name": "a", "bind": "tcp://127.0.0.1:0"}],
                                      "sinks": [{k: v for k, v in sink.items() if v}]}))
        told = run_logboomd("--config", config, "--check")
        assert told.returncode == (EXIT_CONFIGURATION if rotate else EXIT_FINE)
        assert (problem in told.stderr) == bool(rotate)


def test_sinks_beside_each_other(start, client, logs):
    """Two sinks with many files and one with one, of the same entries: paths that cannot meet."""
    daemon = start(sinks=[*tree_of(logs, "host/{host}.log"),
                          {"name": "apps", "type": "file", "path": f"{logs}/app/{{app}}.json", "format": "json"},
                          {"name": "one", "type": "file", "path": f"{logs}/all.txt", "format": "line"}])
    client(daemon.address).send(*(entry(f"h{i % 3}", i // 3, app=f"client{i % 2:02}") for i in range(60)))
    daemon.wait_written(60)
    for i in range(3):
        check_file(logs / "host" / f"h{i}.log", 20)
    assert sorted(path.name for path in (logs / "app").iterdir()) == ["client00.json", "client01.json"]
    assert len((logs / "all.txt").read_bytes().splitlines()) == 60
    wait_until(lambda: "other=0" in daemon.said, "the ledger")
    assert daemon.stop(sent=60) == EXIT_FINE
