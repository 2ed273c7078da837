"""The number of SQL statements of each public call does not grow with the rows."""

from __future__ import annotations

from support.killing import keras_like

from registry import Registry

# What they cost besides: Keras' work, a training, a copy of the whole database, one look at each artifact or event.
OTHERS = {
    "close",
    "load",
    "load_check",
    "export_as",
    "import_bundle",
    "backup",
    "gc",
    "verify",
    "predict",
    "reproduce",
    *("deliver", "grants"),
}

CALLS = {
    "artifacts": lambda shop, out: shop.artifacts,
    "stores": lambda shop, out: shop.stores(),
    "models": lambda shop, out: shop.models(),
    "list": lambda shop, out: shop.list("toy"),
    "list best first": lambda shop, out: shop.list("toy", best_first=True, where="params.units = 3 and epoch < 9"),
    "find": lambda shop, out: shop.find(where="val_accuracy > 0 and tag.team = 'a'", limit=None),
    "find sorted": lambda shop, out: shop.find("toy", sort="params.units desc", limit=None),
    "get": lambda shop, out: shop.get("toy/1"),
    "recipe": lambda shop, out: shop.recipe("toy/1"),
    "reference_predictions": lambda shop, out: shop.reference_predictions(shop.get("toy/1")),
    "get_all": lambda shop, out: shop.get_all([f"toy/{one.version}" for one in shop.list("toy")] + ["toy@a", "toy"]),
    "compare": lambda shop, out: shop.compare([one.ref for one in shop.list("toy")]),
    "best": lambda shop, out: shop.best("toy"),
    "best where": lambda shop, out: shop.best("toy", "loss", where="params.units = 3 or alias = 'a'"),
    "front": lambda shop, out: shop.front("toy", "val_accuracy:max,loss:min"),
    "history": lambda shop, out: shop.history("toy"),
    "origins": lambda shop, out: shop.origins("toy"),
    "would_keep": lambda shop, out: shop.would_keep("toy", study="s", score=1.0, direction="max", top_k=3),
    "set_alias": lambda shop, out: shop.set_alias("toy", "b", 1),
    "protect_alias": lambda shop, out: shop.protect_alias("toy", "b", protected=False),
    "promote": lambda shop, out: shop.promote("toy/1", "b"),
    "rollback": lambda shop, out: (shop.set_alias("toy", "b", 2), shop.rollback("toy@b")),
    "remove_alias": lambda shop, out: shop.remove_alias("toy", "b"),
    "set_tag": lambda shop, out: shop.set_tag("toy/1", "x", "y"),
    "remove_tag": lambda shop, out: shop.remove_tag("toy/1", "x"),
    "add_hook": lambda shop, out: shop.add_hook("http://127.0.0.1:1/", ["study-ended"]),
    "hooks": lambda shop, out: shop.hooks(),
    "hook_log": lambda shop, out: shop.hook_log(),
    "remove_hook": lambda shop, out: shop.remove_hook(shop.hooks()[0].id),
    "protect_alias approvals": lambda shop, out: shop.protect_alias("toy", "a", approvals=1),
    "set_alias asked": lambda shop, out: shop.set_alias("toy", "a", 2),
    "requests": lambda shop, out: shop.requests(every=True),
    "reject": lambda shop, out: shop.reject(shop.requests()[0].id),
    "describe": lambda shop, out: shop.describe("toy/1", "text"),
    "export": lambda shop, out: shop.export(shop.get("toy/1"), out),
    "bundle": lambda shop, out: shop.bundle(["toy/1", "toy/2"], out.with_suffix(".bundle")),
}


def _approve_another(shop):
    """Let somebody else take the protection of an alias off."""
    asked = shop.protect_alias("toy", "a", protected=False)
    with Registry(shop._engine.url.render_as_string(hide_password=False), actor="another") as other:
        assert other.approve(asked.id).state == "approved"


def test_every_public_call_is_counted():
    public = {name for name in dir(Registry) if not name.startswith("_")}
    assert {name.split()[0] for name in CALLS} | {"register", "drop_weights", "delete", "approve"} | OTHERS == public


def test_number_of_statements_does_not_grow(registry, register, count_statements, tmp_path):
    def counts():
        found = {}
        more = {
            "register": lambda shop, out: register(shop, 2.0, trial=1000 + len(shop.list("toy")), top_k=3),
            "drop_weights": lambda shop, out: shop.drop_weights("toy", [shop.list("toy")[-1].version]),
            "approve": lambda shop, out: _approve_another(shop),
            "delete": lambda shop, out: shop.delete(shop.list("toy")[-1].ref),
        }
        for name, call in (CALLS | more).items():
            with count_statements() as seen:
                call(registry, tmp_path / "out.keras")
            found[name] = len(seen)
        return found

    for trial in range(4):
        register(
            registry,
            0.1,
            trial=trial,
            weights=keras_like(trial),
            curves={"val_accuracy": [0.1], "loss": [0.1]},
            tags={"team": "a"},
        )
    registry.set_alias("toy", "a", 1)
    few = counts()
    register(registry, 0.2, trial=4)
    for trial in range(5, 30):
        params = {"units": 3, **{f"p{n}": n for n in range(trial)}}
        curves = {"val_accuracy": [trial / 100], **{f"m{n}": [0.5] for n in range(trial)}}
        register(registry, trial / 100, trial=trial, params=params, curves=curves, tags={"team": "a", "b": "c"})
    registry.set_alias("toy", "c", 9)
    assert counts() == few
