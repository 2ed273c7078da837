"""The ``registry`` program: thin functions over `Registry`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from registry.console import Json, Storage, new_app, print_json, print_table, run, show
from registry.database import default_url, open_engine
from registry.errors import UsageError
from registry.migrate import known_schemas
from registry.refs import parse_ref
from registry.registry import Registry
from registry.values import Direction, ModelVersion

app = new_app("Registered models: which is best, its curves, its weights.")
alias_app = new_app("Movable names for versions; a version with one keeps its weights.")
tag_app = new_app("Texts on versions.")
app.add_typer(alias_app, name="alias")
app.add_typer(tag_app, name="tag")

RefArgument = Annotated[str, typer.Argument(metavar="REF", help="MODEL (its best), MODEL/3 or MODEL@ALIAS.")]
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="A registered model's name.")]


def main() -> None:
    """Run the program on this process's arguments, and end it."""
    sys.exit(run(app, "registry"))


@app.command("models")
def models_command(storage: Storage = None, as_json: Json = False) -> None:
    """Name the registered models."""
    with Registry(storage) as registry:
        found = registry.models()
    if as_json:
        print_json([model.as_dict() for model in found])
        return
    print_table(
        ["model", "versions", "best by", "aliases"],
        [(m.name, m.versions, f"{m.metric} ({m.direction})", dict(m.aliases)) for m in found],
    )


