"""Starts the command ``holdfast``."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from .errors import CommandError, CommandNotFoundError

Argument = str | os.PathLike[str]


def run(*arguments: Argument, command: Sequence[Argument] | None = None, cwd: Argument | None = None) -> str:
    """Runs ``holdfast`` with the given arguments, to its end, and returns what it wrote to standard output.

    There is no shell: every argument reaches the command as it is. What the command writes to standard error, such as its
    progress, is shown on ``sys.stderr`` as it comes. An interrupt (Ctrl-C, or the stop button of a notebook) asks the
    command to end, which keeps results so far, and waits for it; a second one kills it.

    :param command: the words that start the command, such as ``["node", "dist/cli/main.js"]``; default: ``holdfast`` on the
        PATH
    :param cwd: the folder to run in; default: the current one
    :raises CommandError: if it does not end with 0; the message is the command's own
    :raises CommandNotFoundError: if there is no such command
    """
    words = [os.fspath(word) for word in (find_command() if command is None else command)]
    given = [os.fspath(argument) for argument in arguments]
    try:
        process = subprocess.Popen(
            [*words, *given],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,  # Ctrl-C reaches it through `_wait` alone, and so once.
        )
    except FileNotFoundError as error:
        if cwd is not None and not os.path.isdir(cwd):
            raise
        raise CommandNotFoundError(f"there is no command {words[0]}") from error
    stdout, stderr = _wait(process)
    if process.returncode != 0:
        raise CommandError(given, process.returncode, stderr)
    return stdout


def find_command() -> list[str]:
    """Returns the words that start ``holdfast``, found on the PATH.

    :raises CommandNotFoundError: if it is not there
    """
    found = shutil.which("holdfast")
    if found is None:
        raise CommandNotFoundError("there is no command holdfast on the PATH. Install it with npm, or name it with command=")
    return _without_shell(Path(found))


def _without_shell(found: Path) -> list[str]:
    """Returns what starts a command without a shell: on Windows npm writes a batch file, and ``cmd.exe`` would read the
    arguments of a batch file once more, with rules of its own."""
    if found.suffix.lower() not in (".cmd", ".bat"):
        return [str(found)]
    main = Path("holdfast/dist/cli/main.js")
    for modules in (found.parent / "node_modules", found.parent.parent):
        if (modules / main).is_file():
            return ["node", str(modules / main)]
    raise CommandNotFoundError(f"{found} is a batch file, and its program is not beside it. Name it with command=")


def _wait(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Reads what a process writes until it ends; shows standard error as it comes."""
    written: dict[str, list[str]] = {"stdout": [], "stderr": []}

    def read(name: str) -> None:
        for line in getattr(process, name):
            written[name].append(line)
            if name == "stderr":
                sys.stderr.write(line)
                sys.stderr.flush()

    readers = [threading.Thread(target=read, args=(name,), daemon=True) for name in written]
    for reader in readers:
        reader.start()
    try:
        process.wait()
    except KeyboardInterrupt:
        _ask_to_end(process)
        raise
    finally:
        for reader in readers:
            reader.join()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    return "".join(written["stdout"]), "".join(written["stderr"])


def _ask_to_end(process: subprocess.Popen[str]) -> None:
    """Interrupts a process and waits for it; kills it at the next interrupt, or if anything else goes wrong."""
    try:
        if os.name == "posix":
            process.send_signal(signal.SIGINT)
        process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
