"""Executes a notebook with the kernel that it names: execute.py SOURCE TARGET SECONDS. TARGET gets the outputs, up to the cell that failed."""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

source, target, seconds = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
folder = {"metadata": {"path": str(Path(source).parent)}}
try:
    NotebookClient(notebook, timeout=int(seconds), resources=folder).execute()
except CellExecutionError:
    pass  # The cell's outputs hold the error.
nbformat.write(notebook, target)
