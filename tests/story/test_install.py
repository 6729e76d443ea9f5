"""What is installed: the manual says what the programs say, completion knows them, and uninstall
takes all of it away."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from logboom_story import BUILD, EXIT_FINE, EXIT_USAGE, LOGBOOM, LOGBOOMD, PATIENCE_S, clean_environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted((BUILD / "man").glob("*.[158]"))


def run(*command, **options):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=PATIENCE_S,
                          stdin=subprocess.DEVNULL, **{"env": clean_environment(), **options})


def help_of(program, *command):
    told = run(program, *command, "--help")
    assert told.returncode == 0
    return told.stdout


def commands():
    text = help_of(LOGBOOM).split("commands:\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in text.splitlines() if not line.startswith("  help ")]


def options(text):
    return {one for line in re.findall(r"^ +(-.*?)(?:  |$)", text, re.M)
            for one in re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", line)}


def shown(page, width=200):
    """As a reader sees it; long lines, so that nothing is broken in two."""
    told = run("man", "--nh", "-l", "-P", "cat", BUILD / "man" / page,
               env=clean_environment(MANWIDTH=str(width), MAN_KEEP_FORMATTING="", LC_ALL="C.UTF-8",
                                     MANPAGER="cat", GROFF_NO_SGR="1"))
    assert told.returncode == 0, told.stderr
    return re.sub(r".\x08", "", told.stdout).replace("\u2010", "-").replace("\u2212", "-")


needs_man = pytest.mark.skipif(not shutil.which("man"), reason="man is not here")


@needs_man
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_without_a_warning(page):
    """By groff, as man-db and lintian run it, and by mandoc, where it is here."""
    told = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page)
    assert (told.returncode, told.stderr) == (0, "")
    if shutil.which("mandoc"):
        said = run("mandoc", "-T", "lint", page).stdout
        assert re.findall(r"^(?!.*(?:referenced manual not found|outdated mandoc.db)).+", said, re.M) == []


@needs_man
def test_the_pages_know_every_option():
    assert [page.name for page in PAGES] == ["logboom.1", "logboom.yaml.5", "logboomd.8"]
    daemon = shown("logboomd.8")
    assert options(help_of(LOGBOOMD)) <= options(daemon) and "--plan" in options(daemon)
    page = shown("logboom.1")
    assert len(commands()) >= 3
    for command in commands():
        section = re.search(rf"^   logboom {command}\n((?:    .*\n|\n)+)", page, re.M)[1]
        assert options(help_of(LOGBOOM, command)) == options(section), command
        said = re.sub(r"[^\w]+", " ", help_of(LOGBOOM, command).split("\n\n", 1)[1])
        assert said.split() == re.sub(r"[^\w]+", " ", section).split(), command


@needs_man
def test_the_page_of_settings_knows_every_setting():
    settings = re.findall(r"^ {5}([a-z][\w.\[\]]*) \((.*)\)$", shown("logboom.yaml.5"), re.M)
    rows = re.findall(r"^ {0,8}(?:- )?(\w+): +(\S.*)$", run(LOGBOOMD, "--help-config").stdout, re.M)
    assert [(path.split(".")[-1], value) for path, value in settings] == rows
    assert "sinks[].match.not.app" in dict(settings) and len(settings) > 60


def installed(root):
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


def make(target, root, *more):
    kept = {k: v for k, v in clean_environment().items() if not k.startswith(("MAKE", "MFLAGS"))}
    told = run("make", "-s", target, f"O={BUILD}", f"DESTDIR={root}", "PREFIX=/usr", *more, cwd=ROOT, env=kept)
    assert told.returncode == 0, told.stderr


def test_installed_and_taken_away(tmp_path):
    """All is in its place and runs from there; a configuration that is there stays, also at the end."""
    root = tmp_path / "root"
    make("install-files", root)
    files = installed(root)
    assert {"usr/sbin/logboomd", "usr/bin/logboom", "etc/logboom/logboom.yaml",
            "usr/lib/systemd/system/logboom.service", "usr/lib/systemd/system/logboom.socket",
            "usr/lib/sysusers.d/logboom.conf", "usr/share/man/man8/logboomd.8",
            "usr/share/man/man1/logboom.1", "usr/share/man/man5/logboom.yaml.5",
            "usr/share/bash-completion/completions/logboom",
            "usr/share/zsh/site-functions/_logboom"} <= files
    assert run(root / "usr/sbin/logboomd", "--version").returncode == EXIT_FINE
    unit = (root / "usr/lib/systemd/system/logboom.service").read_text()
    assert "ExecStart=/usr/sbin/logboomd\n" in unit and "ExecReload=/usr/bin/logboom reload\n" in unit
    assert "@" not in re.sub(r"^SystemCall.*$", "", unit, flags=re.M)
    named = re.findall(r"`([\w-]+\.conf)`", (ROOT / "docs/service.md").read_text())
    assert len(named) >= 3 and {f"usr/share/doc/logboom/examples/{one}" for one in named} <= files
    (root / "etc/logboom/logboom.yaml").write_text("# mine\n")
    make("install-files", root)
    assert (root / "etc/logboom/logboom.yaml").read_text() == "# mine\n"
    make("uninstall", root)
    assert installed(root) == {"etc/logboom/logboom.yaml"}


COMPLETE = """
source completions/logboom.bash
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _logboom; printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(*words, **environment):
    told = run("bash", "-c", COMPLETE, "bash", *words, cwd=ROOT, env=clean_environment(**environment))
    assert (told.returncode, told.stderr) == (0, "")
    return set(told.stdout.split())


