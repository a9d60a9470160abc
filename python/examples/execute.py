"""Runs the notebook from its first cell to its last, and fails if a cell does.

    python examples/execute.py            # leaves the notebook as it is
    python examples/execute.py --write    # keeps what its cells show
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
NOTEBOOK = HERE / "first-look.ipynb"


def kept(output: nbformat.NotebookNode) -> bool:
    """Whether an output is part of the notebook: progress, which differs from run to run, is not."""
    return not (output.output_type == "stream" and output.name == "stderr")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="keep what the cells show")
    write = parser.parse_args().write
    # The package beside this folder, which need not be installed.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", record_timing=False, resources={"metadata": {"path": str(HERE)}}
    )
    client.execute()
    if write:
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = [output for output in cell.outputs if kept(output)]
        notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
        nbformat.write(notebook, NOTEBOOK)


if __name__ == "__main__":
    main()
