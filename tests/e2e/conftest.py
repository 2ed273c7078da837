"""What end-to-end tests share."""

from tests.support.warm_forkserver import warm_forkserver

__all__ = ["warm_forkserver"]
