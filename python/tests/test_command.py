from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import holdfast
from holdfast.command import _without_shell

from .conftest import COMMAND


def python(program: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(program)]


def test_arguments_reach_the_command_as_they_are(tmp_path: Path) -> None:
    arguments = ["a b", '"quoted"', "$HOME; true", "*", "", "ünï\ncode", "--flag=1"]
    show = python("import sys; sys.stdout.buffer.write('|'.join(sys.argv[1:]).encode())")
    assert holdfast.run(*arguments, tmp_path, command=show) == "|".join([*arguments, str(tmp_path)])


def test_a_failure_has_the_commands_code_and_words(capfd: pytest.CaptureFixture[str]) -> None:
    fail = python("import sys; print('half'); print('error: E_USAGE: no', file=sys.stderr); sys.exit(2)")
    with pytest.raises(holdfast.CommandError, match="^holdfast trace ended with 2: error: E_USAGE: no$") as raised:
        holdfast.run("trace", command=fail)
    assert (raised.value.code, raised.value.stderr, raised.value.arguments) == (2, "error: E_USAGE: no\n", ["trace"])
    assert capfd.readouterr().err == "error: E_USAGE: no\n"


def test_much_output_on_both_streams_does_not_block() -> None:
    write = python("import sys; print('o' * 10**6); print('e' * 10**6, file=sys.stderr)")
    assert len(holdfast.run(command=write)) == 10**6 + 1


def test_a_missing_command_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(holdfast.CommandNotFoundError, match="there is no command .*nothing"):
        holdfast.run("trace", command=[tmp_path / "nothing"])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(holdfast.CommandNotFoundError, match="there is no command holdfast on the PATH"):
        holdfast.run("trace")


def test_a_batch_file_is_not_started_but_its_program(tmp_path: Path) -> None:
    script = tmp_path / "node_modules/holdfast/dist/cli/main.js"
    script.parent.mkdir(parents=True)
    script.touch()
    assert _without_shell(tmp_path / "holdfast.cmd") == ["node", str(script)]
    assert _without_shell(tmp_path / "node_modules/.bin/holdfast.CMD") == ["node", str(script)]
    with pytest.raises(holdfast.CommandNotFoundError, match="is a batch file"):
        _without_shell(tmp_path / "elsewhere/bin/holdfast.cmd")


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to a process group")
def test_an_interrupt_reaches_the_command_once_and_is_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = f"""
        import signal, sys, time
        def end(*_):
            open({str(log)!r}, "a").write("interrupted ")
            time.sleep(0.2)
            open({str(log)!r}, "a").write("ended")
            sys.exit(130)
        signal.signal(signal.SIGINT, end)
        open({str(log)!r}, "a").write("ready ")
        time.sleep(60)
    """
    program = f"import holdfast; holdfast.run(command={python(command)!r})"
    # A process group of its own, which gets the signal as a terminal's Ctrl-C does.
    caller = subprocess.Popen(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not log.exists() or log.read_text() != "ready ":
        assert caller.poll() is None
        time.sleep(0.02)
    os.killpg(caller.pid, signal.SIGINT)
    _, stderr = caller.communicate(timeout=60)
    assert log.read_text() == "ready interrupted ended"
    assert "KeyboardInterrupt" in stderr


def test_the_real_command_answers_and_explains(made: Path) -> None:
    assert holdfast.run("--version", command=COMMAND).strip() == holdfast.__version__
    with pytest.raises(holdfast.CommandError, match="E_") as raised:
        holdfast.run("trace", "organism", "--chat", "no-such-file.json", command=COMMAND, cwd=made)
    assert raised.value.code == 2 or raised.value.code == 1
    assert "no-such-file.json" in str(raised.value)
