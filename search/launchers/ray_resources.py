"""What each worker takes of a Ray cluster, and how many fit: pure functions of the cluster and the wishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.core.errors import UsageError
from search.errors import ClusterError
from search.system.placement import check_counts

GRAIN = 10_000  # Ray counts GPUs in ten-thousandths


@dataclass(frozen=True, slots=True)
class Share:
    """What one worker takes of a node.

    Args:
        cpus: CPU cores, each for one thread.
        gpus: the part of a GPU; 0 to compute on the CPU.
    """

    cpus: int
    gpus: float


def place_on_ray(
    *, workers: int | None, device: str, per_gpu: int, nodes: Sequence[Mapping[str, float]]
) -> tuple[int, Share]:
    """Say how many workers run on a cluster, and what each of them takes.

    Args:
        workers: how many, or None for as many as the nodes carry at once. Those that find no room wait for it: also
            for nodes that an autoscaler starts for them.
        device: ``auto`` (GPUs where there are any), ``cpu`` or ``gpu``.
        per_gpu: workers that share a GPU.
        nodes: the resources of each node that is alive, as Ray counts them.

    Raises:
        UsageError: a device that cannot be asked of Ray, or a number that is not positive.
        ClusterError: no worker fits, and nobody said how many to wait for.

    Example:
        >>> place_on_ray(workers=None, device="auto", per_gpu=2, nodes=[{"CPU": 8, "GPU": 1}, {"CPU": 4}])
        (2, Share(cpus=1, gpus=0.5))
    """
    check_counts(workers, per_gpu)
    if device not in ("auto", "cpu", "gpu"):
        raise UsageError(f"the device is {device!r}; on Ray expected auto, cpu or gpu: Ray chooses which GPU")
    on_gpus = device == "gpu" or (device == "auto" and any(_whole(node, "GPU") for node in nodes))
    share = Share(1, GRAIN // per_gpu / GRAIN if on_gpus else 0.0)
    fitting = sum(_fitting(node, per_gpu if on_gpus else None) for node in nodes)
    if workers is None and not fitting:
        have = ", ".join(f"{_whole(node, 'CPU')} CPUs and {_whole(node, 'GPU')} GPUs" for node in nodes)
        raise ClusterError(
            f"no worker fits on the Ray cluster, whose nodes have: {have or 'nothing'}; "
            "add nodes, or say with --workers how many are to wait for them"
        )
    return workers or fitting, share


def check_database(dialect: str, hosts: Sequence[str], here: str) -> None:
    """Refuse a SQLite file for a cluster that is not just this machine.

    Args:
        dialect: of the database.
        hosts: the name of each node's machine.
        here: this machine's name.

    Raises:
        ClusterError: some worker could not open the file, or not safely.
    """
    if dialect != "sqlite" or list(hosts) == [here]:
        return
    nodes = f"{len(hosts)} nodes" if len(hosts) > 1 else f"its node on {hosts[0]}"
    raise ClusterError(
        f"the study is in a SQLite file, which only one machine can use, but the Ray cluster has {nodes}; "
        "create the study in PostgreSQL: --storage postgresql://USER@HOST/NAME"
    )


def _whole(node: Mapping[str, float], resource: str) -> int:
    return int(node.get(resource, 0))


def _fitting(node: Mapping[str, float], per_gpu: int | None) -> int:
    cpus = _whole(node, "CPU")
    return cpus if per_gpu is None else min(cpus, _whole(node, "GPU") * per_gpu)
