"""The package in a fresh Debian: installed, run under the real systemd, upgraded and purged.

The tests are one story, in the order in which they stand.
"""

import os
import re
import subprocess
import time

import pytest
from cap_story import Sent, Tool, verify_file

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a machine"),
]

LOG = "/var/log/logboom/all.log"
ADDRESS = "tcp://127.0.0.1:5514"

EVERY_SINK = """
memory: {cap: 64MiB}
ingest:
  - {name: apps, bind: ['tcp://127.0.0.1:5514', 'ipc:///run/logboom/ingest.sock']}
sinks:
  - {name: all, type: file, path: /var/log/logboom/all.log, format: line}
  - {name: many, type: file, path: '/var/log/logboom/{app}/{date}.log', group: adm,
     rotate: {size: 16KiB, compress: zstd}}
  - {name: journal, type: stdout, format: '{message}', match: {message: '^seen [0-9]+$'}}
  - {name: syslog, type: unix-dgram, address: /run/logboom/dgram.sock, format: rfc3164, when_full: drop_oldest}
  - {name: stream, type: unix, address: /run/logboom/stream.sock, when_full: drop_oldest}
  - {name: tcp, type: tcp, address: '127.0.0.1:5601', when_full: drop_oldest}
  - {name: tls, type: tls, address: '127.0.0.1:5602', tls: {verify: off}, when_full: drop_oldest}
  - {name: udp, type: udp, address: '127.0.0.1:5603', when_full: drop_oldest}
  - {name: next, type: zmq, bind: 'ipc:///run/logboom/next.sock', when_full: drop_oldest}
"""


def log_text(machine):
    path = machine.path(LOG)
    return path.read_text() if path.exists() else ""


def wait_active(machine):
    machine.wait(lambda: machine.show("logboom", "ActiveState") == "active", "active")


def configure(machine, text):
    machine.path("/etc/logboom/logboom.yaml").write_text(text)


def test_it_installs_and_runs(machine):
    """One command; then the service is there, as its own user, and takes entries."""
    machine.run("apt-get", "update", "-qq")
    machine.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "/root/logboom.deb")
    wait_active(machine)
    assert machine.run("id", "-un", "logboom").strip() == "logboom"
    machine.run("logboom", "push", "--to", ADDRESS, input="hello from the package\n")
    machine.wait(lambda: "hello from the package" in log_text(machine), "the entry")
    pid = machine.show("logboom", "MainPID")
    assert re.search(r"Uid:\s+(?!0)\d+", machine.run("cat", f"/proc/{pid}/status"))
    assert re.match(r"\d+ entries/s, \d+ of 64 MiB", machine.show("logboom", "StatusText"))


def test_an_administrator_looks_on(machine):
    """Who is in the group adm reads the log and asks; nobody else does, and root alone acts. The manual
    is where man pages say, and no word of the installation is a warning."""
    machine.run("useradd", "--create-home", "--groups", "adm", "admin")
    machine.run("useradd", "--create-home", "somebody")
    assert "hello from the package" in machine.run("su", "admin", "-c", f"cat {LOG}")
    assert machine.run("su", "admin", "-c", "logboom stat").startswith("fine")
    assert "only root and" in machine.run("su", "admin", "-c", "logboom reload", status=1)
    machine.run("su", "somebody", "-c", f"cat {LOG}", status=1)
    machine.run("su", "somebody", "-c", "logboom stat", status=2)
    machine.run("su", "somebody", "-c", "echo from a program | logboom push")
    refused = machine.run("su", "somebody", "-c", "echo x | logboom push --timeout 1s --to "
                          "ipc:///run/logboom/ingest.sock", status=69)
    assert "Permission denied" in refused
    assert {"configuration.md", "README.md", "service.md", "top.svg"} <= set(
        machine.run("ls", "/usr/share/doc/logboom").split())
    assert machine.run("journalctl", "-u", "logboom", "-p", "warning", "-q", "-o", "cat") == ""


def test_files_elsewhere_need_a_drop_in(machine):
    """A path outside is refused, with a word about the sandbox; with the drop-in of the manual it works."""
    machine.run("install", "-d", "-o", "logboom", "-g", "adm", "/srv/logs")
    usual = machine.path("/etc/logboom/logboom.yaml").read_text()
    configure(machine, usual.replace(LOG, "/srv/logs/all.log"))
    assert "the sandbox of the service" in machine.run("logboom", "check", status=1)
    drop_in = "/etc/systemd/system/logboom.service.d"
    machine.run("mkdir", "-p", drop_in)
    machine.run("cp", "/usr/share/doc/logboom/examples/sinks-elsewhere.conf", drop_in)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "logboom")
    machine.run("logboom", "push", "--to", ADDRESS, input="hello from elsewhere\n")
    machine.wait(lambda: "hello from elsewhere" in machine.run("cat", "/srv/logs/all.log", status=None), "the entry")
    machine.path(f"{drop_in}/sinks-elsewhere.conf").unlink()
    machine.run("systemctl", "daemon-reload")
    configure(machine, usual)
    machine.run("systemctl", "restart", "logboom")


