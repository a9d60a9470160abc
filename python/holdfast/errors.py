"""The errors of the package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class HoldfastError(Exception):
    """An error of this package. Its subclasses say what failed."""


class FileError(HoldfastError, ValueError):
    """A file is not what Holdfast writes.

    The message names the file, the place in it, what is wrong there and, if something helps, what to do.
    """

    def __init__(self, path: Path, place: str, what: str, hint: str = "") -> None:
        self.path = path
        """The file."""
        self.place = place
        """The place in the file, such as ``line 3, turns[0].user``; empty if the whole file is meant."""
        super().__init__(": ".join(part for part in (str(path), place, what) if part) + (f". {hint}" if hint else ""))


class CommandError(HoldfastError):
    """The command ``holdfast`` failed. The message is what it wrote to standard error."""

    def __init__(self, arguments: Sequence[str], code: int, stderr: str) -> None:
        self.arguments = list(arguments)
        """The arguments after ``holdfast``."""
        self.code = code
        """Its exit code; negative if a signal ended it."""
        self.stderr = stderr
        """What it wrote to standard error."""
        said = stderr.strip() or "it wrote no error"
        super().__init__(f"holdfast {' '.join(self.arguments)} ended with {code}: {said}")


class CommandNotFoundError(HoldfastError, FileNotFoundError):
    """There is no command ``holdfast`` on the PATH."""
