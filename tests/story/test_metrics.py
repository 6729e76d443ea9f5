"""Prometheus comes by: what it is told is the ledger, however the daemon fares."""

import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import urllib.parse
import urllib.request

import pytest

from logboom_story import (EXIT_CONFIGURATION, EXIT_FINE, EXIT_SYSTEM, PATIENCE_S, SANITIZED, config_text,
                           end_process, run_logboomd, wait_until)
from metrics_story import Page, ask, page_of, url_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
METRICS = {"listen": "127.0.0.1:0"}
ENDPOINT, SINK = "endpoint=apps", "sink=all"


def test_the_page_is_the_ledger(start, client):
    """Good entries, one that is not what it should be, and one that nobody wants: each is where it
    belongs, and the histogram has all that are written."""
    daemon = start(metrics=METRICS, endpoint={"decode": "json"}, sink={"match": {"not": {"app": "x"}}})
    client(daemon.address).send(*['{"message":"good"}'] * 90, *['{"app":"x","message":"x"}'] * 7, *["bad"] * 3)
    daemon.wait_lines(93)
    daemon.wait(lambda: page_of(daemon)["logboom_entries_written_total", SINK] == 93, "93 written")
    page, look = page_of(daemon), daemon.ledger()
    for name in ("received", "malformed", "unrouted"):
        assert page[f"logboom_entries_{name}_total", ENDPOINT] == look.endpoint[name]
    assert (look.endpoint["received"], look.endpoint["malformed"], look.endpoint["unrouted"]) == (100, 3, 7)
    for name in ("offered", "written"):
        assert page[f"logboom_entries_{name}_total", SINK] == look.sink[name] == 93
    assert page["logboom_queue_entries", SINK] == page["logboom_queue_bytes", SINK] == 0
    assert page["logboom_clients", ENDPOINT] == 1
    assert page["logboom_sink_up", SINK] == page["logboom_gate_active"] == page["logboom_config_reload_ok"] == 1
    assert page["logboom_written_bytes_total", SINK] == daemon.log.stat().st_size
    assert page["logboom_memory_cap_bytes"] == 64 << 20
    assert 1 << 20 < page["process_resident_memory_bytes"] <= page["logboom_memory_cap_bytes"] or SANITIZED
    buckets = [value for key, value in page.samples.items() if key[0] == "logboom_delivery_seconds_bucket"]
    assert buckets == sorted(buckets) and buckets[-1] == 93
    assert page["logboom_delivery_seconds_count", SINK] == 93
    assert 0 < page["logboom_delivery_seconds_sum", SINK] < 93 * PATIENCE_S
    again = page_of(daemon)
    assert again.families == page.families and set(again.samples) == set(page.samples)
    assert again["process_start_time_seconds"] == page["process_start_time_seconds"]
    assert again["process_cpu_seconds_total"] >= page["process_cpu_seconds_total"]


def test_a_sink_that_stands_still_shows(start, client, fifo):
    """Nobody reads the FIFO: the queue fills, clients wait, and Prometheus still gets its page. Then
    somebody reads, and all that is written took as long as it did."""
    daemon = start(metrics=METRICS, sink={"queue": "512KiB"})
    wait = client(daemon.address)
    sent = wait.send_until_blocked(b"x" * 1000 for _ in range(1_000_000))
    daemon.wait(lambda: page_of(daemon)["logboom_blocked_seconds_total", SINK] > 0.1, "blocked for 100 ms")
    page = page_of(daemon)
    assert page["logboom_endpoint_waiting", ENDPOINT] == 1
    assert page["logboom_queue_limit_bytes", SINK] == 512 << 10
    assert page["logboom_queue_bytes", SINK] > 300 << 10
    assert page["logboom_oldest_queued_seconds", SINK] > 0.1
    assert page["logboom_gate_charged_bytes"] > 0
    assert ask(daemon, "/healthz") == (200, "ok\n") and ask(daemon, "/readyz") == (200, "ready\n")
    fifo.begin()
    daemon.wait(lambda: page_of(daemon)["logboom_entries_written_total", SINK] == sent, "all written")
    page = page_of(daemon)
    assert page["logboom_delivery_seconds_sum", SINK] > 0.1
    assert page["logboom_delivery_seconds_bucket", SINK, "le=0.1"] < sent
    wait.finish()
    assert daemon.stop(sent=sent) == EXIT_FINE


