"""Settings, durations, seeds, placement: pure functions of what they are given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.durations import parse_duration, show_duration
from registry.core.errors import UsageError
from registry.core.objective import Objective
from search.launchers.contract import Request
from search.records.settings import Settings, derive_seed
from search.system.placement import Place, place_workers


def test_settings_survive_the_database():
    settings = Settings(sampler="qmc", max_epochs=3, trial_seconds=1.5)
    assert Settings.from_dict(settings.as_dict()) == settings


def test_settings_of_a_newer_program_lose_what_nobody_knows():
    assert Settings.from_dict(Settings().as_dict() | {"later": 1}) == Settings()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_epochs": 0}, "max_epochs is 0; expected 1 or more"),
        ({"prune_patience": -1}, "prune_patience is -1; expected 0 or more"),
        ({"trial_seconds": 0}, "trial_seconds is 0; expected more than 0"),
        ({"max_epoch": 5}, "there is no setting 'max_epoch'; did you mean 'max_epochs'?"),
    ],
)
def test_wrong_settings_are_named(values, message):
    with pytest.raises(UsageError) as caught:
        Settings.of(values)
    assert str(caught.value) == message


def test_differences_name_both_values():
    assert Settings().differences(Settings(top_k=3)) == {"top_k": (5, 3)}


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("1h30m", 5400), ("2d", 172800), ("1m30s", 90)]
)
def test_durations(text, seconds):
    assert parse_duration(text, "--timeout") == seconds


@pytest.mark.parametrize("text", ["", "m", "5x", "-5m", "1h30", "0", "0m", "1 h"])
def test_a_wrong_duration_is_named(text):
    with pytest.raises(UsageError, match="--timeout is "):
        parse_duration(text, "--timeout")


@given(st.integers(1, 10**6))
def test_shown_durations_are_never_longer_than_eight_characters_up_to_days(seconds):
    assert len(show_duration(seconds)) <= 8


@given(st.integers(0, 2**31), st.integers(0, 10**6))
def test_seeds_are_reproducible_and_fit_keras(study, trial):
    assert derive_seed(study, trial) == derive_seed(study, trial)
    assert 0 <= derive_seed(study, trial) < 2**31


def test_neighbouring_trials_have_unrelated_seeds():
    assert len({derive_seed(0, number) for number in range(1000)} | {derive_seed(1, 0)}) == 1001


def test_an_objective_needs_its_direction():
    with pytest.raises(ValueError, match="'val_loss' is 'minimize'; expected 'max' or 'min'"):
        Objective("val_loss", "minimize")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wishes", "places"),
    [
        ({"workers": None, "device": "auto", "cores": 2, "gpus": []}, [Place(None), Place(None)]),
        ({"workers": 2, "device": "cpu", "cores": 8, "gpus": ["0"]}, [Place(None, 4), Place(None, 4)]),
        ({"workers": 3, "device": "cpu", "cores": 2, "gpus": []}, [Place(None, 1)] * 3),
        ({"workers": None, "device": "auto", "cores": 4, "gpus": ["0", "1"]}, [Place("0", 2), Place("1", 2)]),
        (
            {"workers": None, "device": "gpu:1", "cores": 8, "gpus": ["0", "1"], "per_gpu": 3},
            [Place("1", 2), Place("1", 2), Place("1", 2)],
        ),
        ({"workers": 3, "device": "gpu", "cores": 3, "gpus": ["0", "2"]}, [Place("0"), Place("2"), Place("0")]),
        ({"workers": 1, "device": "gpu:GPU-5ad", "cores": 1, "gpus": ["GPU-5ad"]}, [Place("GPU-5ad")]),
        (
            {"workers": None, "device": "auto", "cores": 8, "gpus": ["0", "1", "2", "5", "7"], "per_trial": 2},
            [Place("0,1", 4), Place("2,5", 4)],
        ),
        ({"workers": 1, "device": "gpu:1,2", "cores": 2, "gpus": ["0", "1", "2"], "per_trial": 2}, [Place("1,2", 2)]),
    ],
)
def test_placement(wishes, places):
    assert place_workers(**wishes) == places


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"workers": 10**23, "device": "cpu"}, f"--workers is {10**23}; expected 1 to 10000, or auto"),
        ({"workers": 0, "device": "cpu"}, "--workers is 0; expected 1 to 10000, or auto"),
        ({"workers": 1, "device": "cpu", "per_gpu": 0}, "--per-gpu is 0; expected 1 to 10000"),
        ({"workers": 1, "device": "tpu"}, "the device is 'tpu'; expected auto, cpu, gpu or for example gpu:0,1"),
        ({"workers": 1, "device": "gpu:"}, "the device is 'gpu:'; expected auto, cpu, gpu or for example gpu:0,1"),
        ({"workers": 1, "device": "gpu", "per_trial": 2}, "--gpus-per-trial is 2, but the GPUs to choose from are: 0"),
        (
            {"workers": 1, "device": "cpu", "per_trial": 2},
            "--gpus-per-trial is 2, but the GPUs to choose from are: none",
        ),
        ({"workers": 1, "device": "gpu:7"}, "'gpu:7', but this machine's GPUs are: 0; choose among these, or cpu"),
    ],
)
def test_wrong_places_are_named(wishes, message):
    with pytest.raises(UsageError) as caught:
        place_workers(cores=2, gpus=["0"], **wishes)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"gpus_per_trial": 0}, "--gpus-per-trial is 0; expected 1 or more"),
        ({"gpus_per_trial": 2, "per_gpu": 2}, "--gpus-per-trial gives a trial several GPUs, --per-gpu a GPU several"),
        ({"gpus_per_trial": 2, "on": "ray"}, "--gpus-per-trial is for the GPUs of this machine, not for --on ray"),
    ],
)
def test_what_a_run_cannot_ask_for_together(asked, message):
    with pytest.raises(UsageError) as caught:
        Request(**asked)
    assert message in str(caught.value)


def test_a_gpu_where_there_is_none():
    with pytest.raises(UsageError, match="this machine's GPUs are: none"):
        place_workers(workers=1, device="gpu", cores=2, gpus=[])


@given(st.integers(1, 64), st.integers(1, 64), st.lists(st.sampled_from("01234567"), unique=True))
def test_each_worker_has_a_thread_and_a_device_that_exists(workers, cores, gpus):
    places = place_workers(workers=workers, device="auto", cores=cores, gpus=gpus)
    assert len(places) == workers
    assert all(place.threads >= 1 for place in places)
    assert {place.gpu for place in places} <= (set(gpus) or {None})