def test_logrotate_may_do_it(machine):
    """The example, forced twice: what was put away is whole and compressed, and goes on in a new file."""
    machine.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "logrotate")
    machine.run("cp", "/usr/share/doc/logboom/examples/logrotate", "/etc/logrotate.d/logboom")
    for number in range(3):
        machine.run("logboom", "push", "--to", ADDRESS, input=f"rotation {number}\n")
        machine.wait(lambda: f"rotation {number}" in log_text(machine), "the entry")
        machine.run("logrotate", "--force", "/etc/logrotate.d/logboom")
    machine.path("/etc/logrotate.d/logboom").unlink()
    files = machine.run("sh", "-c", "stat -c '%n %U %G %a' /var/log/logboom/all.log*").splitlines()
    assert files == [f"{LOG}{end} logboom adm 640" for end in ("", ".1", ".2.gz", ".3.gz")]
    assert "rotation 2" in machine.run("cat", f"{LOG}.1")
    machine.run("sh", "-c", f"rm {LOG}.*")


def test_every_sink_works_in_the_sandbox(machine):
    """Files with a group and a path of each app, the journal, sockets, connections to this machine;
    a regular expression; nothing of it is refused by the sandbox."""
    configure(machine, EVERY_SINK)
    machine.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "socat", "openssl", "libssl3",
                "libmicrohttpd12")
    machine.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/root/key.pem", "-out",
                "/root/cert.pem", "-subj", "/CN=localhost", "-days", "2")
    for unit, address in {"tcp": "TCP-LISTEN:5601,reuseaddr", "udp": "UDP-RECV:5603",
                          "tls": "OPENSSL-LISTEN:5602,reuseaddr,cert=/root/cert.pem,key=/root/key.pem,verify=0",
                          "dgram": "UNIX-RECV:/run/logboom/dgram.sock,mode=666",
                          "stream": "UNIX-LISTEN:/run/logboom/stream.sock,mode=666"}.items():
        machine.run("systemd-run", f"--unit=take-{unit}", "--", "socat", "-u", address, f"CREATE:/root/{unit}.got")
    machine.run("systemctl", "restart", "logboom")
    wait_active(machine)
    puller = subprocess.Popen(["nsenter", "--all", "--target", machine._leader(), "logboom", "probe", "-n", "1",
                               "--connect", "ipc:///run/logboom/next.sock"], stdout=subprocess.PIPE, text=True)
    machine.run("logboom", "push", "--to", "ipc:///run/logboom/ingest.sock",
                input='{"app":"shop","message":"seen 17"}\n')
    for unit in ("tcp", "udp", "tls", "dgram", "stream"):
        machine.wait(lambda: machine.path(f"/root/{unit}.got").exists()
                     and "seen 17" in machine.path(f"/root/{unit}.got").read_text(), unit)
    machine.wait(lambda: "seen 17" in log_text(machine), "the file")
    assert "seen 17" in machine.run("sh", "-c", "cat /var/log/logboom/shop/*.log")
    assert machine.run("sh", "-c", "stat -c '%G %a' /var/log/logboom/shop/*.log").split() == ["adm", "640"]
    machine.wait(lambda: "seen 17" in machine.run("journalctl", "-u", "logboom", "-o", "cat"), "the journal")
    assert "seen 17" in puller.communicate(timeout=60)[0]
    said = machine.run("journalctl", "-u", "logboom", "-o", "cat")
    assert "interpreted" in said and "ermission denied" not in said and "not permitted" not in said


def test_an_operator_asks_it(machine):
    """In the sandbox it answers on its control socket, whose group is adm; it judges its file in a process
    of its own, reloads it, and says no to a wrong one; Prometheus is served on loopback."""
    configure(machine, EVERY_SINK + "control: {group: adm}\nmetrics: {listen: '127.0.0.1:9514'}\n")
    machine.run("systemctl", "restart", "logboom")
    wait_active(machine)
    assert machine.run("stat", "-c", "%U %G %a", "/run/logboom/control.sock").split() == ["logboom", "adm", "660"]
    assert "all.log" in machine.run("logboom", "stat", status=None)
    assert "is fine" in machine.run("logboom", "check")
    machine.run("systemctl", "reload", "logboom")
    metrics = machine.run("socat", "-", "TCP:127.0.0.1:9514", input="GET /metrics HTTP/1.0\r\n\r\n")
    assert "logboom_build_info" in metrics
    pid = machine.show("logboom", "MainPID")
    right = machine.path("/etc/logboom/logboom.yaml").read_text()
    configure(machine, right + "sinks: none\n")
    machine.run("logboom", "check", status=1)
    machine.run("systemctl", "reload", "logboom", status=1)
    assert "reload refused" in machine.run("journalctl", "-u", "logboom", "-o", "cat")
    configure(machine, right)
    machine.run("systemctl", "reload", "logboom")
    assert (machine.show("logboom", "ActiveState"), machine.show("logboom", "MainPID")) == ("active", pid)


