"""The ``search`` program: thin functions over the Python API, put together from `search.commands`."""

from __future__ import annotations

import sys

from registry.core.console import new_app, run
from search.commands import dashboard, show
from search.commands import run as working
from search.commands.changing import change, control, naming
from search.commands.help.examples import EXAMPLES, PANELS
from search.commands.newcomers import begin, importing
from search.commands.winners import confirm, ensemble, refit

app = new_app("Search hyperparameters of Keras models, with workers that share only a database.")
app.command("init")(begin.init_command)
app.command("check")(begin.check_command)
app.command("run")(working.run_command)
app.command("create")(working.create_command)
app.command("worker")(working.worker_command)
app.command("confirm")(confirm.confirm_command)
app.command("ensemble")(ensemble.ensemble_command)
app.command("refit")(refit.refit_command)
app.command("status")(show.status_command)
app.command("change")(change.change_command)
app.command("stop")(control.stop_command)
app.command("retry")(control.retry_command)
app.command("prune")(control.prune_command)
app.command("enqueue")(control.enqueue_command)
app.add_typer(importing.import_app, name="import")
app.command("drop")(control.drop_command)
app.command("rename")(naming.rename_command)
app.command("delete")(naming.delete_command)
app.command("report")(show.report_command)
app.command("dashboard")(dashboard.dashboard_command)
app.command("problems")(show.problems_command)


def main() -> None:
    """Run the program on this process's arguments, and end it."""
    sys.exit(run(app, "search", examples=EXAMPLES, panels=PANELS))
