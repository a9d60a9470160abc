"""Folders that Holdfast writes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import FileError
from .json_files import check_format, read_json


def open_folder(
    path: str | os.PathLike[str], file: str, kind: str, command: str, formats: Mapping[str, Any]
) -> tuple[Path, Any]:
    """Returns a folder and the content of the file that describes it.

    :param kind: ``study`` or ``measurement``
    :param command: the command that writes such folders
    :param formats: the formats of its files, as in ``formats.json``
    :raises FileNotFoundError: if there is no such folder
    :raises FileError: if it does not have the file, or the file has another format
    """
    folder = Path(path)
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {folder}")
    if not (folder / file).is_file():
        hint = f"Name the folder that holdfast {command} wrote to (--out)"
        raise FileError(folder, "", f"not the folder of a {kind}: {file} is missing", hint)
    record = read_json(folder / file, formats[file])
    check_format(record["format"], formats["format"], folder / file)
    return folder, record
