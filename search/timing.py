"""Every interval that workers live by, in one place; in seconds."""

from __future__ import annotations

LEASE_SECONDS = 30.0  # a slot stays a worker's own so long without a beat
BEATS_A_LEASE = 4
GRACE_SECONDS = LEASE_SECONDS  # for which a server that has just started takes no lease for expired, at most
DEAD_SECONDS = 2 * LEASE_SECONDS  # without a beat, and a worker is shown as dead
FORGOTTEN_SECONDS = 3600.0  # a dead worker is shown so long
BEAT_FOR_SECONDS = LEASE_SECONDS / 2  # left of a lease, and the pool beats for a worker that cannot

POLL_SECONDS = 0.5  # between two looks at the workers
IDLE_SECONDS = 1.0  # between two looks of a worker that has nothing to do
STOP_SECONDS = 8.0  # in which workers that are asked to stop begin to do so; those that do not are ended
SAVE_SECONDS = 60.0  # that a worker which has begun to stop may take to keep its checkpoint
CLUSTER_STOP_SECONDS = LEASE_SECONDS  # in which they stop on a cluster, where they hear of it by their heartbeat
EXIT_SECONDS = 3.0  # for a worker's process to end after its last word; threads that are left may hold it
ORPHAN_SECONDS = STOP_SECONDS + 2.0  # in which a worker ends whose pool is gone, also where nobody else ends it
KILL_SECONDS = 5.0  # for a cluster to end workers at once
LINGER_SECONDS = 3.0  # for a cluster's workers to end in order once the study has no work for them

EPOCH_GRACE_SECONDS = 3.0  # beyond a trial's time limit, and its worker gives the epoch under way up
TRIAL_GRACE_SECONDS = 6.0  # beyond a trial's time limit, and its worker is ended, for it does not answer
LOADING_SECONDS = 60.0  # that a problem may take to load until somebody says that it is still loading

LOG_SECONDS = 2.0  # between two looks at the trials that are logged elsewhere
LOG_CLOSE_SECONDS = 30.0  # for the last epochs and the winners' models to be logged, once a run is over

CHECKPOINT_SECONDS = 5.0  # between checkpoints at least, where the study does not say
OUTAGE_RETRY_SECONDS = 5.0  # how long a training goes on by itself before it looks for the database again
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 0.1, 5.0
GIVE_UP_SECONDS = 3600.0  # that the database or the artifact store is waited for
CONNECT_SECONDS = 5.0  # for a cluster's head to take a connection
