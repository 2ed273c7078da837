#!/bin/sh
# Find or fetch Fashion-MNIST with the program $1 (fmnist); Debian's package, unpacked to $2, is the last resort.
set -eu
fmnist=$1
unpacked=$2

# A folder that the user names is used or fails.
if [ -n "${FMNIST_DATA_DIR:-}" ]; then
    exec "$fmnist" data
fi
if [ ! -d "$unpacked" ]; then
    echo "looking for Fashion-MNIST, or downloading it (30 MB)" >&2
    if "$fmnist" data 2>/dev/null; then
        exit 0
    fi
    echo "neither found nor downloaded: trying Debian's package dataset-fashion-mnist" >&2
    "$(dirname "$0")/debian_data.sh" "$unpacked"
fi
FMNIST_DATA_DIR=$unpacked exec "$fmnist" data
