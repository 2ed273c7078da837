"""The ``registry`` program: thin functions over `Registry`, put together from `registry.commands`."""

from __future__ import annotations

import sys

from registry.commands import maintenance
from registry.commands.asking import best, compare, curves, listing, show
from registry.commands.examples import EXAMPLES
from registry.commands.labels import aliases, tags
from registry.commands.loading import load, serve
from registry.commands.oversight import grants, hooks, requests
from registry.commands.provenance import card, reproduce
from registry.commands.transfer import bundles, mlflow
from registry.core.console import new_app, run

app = new_app("Registered models: which is best, its curves, its weights.")
app.command("models")(show.models_command)
app.command("list")(listing.list_command)
app.command("show")(show.show_command)
app.command("best")(best.best_command)
app.command("compare")(compare.compare_command)
app.command("curves")(curves.curves_command)
app.command("load")(load.load_command)
app.command("load-check")(load.load_check_command)
app.command("predict")(load.predict_command)
app.command("reproduce")(reproduce.reproduce_command)
app.command("card")(card.card_command)
app.command("serve")(serve.serve_command)
app.add_typer(aliases.alias_app, name="alias")
app.command("promote")(aliases.promote_command)
app.command("rollback")(aliases.rollback_command)
app.command("history")(aliases.history_command)
app.add_typer(tags.tag_app, name="tag")
app.command("describe")(tags.describe_command)
app.command("export")(load.export_command)
app.command("bundle")(bundles.bundle_command)
app.command("import")(bundles.import_command)
app.command("artifacts")(maintenance.artifacts_command)
app.command("verify")(maintenance.verify_command)
app.command("gc")(maintenance.gc_command)
app.command("delete")(maintenance.delete_command)
app.command("backup")(maintenance.backup_command)
app.command("import-mlflow")(mlflow.import_mlflow_command)
app.command("grants")(grants.grants_command)
app.command("requests")(requests.requests_command)
app.add_typer(requests.request_app, name="request")
app.add_typer(hooks.hook_app, name="hook")
app.command("upgrade")(maintenance.upgrade_command)


def main() -> None:
    """Run the program on this process's arguments, and end it."""
    sys.exit(run(app, "registry", examples=EXAMPLES))
