#!/bin/sh
# Make the virtual environment $1 with the first Python that TensorFlow has a wheel for: $PYTHON where it is set, else python3, …
set -eu
venv=$1
fitting='import sys; sys.exit(sys.version_info < (3, 11) or sys.version_info >= (3, 14))'

for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if command -v "$python" >/dev/null && "$python" -c "$fitting" 2>/dev/null; then
        # Debian keeps venv's other half in a package of its own.
        if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
                apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qqy install python3-venv
            else
                echo "$python cannot make a virtual environment: install python3-venv, then run make again" >&2
                exit 1
            fi
        fi
        exec "$python" -m venv "$venv"
    fi
done
echo "no Python 3.11, 3.12 or 3.13 was found as ${PYTHON:-python3}: install one, or name it: make PYTHON=/path/to/python3" >&2
exit 1