def test_a_daemon_that_stops_is_not_ready(start, client, fifo):
    """It drains into a FIFO that nobody reads: nobody should send it more, and it is not dead."""
    daemon = start(metrics=METRICS)
    sender = client(daemon.address)
    sender.send(*["x" * 1000] * 100)
    daemon.wait(lambda: page_of(daemon)["logboom_entries_received_total", ENDPOINT] == 100, "received")
    assert ask(daemon, "/readyz")[0] == 200
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(lambda: ask(daemon, "/readyz") == (503, "stopping\n"), "503")
    assert ask(daemon, "/healthz")[0] == 200
    assert page_of(daemon)["logboom_draining"] == 1
    sender.finish()
    fifo.begin()
    assert daemon.wait_exit(sent=100) == EXIT_FINE


def test_a_sink_that_is_down_and_a_client_that_is_cut(start, client):
    """A receiver that is not there, drops, and a message that is too long."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        daemon = start(metrics=METRICS, endpoint={"max_message": "4KiB", "max_entry": "4KiB"}, sinks=[
            {"name": "all", "type": "tcp", "address": f"127.0.0.1:{nobody.getsockname()[1]}", "queue": "512KiB",
             "when_full": "drop_newest"}])
        client(daemon.address).send(*["x" * 1000] * 2000)
        client(daemon.address).send("x" * 5000)
        daemon.wait(lambda: page_of(daemon)["logboom_peers_closed_total", ENDPOINT, "reason=message"] > 0, "cut")
        daemon.wait(lambda: page_of(daemon)["logboom_entries_offered_total", SINK] == 2000, "offered")
        page = page_of(daemon)
        assert page["logboom_sink_up", SINK] == 0
        dropped = page["logboom_entries_dropped_total", SINK, "reason=full"]
        assert dropped > 0 and dropped + page["logboom_queue_entries", SINK] == 2000


def test_whoever_is_slow_keeps_nobody_out(start, client):
    """Eight connections say nothing, or a byte now and then: after five seconds they are closed, and
    a ninth is served. Meanwhile entries are written."""
    daemon = start(metrics=METRICS)
    host, port = url_of(daemon).split(":")
    idle = [socket.create_connection((host, int(port)), timeout=PATIENCE_S) for _ in range(8)]
    ninth = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
    ninth.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    client(daemon.address).send(*["x"] * 100)
    daemon.wait_lines(100)
    ninth.settimeout(0.2)
    for _ in range(10 * PATIENCE_S):
        for one in idle[:4]:
            try:
                one.sendall(b"G")
            except OSError:
                pass
        try:
            answer = ninth.recv(100)
            break
        except TimeoutError:
            pass
    assert answer.startswith(b"HTTP/1.1 200 OK")
    for one in idle:
        one.close()
    assert page_of(daemon)["logboom_entries_written_total", SINK] == 100


def test_without_metrics_nothing_of_it_is_there(start):
    """Nobody configured them: no library is loaded for them, and no memory kept."""
    daemon = start()
    assert "microhttpd" not in pathlib.Path(f"/proc/{daemon.pid}/maps").read_text()
    assert "http://" not in daemon.said
    assert not re.search("^metrics ", run_logboomd("--plan", "--config", daemon.config).stdout, re.M)


def test_an_address_in_use_is_told(start, tmp_path):
    """As of an endpoint: --check expects it of the running daemon, a second start leaves at once."""
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    port.listen()
    listen = f"127.0.0.1:{port.getsockname()[1]}"
    text = config_text([{"name": "apps", "bind": "tcp://127.0.0.1:0"}],
                       [{"name": "all", "type": "file", "path": str(tmp_path / "all.log")}], metrics={"listen": listen})
    (tmp_path / "logboom.yaml").write_text(text)
    told = run_logboomd("--config", tmp_path / "logboom.yaml")
    assert told.returncode == EXIT_SYSTEM and not (tmp_path / "all.log").exists()
    assert re.search(rf"logboom\.yaml:1:\d+: cannot listen on tcp://{listen}: Address already in use", told.stderr)
    told = run_logboomd("--check", "--config", tmp_path / "logboom.yaml")
    assert told.returncode == EXIT_CONFIGURATION and "ask 'logboom check' instead" in told.stderr
    port.close()
    (tmp_path / "logboom.yaml").write_text(text.replace(listen, "0.0.0.0:0"))
    told = run_logboomd("--check", "--config", tmp_path / "logboom.yaml")
    assert told.returncode == EXIT_FINE and "warning: '0.0.0.0:0' is beyond loopback" in told.stderr


def promtool(*arguments, **options):
    if not shutil.which("promtool"):
        pytest.skip("needs promtool, which is in Debian's package prometheus (make prometheus)")
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE_S,
                          **options)


def test_promtool_has_nothing_to_say_of_the_page(start, client):
    """Prometheus' own judge of names, units and help."""
    daemon = start(metrics=METRICS)
    client(daemon.address).send("x")
    daemon.wait_lines(1)
    told = promtool("check", "metrics", input=page_of(daemon).text)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_promtool_understands_the_alerts():
    told = promtool("check", "rules", ROOT / "contrib/alerts.yml")
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_alerts_fire_when_they_should():
    """contrib/alerts_test.yml tells stories of numbers, and which alerts wake somebody."""
    told = promtool("test", "rules", "alerts_test.yml", cwd=ROOT / "contrib")
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_alerts_ask_for_metrics_that_there_are(start):
    """Each name in an expression is on the page."""
    page = Page(ask(start(metrics=METRICS))[1])
    text = (ROOT / "contrib/alerts.yml").read_text()
    names = set(re.findall(r"\b(?:logboom|process)_\w+", " ".join(re.findall(r"expr: (.*)", text))))
    assert len(names) > 8 and names <= {key[0] for key in page.samples}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def prometheus(tmp_path):
    """A real one that comes by every second: prometheus(daemon) asks it something."""
    if not shutil.which("prometheus"):
        pytest.skip("needs Debian's package prometheus (make prometheus)")
    started = []

    def start_prometheus(daemon):
        scrape = [{"job_name": "logboom", "static_configs": [{"targets": [url_of(daemon)]}]}]
        (tmp_path / "prometheus.yml").write_text(json.dumps(
            {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "scrape_configs": scrape,
             "rule_files": [str(ROOT / "contrib/alerts.yml")]}))
        address = f"127.0.0.1:{free_port()}"
        with (tmp_path / "prometheus.log").open("wb") as said:
            started.append(subprocess.Popen(
                ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/tsdb",
                 f"--web.listen-address={address}"], stdin=subprocess.DEVNULL, stdout=said, stderr=said))

        def query(expression):
            url = f"http://{address}/api/v1/query?query={urllib.parse.quote(expression)}"
            try:
                with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
                    return {tuple(sorted(one["metric"].items())): float(one["value"][1])
                            for one in json.load(answer)["data"]["result"]}
            except OSError:
                return {}  # it has just begun

        return query

    yield start_prometheus
    for one in started:
        end_process(one)


