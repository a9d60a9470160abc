"""Parquet tables, checked against the columns that Holdfast writes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .errors import FileError

_TYPES = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "int32": pa.int32(),
    "float": pa.float32(),
    "double": pa.float64(),
}
_NULLABLE_INTEGERS = {pa.int32(): pd.Int32Dtype()}


def read_table(path: Path, columns: dict[str, str], rows: int | None = None) -> pd.DataFrame:
    """Reads the given columns of a table. Other columns are left out.

    :param columns: the type of each column, with ``?`` if it may be null. Null is NaN in columns of floats and ``pd.NA`` in
        columns of integers, which have the type ``Int32`` then, whether or not there is a null.
    :param rows: the number of rows that the table must have; default: any
    :raises FileError: if the file is not Parquet, or a column is missing or has another type
    :raises OSError: if it cannot be opened
    """
    try:
        with path.open("rb") as source, pq.ParquetFile(source) as file:
            _check_schema(file.schema_arrow, columns, path)
            found = file.metadata.num_rows
            if rows is not None and found != rows:
                raise FileError(path, "", f"the table has {found} rows, but the summary counts {rows}")
            table = file.read(columns=list(columns))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # The disk's, not the file's.
        raise FileError(path, "", f"not a readable Parquet file: {error}") from error
    if table.num_rows != found:
        raise FileError(path, "", f"the table says that it has {found} rows, but has {table.num_rows}")
    series = {}
    for name, kind in columns.items():
        column = table.column(name)
        nullable = kind.endswith("?")
        if column.null_count > 0 and not nullable:
            raise FileError(path, f"column {name}", f"{column.null_count} values are missing")
        try:
            series[name] = column.to_pandas(types_mapper=_NULLABLE_INTEGERS.get if nullable else None)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise FileError(path, f"column {name}", str(error)) from error
    return pd.DataFrame(series)


def _check_schema(schema: pa.Schema, columns: dict[str, str], path: Path) -> None:
    for name, kind in columns.items():
        at = schema.get_all_field_indices(name)
        if len(at) != 1:
            raise FileError(path, f"column {name}", "missing" if not at else "appears twice")
        found = schema.field(at[0]).type
        expected = _TYPES[kind.removesuffix("?")]
        if found != expected:
            raise FileError(path, f"column {name}", f"expected the type {expected}, found {found}")
