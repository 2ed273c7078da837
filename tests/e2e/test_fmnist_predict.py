"""A registered model names pictures, on the command line; and the chapter's pictures are drawn."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from fmnist import CLASS_NAMES
from fmnist.cli import app
from registry import Registry, save_model
from registry.core.console import run

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "images"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Give a database with one version: a network that has learned nothing."""
    keras.utils.set_random_seed(1)
    layers = [keras.Input((28, 28), dtype="uint8"), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    model = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    url = f"sqlite:///{tmp_path}/studies.db"
    with Registry(url, create=True) as registry:
        registry.register(
            "fmnist",
            weights=save_model(model),
            score=0.1,
            metric="val_accuracy",
            direction="max",
            epoch=1,
            params={},
            curves={"val_accuracy": [0.1]},
        )
    return url


def test_without_a_champion_the_error_says_what_to_do(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "fmnist", ["predict", str(EXAMPLES / "ankle-boot.png"), "--storage", url]) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "--model fmnist" in message
    assert "registry alias set fmnist@champion VERSION" in message


def test_pictures_are_named_and_drawn(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Registry(url) as registry:
        registry.set_alias("fmnist", "champion", 1)
    boot = np.asarray(Image.open(EXAMPLES / "ankle-boot.png"))
    Image.fromarray(255 - boot).save(tmp_path / "inverted.png")
    files = [*sorted(EXAMPLES.iterdir()), tmp_path / "inverted.png"]
    picture = tmp_path / "answers.png"
    command = ["predict", *map(str, files), "--storage", url, "--out", str(picture), "--json"]
    assert run(app, "fmnist", command) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["model"] == "fmnist/1"
    by_name = {Path(answer["image"]).name: answer for answer in found["answers"]}
    assert {"ankle-boot.png", "trouser-large.jpg", "three.npy[2]"} < set(by_name)
    # Rows of one batch may round otherwise in the last bit, as the processor's kernels divide it.
    same = pytest.approx(by_name["ankle-boot.png"]["probabilities"], rel=1e-6)
    assert by_name["inverted.png"]["probabilities"] == same
    for answer in found["answers"]:
        assert set(answer["probabilities"]) == set(CLASS_NAMES)
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert answer["probability"] == max(answer["probabilities"].values())
    with Image.open(picture) as drawn:
        assert drawn.format == "PNG"


def test_a_file_that_is_no_picture_is_named_before_a_model_is_loaded(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no picture")
    assert run(app, "fmnist", ["predict", str(path), "--storage", url]) == 1
    assert capsys.readouterr().err.startswith(f"fmnist: {path} is not a picture; expected a PNG or JPEG picture")


def test_the_chapters_pictures_need_the_baselines(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "fmnist", ["pictures", "--out", str(tmp_path / "pictures"), "--storage", url]) == 1
    assert capsys.readouterr().err == (
        "fmnist: the baseline 'softmax' is not registered in this database; train it: fmnist baselines\n"
    )
    assert not (tmp_path / "pictures").exists()


def test_the_chapters_pictures_are_drawn_of_registered_baselines(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from fmnist.chapter.baselines import study_of
    from fmnist.chapter.experiments import BASELINES
    from registry import Source

    curves = {name: [0.5, 0.6] for name in ("loss", "val_loss", "accuracy", "val_accuracy")}
    with Registry(url) as registry:
        for baseline in BASELINES:
            registry.register(
                "fmnist",
                weights=None,
                score=0.6,
                metric="val_accuracy",
                direction="max",
                epoch=2,
                params={},
                curves=curves,
                source=Source(study=study_of(baseline), trial=0, seed=0),
            )
        registry.set_alias("fmnist", "champion", registry.list("fmnist")[-1].version, force=True)
    folders = ["--out", str(tmp_path / "pictures"), "--examples", str(tmp_path / "examples")]
    assert run(app, "fmnist", ["pictures", *folders, "--storage", url]) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    names = {"images.png", "dropout.png", "champion.png", "standing.png", "ankle-boot.png", "three.npy"}
    assert {path.name for path in written} >= names
    for path in written:
        assert path.stat().st_size > 0
        shipped = EXAMPLES / path.name
        if path.parent.name == "examples" and path.suffix != ".jpg":
            assert path.read_bytes() == shipped.read_bytes()
