"""Folders that Holdfast writes."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import FileError


def open_folder(path: str | os.PathLike[str], file: str, kind: str, hint: str) -> Path:
    """Returns a folder that has a file.

    :raises FileNotFoundError: if there is no such folder
    :raises FileError: if it does not have the file
    """
    folder = Path(path)
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {folder}")
    if not (folder / file).is_file():
        raise FileError(folder, "", f"not the folder of a {kind}: {file} is missing", hint)
    return folder
