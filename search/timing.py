"""Every interval that workers live by, in one place."""

from __future__ import annotations

LEASE_SECONDS = 30.0


GRACE_SECONDS = LEASE_SECONDS  # for which a server that has just started takes no lease for expired, at most


DEAD_SECONDS = 60.0  # without a beat


FORGOTTEN_SECONDS = 3600.0  # a dead worker is shown so long
