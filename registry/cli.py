"""The ``registry`` program: thin functions over `Registry`, put together from `registry.commands`."""

from __future__ import annotations

import sys

from registry import starting
from registry.commands import aliases, compare, curves, database, importing, keep, listing, load, marks, move, show
from registry.console import new_app, run

app = new_app("Registered models: which is best, its curves, its weights.")
app.command("models")(show.models_command)
app.command("list")(listing.list_command)
app.command("show")(show.show_command)
app.command("best")(show.best_command)
app.command("compare")(compare.compare_command)
app.command("curves")(curves.curves_command)
app.command("load")(load.load_command)
app.command("load-check")(load.load_check_command)
app.add_typer(aliases.alias_app, name="alias")
app.command("promote")(aliases.promote_command)
app.command("history")(aliases.history_command)
app.add_typer(marks.tag_app, name="tag")
app.command("describe")(marks.describe_command)
app.command("export")(move.export_command)
app.command("bundle")(move.bundle_command)
app.command("import")(move.import_command)
app.command("artifacts")(keep.artifacts_command)
app.command("verify")(keep.verify_command)
app.command("gc")(keep.gc_command)
app.command("delete")(keep.delete_command)
app.command("backup")(keep.backup_command)
app.command("import-mlflow")(importing.import_mlflow_command)
app.command("upgrade")(database.upgrade_command)
starting.started()


def main() -> None:
    """Run the program on this process's arguments, and end it."""
    sys.exit(run(app, "registry"))
