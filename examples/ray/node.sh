#!/bin/sh
# Make this machine a node of a Ray cluster: the head without an argument, every other with the head's name.
#   sh node.sh            on the head
#   sh node.sh HEAD       on each other machine
# Then, on the head:      search run PROBLEM --study night --on ray
# or from anywhere else:  search run PROBLEM --study night --on ray://HEAD:10001
# All nodes need the same Python, this package with its extra `ray`, the problem's code and its data.
set -eu
export RAY_USAGE_STATS_ENABLED=0
# Or gRPC now and then breaks what the head starts for a client of ray://, which then waits for half a minute or longer.
export GRPC_ENABLE_FORK_SUPPORT=0
if [ $# -eq 0 ]; then
    ray start --head --port="${PORT:-6379}" --ray-client-server-port="${CLIENT_PORT:-10001}"
else
    ray start --address="$1:${PORT:-6379}"
fi