def test_a_daemon_that_hangs_is_restarted(machine):
    """Stopped for longer than the watchdog's patience, it is killed and started again."""
    drop_in = machine.path("/etc/systemd/system/logboom.service.d/quick.conf")
    drop_in.parent.mkdir(parents=True, exist_ok=True)
    drop_in.write_text("[Service]\nWatchdogSec=3s\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "logboom")
    wait_active(machine)
    time.sleep(5)  # it is left alone while it lives
    assert machine.show("logboom", "NRestarts") == "0"
    machine.run("systemctl", "kill", "--kill-who=main", "--signal=STOP", "logboom")
    machine.wait(lambda: machine.show("logboom", "NRestarts") == "1", "the watchdog")
    wait_active(machine)
    drop_in.unlink()


def test_a_wrong_configuration_is_not_tried_again_and_again(machine):
    configure(machine, "ingest: none\n")
    machine.run("systemctl", "restart", "logboom", status=1)
    assert machine.show("logboom", "ExecMainStatus") == "78"
    time.sleep(3)
    assert machine.show("logboom", "NRestarts") == "0"
    configure(machine, EVERY_SINK)
    machine.run("systemctl", "reset-failed", "logboom")


def test_an_upgrade_that_clients_do_not_notice(machine, tmp_path):
    """systemd holds the addresses; two clients send 20,000 entries a second together while the next version
    is installed, and then the one after that. Nothing is missing."""
    for version in ("1", "2"):
        machine.run("sh", "-ec", f"dpkg-deb -R /root/logboom.deb /root/next; sed -i 's/^Version: .*/&+next{version}/' "
                    f"/root/next/DEBIAN/control; dpkg-deb -b /root/next /root/next{version}.deb; rm -r /root/next")
    configure(machine, EVERY_SINK.split("  - {name: many")[0])
    machine.run("systemctl", "stop", "logboom.service")
    machine.path(LOG).unlink()
    machine.run("systemctl", "enable", "--now", "logboom.socket")
    machine.run("systemctl", "start", "logboom.service")
    wait_active(machine)
    clients = [Tool("push", ADDRESS, first=client, rate=10_000) for client in (0, 1)]
    pids = [machine.show("logboom", "MainPID")]
    try:
        for one in clients:
            one.wait_says("connected")
        for version in ("1", "2"):
            machine.wait(lambda: machine.path(LOG).exists() and machine.path(LOG).stat().st_size > 1 << 20, "load")
            machine.run("apt-get", "install", "-y", "-qq", f"/root/next{version}.deb")
            assert machine.run("dpkg-query", "-W", "-f", "${Version}", "logboom").endswith(f"+next{version}")
            wait_active(machine)
            pids.append(machine.show("logboom", "MainPID"))
        for one in clients:
            one.tell_to_leave()
        sent = Sent(one.wait() for one in clients)
    finally:
        for one in clients:
            one.end()
    assert len(set(pids)) == 3
    machine.run("systemctl", "stop", "logboom.service", "logboom.socket")
    assert machine.show("logboom", "ExecMainStatus") == "0"
    assert " lost nothing\n" in machine.path("/var/lib/logboom/last-stop").read_text()
    verified = verify_file(machine.path(LOG))
    verified.check_whole()
    assert {client: verified.lost(client, sent[client]) for client in sent} == {0: 0, 1: 0}


def test_the_purge_leaves_nothing(machine):
    """A changed configuration stays when the package is removed, and goes with the purge."""
    machine.run("apt-get", "remove", "-y", "-qq", "logboom")
    assert machine.path("/etc/logboom/logboom.yaml").exists() and machine.path("/var/log/logboom").exists()
    machine.run("apt-get", "purge", "-y", "-qq", "logboom")
    left = machine.run("find", "/", "-xdev", "-name", "*logboom*", "-not", "-path", "/root/*", "-not", "-path",
                       "/proc/*", "-not", "-path", "/var/cache/*", "-not", "-path", "/tmp/*").split()
    assert [one for one in left if "deb-systemd-helper" not in one and "service.d" not in one] == []
