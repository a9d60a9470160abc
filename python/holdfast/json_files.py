"""JSON files: decoded strictly, and checked against a pattern before anything uses them.

A pattern is JSON itself: ``"integer|null"`` names the types that a value may have, ``[pattern]`` is a list of such values,
and ``{"key": pattern}`` an object with at least these keys. ``"key?"`` may be null, and ``"*"`` stands for every key.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from .errors import FileError


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "number": lambda value: _is_integer(value) or (isinstance(value, float) and math.isfinite(value)),
    "null": lambda value: value is None,
}

FORMATS: dict[str, Any] = json.loads((resources.files(__package__) / "formats.json").read_text(encoding="utf-8"))
"""What the package reads of each kind of file. The tests of Holdfast compare it with what Holdfast writes."""


def parse_json(data: bytes, path: Path, origin: str = "") -> Any:
    """Parses JSON. Unlike ``json.loads``, it refuses NaN, infinity and keys that appear twice.

    :param origin: where the bytes are in the file, such as ``line 3``
    :raises FileError: if the bytes are not UTF-8 or not JSON
    """
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise FileError(path, origin, f"not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise FileError(path, origin, "lists and objects are nested too deeply") from error
    except ValueError as error:
        raise FileError(path, origin, f"not JSON: {error}") from error


def read_json(path: Path, pattern: Any) -> Any:
    """Reads a JSON file that fits a pattern.

    :raises FileError: if it does not
    """
    value = parse_json(path.read_bytes(), path)
    check(value, pattern, path)
    return value


def read_lines(path: Path, pattern: Any) -> Iterator[tuple[str, Any]]:
    """Yields the values of a file with one JSON value on each line, with their places (``line 1``).

    :raises FileError: if a line does not fit the pattern
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            origin = f"line {number}"
            value = parse_json(line, path, origin)
            check(value, pattern, path, origin)
            yield origin, value


def check(value: Any, pattern: Any, path: Path, origin: str = "") -> None:
    """Checks that a value fits a pattern.

    :param origin: where the value is in the file
    :raises FileError: at the first place that does not fit
    """
    for at, what in _faults(value, pattern, ""):
        raise FileError(path, ", ".join(part for part in (origin, at) if part), what)


def check_format(found: str, known: str, path: Path) -> None:
    """Checks the name of a format.

    :raises FileError: if it is another one
    """
    if found != known:
        hint = "Install the version of this package that belongs to your Holdfast"
        raise FileError(path, "format", f"expected {known}, found {found}", hint)


def _faults(value: Any, pattern: Any, at: str) -> Iterator[tuple[str, str]]:
    """Yields the places that do not fit, and what is wrong there."""
    if isinstance(pattern, str):
        names = pattern.split("|")
        if not any(_TYPES[name](value) for name in names):
            yield at, f"expected {' or '.join(names)}, found {_shown(value)}"
    elif isinstance(pattern, list):
        if not isinstance(value, list):
            yield at, f"expected a list, found {_shown(value)}"
            return
        for index, item in enumerate(value):
            yield from _faults(item, pattern[0], f"{at}[{index}]")
    elif not isinstance(value, dict):
        yield at, f"expected an object, found {_shown(value)}"
    else:
        for key, of in pattern.items():
            name = key.removesuffix("?")
            for each in value if name == "*" else [name]:
                inside = f"{at}.{each}" if at else each
                if each not in value:
                    yield inside, "missing"
                elif value[each] is not None or not key.endswith("?"):
                    yield from _faults(value[each], of, inside)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, item in pairs:
        if key in value:
            raise ValueError(f"the key {key!r} appears twice")
        value[key] = item
    return value