needs_bash = pytest.mark.skipif(not shutil.which("bash"), reason="bash is not here")


@needs_bash
def test_bash_completes():
    assert completed(LOGBOOM, "") == completed(LOGBOOM, "help", "") == {*commands(), "help"}
    assert completed(LOGBOOM, "pu") == {"push"}
    for command in commands():
        assert completed(LOGBOOM, command, "--") == {
            one for one in options(help_of(LOGBOOM, command)) if one.startswith("--")}
    assert "--plan" in completed(LOGBOOMD, "--")
    assert completed(LOGBOOMD, "--config", "conf/log") >= {"conf/logboom.yaml"}
    assert completed(LOGBOOM, "push", "LIC") == {"LICENSE"}
    assert completed(LOGBOOM, "stat", "") == set()
    assert completed(LOGBOOM, "tail", "--min-level", "e") == {"emerg", "error"}


@needs_bash
@pytest.mark.parametrize("words", ["tail --color", "top --by", "probe --socket x", "push --level"])
def test_the_values_that_bash_offers_are_those_that_a_command_takes(words):
    """As it says itself when it is given another one."""
    command, option, *more = words.split()
    refused = run(LOGBOOM, command, option, "bogus", *more)
    assert refused.returncode == EXIT_USAGE
    taken = re.search(rf"{option} is 'bogus', but must be (.*?);", refused.stderr)[1]
    assert completed(LOGBOOM, command, option, "") == set(re.split(r", | or ", taken))


@needs_bash
def test_bash_knows_the_sinks_of_the_daemon(start):
    daemon = start(sink={"name": "all"})
    known = {"LOGBOOM_CONTROL": str(daemon.folder / "control.sock")}
    assert completed(LOGBOOM, "sink", "", **known) == {"all"}
    assert completed(LOGBOOM, "sink", "all", "", **known) == {"drop", "resume"}
    assert completed(LOGBOOM, "sink", "", LOGBOOM_CONTROL="/nonexistent") == set()


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not here")
def test_zsh_finds_no_fault(tmp_path):
    shutil.copy(ROOT / "completions/_logboom", tmp_path)
    assert run("zsh", "-n", tmp_path / "_logboom").stderr == ""
    script = (f"fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -D -d {tmp_path}/dump; "
              "print $_comps[logboom] $_comps[logboomd]")
    told = run("zsh", "-f", "-c", script, env={**os.environ, "HOME": str(tmp_path)})
    assert told.stdout.split() == ["_logboom", "_logboom"], told.stderr
