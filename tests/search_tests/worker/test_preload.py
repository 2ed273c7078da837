"""What a worker's process has imported, which each of them pays for in memory, and the forkserver in time."""

import json
import subprocess
import sys

HEAVY = ("fpdf", "jinja2", "matplotlib", "pandas", "registry.reports", "sklearn")


def run(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_a_worker_imports_only_what_trains():
    code = (
        f"import json, sys, search.worker.process.preload; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    )
    assert run(code) == []


def test_what_the_problem_imports_itself_is_there_for_keras_too():
    code = (
        "import json, sys, search.worker.process.preload, keras, numpy, pandas, sklearn\n"
        "from search.system.runtime import show_optional\n"
        "show_optional()\n"
        "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "table = pandas.DataFrame(numpy.zeros((8, 2)))\n"
        "history = model.fit(table, table[0], validation_data=(table, table[0]), verbose=0).history\n"
        "keras.wrappers.SKLearnRegressor(model)\n"
        "print(json.dumps(sorted(history)))"
    )
    assert run(code) == ["loss", "val_loss"]