def test_a_real_prometheus_comes_by(start, client, prometheus):
    """It scrapes, has what was written, can make quantiles of the histogram, and no alert fires but
    in the minutes that follow the daemon's end, which it notices."""
    daemon = start(metrics=METRICS)
    query = prometheus(daemon)
    wait_until(lambda: 1.0 in query('up{job="logboom"}').values(), "it is up")
    client(daemon.address).send(*["x"] * 1000)
    wait_until(lambda: 1000.0 in query('logboom_entries_written_total{sink="all"}').values(), "1000 written")
    quantile = "histogram_quantile(0.99, sum by (le) (logboom_delivery_seconds_bucket))"
    assert 0 < list(query(quantile).values())[0] < PATIENCE_S
    assert query("count(count by (__name__) ({__name__=~'logboom_.*'}))") != {}
    assert query("ALERTS") == {}
    assert daemon.stop(sent=1000) == EXIT_FINE
    wait_until(lambda: [key for key in query("ALERTS") if ("alertname", "LogboomNotScraped") in key], "it is missed")


def test_the_page_goes_on_over_reloads(start, client, tmp_path):
    """A reload brings more sinks than there was room for, one is refused: the page says so, and the
    sink that was there before counts on."""
    more = [{"name": f"more{i}", "type": "file", "path": str(tmp_path / f"more{i}.log")} for i in range(12)]
    daemon = start(metrics=METRICS)
    client(daemon.address).send(*["x"] * 10)
    daemon.wait(lambda: page_of(daemon)["logboom_entries_written_total", SINK] == 10, "10 written")
    before = page_of(daemon)
    daemon.config.write_text(daemon.config.read_text().replace("sinks:\n", "".join(
        ["sinks:\n", *(f"  - {json.dumps(one)}\n" for one in more)])))
    daemon.send_signal(signal.SIGHUP)
    daemon.wait(lambda: ("logboom_sink_up", "sink=more11") in page_of(daemon).samples, "twelve more")
    page = page_of(daemon)
    assert page["logboom_entries_written_total", SINK] == page["logboom_delivery_seconds_count", SINK] == 10
    assert page["process_start_time_seconds"] == before["process_start_time_seconds"]
    daemon.config.write_text("memory: {cap: nonsense}\n" + daemon.config.read_text())
    daemon.send_signal(signal.SIGHUP)
    daemon.wait(lambda: page_of(daemon)["logboom_config_reload_ok"] == 0, "a reload that is refused")
    assert page_of(daemon)["logboom_entries_written_total", SINK] == 10
