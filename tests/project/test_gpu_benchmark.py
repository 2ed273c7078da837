"""The parts of `benchmarks.gpu`, which measures nothing where there is no GPU."""

import sys
from dataclasses import replace

import pytest

from benchmarks import gpu
from benchmarks.gpu import Case, Measured, Worked
from search.system.placement import Place

UUID = "GPU-1"
FINE = Worked(7, images=300, seconds=2.0, peak_mb=91.4, gpus=1, growth=True, threads=1, resident=True)


def test_every_case_has_both_ways_and_none_is_twice():
    cases = gpu.cases()
    assert len(set(cases)) == len(cases) == 3 * 2 * 4 * 2
    assert all(replace(case, way="fit") in cases for case in cases)


def test_what_the_driver_says_is_read():
    named = gpu.parse_gpus("0, GPU-1, 81559\n1, GPU-2, 40960\n")
    assert named == {"0": ("GPU-1", 81559), "GPU-1": ("GPU-1", 81559), "1": ("GPU-2", 40960), "GPU-2": ("GPU-2", 40960)}
    assert gpu.parse_held("7, GPU-1, 512\n8, GPU-2, [N/A]\n") == {7: ("GPU-1", 512.0)}
    assert gpu.parse_held("") == {}


@pytest.mark.parametrize(
    ("worker", "held", "said"),
    [
        (FINE, {}, None),
        (FINE, {7: (UUID, 400.0)}, None),
        (Worked(7, error="no memory"), {}, None),
        (replace(FINE, resident=None), {}, None),
        (replace(FINE, gpus=2), {}, "worker 7 sees 2 GPUs; expected 1"),
        (replace(FINE, growth=False), {}, "worker 7 does not let its memory grow"),
        (replace(FINE, threads=4), {}, "worker 7 has 4 threads; expected 1"),
        (replace(FINE, resident=False), {}, "worker 7 has its data on the CPU; expected the GPU"),
        (FINE, {7: ("GPU-2", 400.0)}, "worker 7 is on the GPU GPU-2; expected GPU-1"),
        (FINE, {7: (UUID, 900.0)}, "worker 7 holds 900 MB of 1000; expected what it needs"),
    ],
)
def test_what_is_not_as_promised_is_said(worker, held, said):
    assert list(gpu.faults(Measured((worker,), held), UUID, 1000.0)) == ([] if said is None else [said])


def test_a_worker_that_is_placed_elsewhere_is_told_of():
    assert gpu.place_faults([Place("0"), Place("1"), Place(None)], "0") == [
        "a worker is placed on gpu:1; expected gpu:0",
        "a worker is placed on cpu; expected gpu:0",
    ]


def test_the_table_has_ratios_and_a_dash_for_what_could_not_be_measured():
    fast, fit = Case("fast", "mixed_bfloat16", True, 2), Case("fit", "mixed_bfloat16", True, 2)
    alone = Case("fast", "float32", False, 1)
    broken = Measured((Worked(1, error="no memory"),))
    results = {
        fit: Measured((replace(FINE, images=100), replace(FINE, images=100))),
        fast: Measured((FINE, replace(FINE, peak_mb=200.0))),
        alone: broken,
    }
    assert gpu.table(results).splitlines()[2:] == [
        "| bfloat16 | on | 2 | 100 | 300 | 3.00 | 91 | 200 |",
        "| float32 | off | 1 | – | – | – | – | – |",
    ]
    assert broken.error == "no memory"


@pytest.mark.parametrize("way", gpu.WAYS)
def test_each_way_trains_an_epoch(way):
    import keras

    from search.toy import load_data

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    before = model.get_weights()[0].copy()
    run, resident = gpu.epochs_of(way, model, load_data(), 32)
    run(1)
    assert (model.get_weights()[0] != before).all()
    assert resident is (None if way == "fit" else False)


def test_without_a_gpu_it_says_so_in_a_line(monkeypatch, capsys):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setattr(sys, "argv", ["benchmarks.gpu"])
    gpu.main()
    assert capsys.readouterr().out.splitlines() == [
        "there is no GPU here, so nothing was measured: nvidia-smi names none, or CUDA_VISIBLE_DEVICES hides it"
    ]