@app.command("list")
def list_command(
    model: ModelArgument,
    study: Annotated[str | None, typer.Option(help="Only versions of this study.")] = None,
    best_first: Annotated[bool, typer.Option("--best-first", help="By score instead of by number.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="So many at most.")] = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Name a model's versions."""
    with Registry(storage) as registry:
        found = registry.list(model, study=study, best_first=best_first, limit=limit)
    if as_json:
        print_json([version.as_dict() for version in found])
        return
    print_table(
        ["version", "score", "metric", "epoch", "study", "trial", "ended by", "weights", "aliases", "tags"],
        [_list_row(version) for version in found],
    )


def _list_row(version: ModelVersion) -> tuple[object, ...]:
    stored = size(version.weights.bytes) if version.weights else version.state.replace("ready", "-")
    return (
        version.ref,
        version.score,
        version.metric,
        version.epoch,
        version.source.study,
        version.source.trial,
        version.stop_reason,
        stored,
        version.aliases,
        dict(version.tags),
    )


@app.command("show")
def show_command(ref: RefArgument, storage: Storage = None, as_json: Json = False) -> None:
    """Show a version."""
    with Registry(storage) as registry:
        _print_version(registry.get(ref), as_json)


@app.command("best")
def best_command(
    model: ModelArgument,
    metric: Annotated[str | None, typer.Option(help="By this metric, not the model's objective.")] = None,
    direction: Annotated[str | None, typer.Option(metavar="max|min", help="Which way is better.")] = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Show a model's best version."""
    with Registry(storage) as registry:
        _print_version(registry.best(model, metric, _direction(direction)), as_json)


def _direction(text: str | None) -> Direction | None:
    if text is None or text == "max" or text == "min":
        return text  # type: ignore[return-value]
    raise UsageError(f"--direction is {text!r}; expected 'max' or 'min'")


def _print_version(version: ModelVersion, as_json: bool) -> None:
    if as_json:
        print_json(version.as_dict())
        return
    typer.echo(f"{version.ref}  {version.metric} {show(version.score)} at epoch {version.epoch}")
    for name, value in _facts(version).items():
        typer.echo(f"  {name:<11}{show(value)}")


def _facts(version: ModelVersion) -> dict[str, object]:
    source, stored = version.source, version.weights
    return {
        "params": dict(version.params),
        "metrics": dict(version.metrics),
        "ended by": version.stop_reason,
        "epochs": max((len(curve.values) for curve in version.curves.values()), default=None),
        "seconds": version.seconds,
        "parameters": version.parameters,
        "study": source.study,
        "trial": source.trial,
        "seed": source.seed,
        "problem": source.problem,
        "data": source.data_fingerprint,
        "code": source.code_revision,
        "libraries": dict(source.libraries),
        "aliases": version.aliases,
        "tags": dict(version.tags),
        "weights": f"{size(stored.bytes)}, sha256 {stored.sha256}" if stored else version.state,
        "created": version.created_at.isoformat(timespec="seconds"),
    }


def size(count: int) -> str:
    """Return a number of bytes as people read it.

    Example:
        >>> size(1_260_000)
        '1.3 MB'
    """
    value = float(count)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


@app.command("curves")
def curves_command(
    refs: Annotated[list[str], typer.Argument(metavar="REF...", help="MODEL, MODEL/3 or MODEL@ALIAS.")],
    out: Annotated[Path | None, typer.Option(help="The picture: .png, .svg or .pdf.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Draw loss curves, train against validation."""
    if out is None and not as_json:
        raise UsageError("nowhere to draw to: add --out FILE.png, or --json for the numbers")
    with Registry(storage) as registry:
        versions = [registry.get(ref) for ref in refs]
    if out is not None:
        from registry.plots import plot_curves

        plot_curves(versions, metric, out)
    if as_json:
        print_json({version.ref: version.as_dict()["curves"] for version in versions})
    else:
        typer.echo(f"{', '.join(version.ref for version in versions)}: curves in {out}")


@app.command("load")
def load_command(
    ref: RefArgument,
    out: Annotated[Path, typer.Option(help="The .keras file to write.")],
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Write a version's verified .keras file."""
    if out.suffix != ".keras":
        raise UsageError(f"--out is {str(out)!r}; Keras reads only names that end in .keras")
    with Registry(storage) as registry:
        version = registry.get(ref)
        version.export(out)
    if as_json:
        print_json({"ref": version.ref, "out": str(out), "weights": version.as_dict()["weights"]})
    elif version.weights:
        typer.echo(f"{version.ref}: {size(version.weights.bytes)} in {out}, sha256 {version.weights.sha256}")


@app.command("load-check")
def load_check_command(ref: RefArgument, storage: Storage = None, as_json: Json = False) -> None:
    """Load a version and compare its predictions with the stored ones; exit 1 where they differ."""
    with Registry(storage) as registry:
        version = registry.get(ref)
        check = registry.load_check(version.ref)
    if as_json:
        print_json({"ref": version.ref, "status": check.status, "max_difference": check.max_difference})
    else:
        said = {
            "equal": "loads, and predicts bit for bit what it predicted when it was registered",
            "close": f"loads, and predicts nearly what it predicted (apart by {show(check.max_difference)})",
            "different": f"loads, but predicts something else (apart by {show(check.max_difference)})",
            "unknown": "loads; no predictions were stored to compare with",
        }
        typer.echo(f"{version.ref}: {said[check.status]}")
    if check.status == "different":
        raise typer.Exit(1)


@alias_app.command("set")
def alias_set(
    target: Annotated[str, typer.Argument(metavar="MODEL@ALIAS")],
    version: Annotated[int, typer.Argument(metavar="VERSION", min=1)],
    storage: Storage = None,
) -> None:
    """Point an alias to a version."""
    model, alias = _alias(target)
    with Registry(storage) as registry:
        found = registry.set_alias(model, alias, version)
    typer.echo(f"{target} is {found.ref}")


@alias_app.command("rm")
def alias_rm(target: Annotated[str, typer.Argument(metavar="MODEL@ALIAS")], storage: Storage = None) -> None:
    """Remove an alias."""
    model, alias = _alias(target)
    with Registry(storage) as registry:
        registry.remove_alias(model, alias)
    typer.echo(f"{target} is removed")


def _alias(target: str) -> tuple[str, str]:
    ref = parse_ref(target)
    if ref.alias is None:
        raise UsageError(f"{target!r} names no alias; expected MODEL@ALIAS")
    return ref.model, ref.alias


@tag_app.command("set")
def tag_set(
    ref: RefArgument,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    text: Annotated[str, typer.Argument(metavar="TEXT")],
    storage: Storage = None,
) -> None:
    """Give a version a tag."""
    with Registry(storage) as registry:
        found = registry.set_tag(ref, name, text)
    typer.echo(f"{found.ref}: {name}={text}")


@tag_app.command("rm")
def tag_rm(ref: RefArgument, name: Annotated[str, typer.Argument(metavar="NAME")], storage: Storage = None) -> None:
    """Take a tag off a version."""
    with Registry(storage) as registry:
        found = registry.remove_tag(ref, name)
    typer.echo(f"{found.ref}: {name} is removed")


@app.command("upgrade")
def upgrade_command(storage: Storage = None, as_json: Json = False) -> None:
    """Migrate the database's tables to what this program knows."""
    engine = open_engine(storage or default_url(), must_exist=True)
    done = [(schema.name, *schema.upgrade(engine)) for schema in known_schemas()]
    engine.dispose()
    if as_json:
        print_json([{"schema": name, "from": before, "to": after} for name, before, after in done])
        return
    for name, before, after in done:
        known = f"{before} -> {after}" if before != after else f"{after}, up to date"
        typer.echo(f"{name}: {known}")
