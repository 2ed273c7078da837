"""A search from a real Jupyter kernel: a problem in a cell, live progress, a run in the background, objects shown."""

from __future__ import annotations

import nbclient
import nbformat

CELLS = [
    "%load_ext search.notebook",
    """%%problem cells.py
from search import Objective, Problem
from search.toy import load_data, make_hypermodel

cells = Problem("cells", Objective("val_accuracy", "max"), make_hypermodel, load_data)
""",
    """from search import Study
study = Study.create("s", problem=cells, trials=2, max_epochs=2, schedule="full")
status = study.run(workers=1)""",
    "study",
    """study.add(1)
running = study.run(workers=1, background=True)
running.wait(120).finished""",
    """study.add(50)
running = study.run(workers=1, background=True)
running.stop().finished < 53""",
    """from registry import Registry
Registry(study.url).best("cells")""",
    "Registry(study.url).best('cells').plot()",
    "Study.open('misspelt')",
]


def test_a_search_from_a_notebook(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}, allow_errors=True
    )
    client.execute()
    outputs = [cell.outputs for cell in notebook.cells]
    assert [output.text for output in outputs[1]] == [f"{tmp_path}/cells.py: problem='cells:cells'\n"]
    (progress,) = [output for output in outputs[2] if output.output_type == "display_data"]
    assert "2/2 trials" in progress.data["text/html"]
    assert "<pre" in progress.data["text/html"]
    assert not [output for output in outputs[2] if output.output_type == "error"]
    assert "<table" in outputs[3][0].data["text/html"]
    assert outputs[4][-1].data["text/plain"] == "3"
    assert outputs[5][-1].data["text/plain"] == "True"
    assert "<table" in outputs[6][-1].data["text/html"]
    assert "image/png" in outputs[7][-1].data
    (error,) = outputs[8]
    assert error.traceback == ["NotFoundError: " + error.evalue]  # a line, and no page of frames
    assert error.evalue == "no study is called 'misspelt'; there are: s"
