"""Which version the reference study takes for its ensemble; nothing is trained for that."""

from fmnist.reference import WIDE, average
from registry import Registry, Source


def test_the_ensemble_is_not_the_average_of_its_refits(tmp_path):
    url = f"sqlite:///{tmp_path}/studies.db"
    with Registry(url, create=True) as registry:
        for place, tags in enumerate(({}, {"refit": WIDE}), 1):
            source = Source(origin=f"ensemble:fmnist/{place}+fmnist/9#00000000")
            registry.register(
                "fmnist", weights=None, metric="val_accuracy", score=0.9, source=source, tags={"ensemble": WIDE} | tags
            )
    told = []
    assert average(url, 5, told.append).ref == "fmnist/1"
    assert told == []
