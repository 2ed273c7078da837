#!/bin/sh
# See to it that there is a Chromium for the tests of pages: install Debian's where we may, else say what to install.
set -eu
for program in chromium chromium-browser google-chrome; do
    if command -v "$program" >/dev/null; then
        exit 0
    fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qqy install --no-install-recommends chromium fonts-dejavu-core
else
    echo "the tests of pages need Chromium: install it (on Debian: apt-get install chromium), then run make test again" >&2
    exit 1
fi
