"""Executes a notebook with the kernel that it names: execute.py SOURCE TARGET SECONDS. TARGET gets the outputs, up to the cell that failed."""

import sys
import uuid
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


async def collect_late(client, cell, cell_index):
    """Deno sends what is printed from a task of its own, on a busy machine after it has called the cell done. A mark, printed last, ends it."""
    mark = uuid.uuid4().hex
    client.kc.execute(f'console.log("{mark}")', store_history=False)
    while True:
        message = await client.kc.get_iopub_msg(timeout=client.timeout)
        kind = message["msg_type"]
        if kind == "stream" and mark in message["content"]["text"]:
            message["content"]["text"] = message["content"]["text"].partition(mark)[0]
            if message["content"]["text"]:
                client.process_message(message, cell, cell_index)
            return
        if kind in ("stream", "display_data", "execute_result"):
            client.process_message(message, cell, cell_index)


def main(source, target, seconds):
    notebook = nbformat.read(source, as_version=4)
    client = NotebookClient(
        notebook, timeout=int(seconds), resources={"metadata": {"path": str(Path(source).parent)}}
    )

    async def executed(cell, cell_index, execute_reply):
        if execute_reply["content"]["status"] == "ok":
            await collect_late(client, cell, cell_index)

    client.on_cell_executed = executed
    try:
        client.execute()
    except CellExecutionError:
        pass  # The cell's outputs hold the error.
    nbformat.write(notebook, target)


main(*sys.argv[1:])
