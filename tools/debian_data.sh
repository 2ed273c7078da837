#!/bin/sh
# Unpack Debian's package dataset-fashion-mnist into the folder $1, without root and without installing it.
#
# apt's lists and downloads go to a folder of our own, so that any user may run this and the system stays as it is.
# Every step has a time limit: a machine without Debian's mirrors gets an answer, too.
set -eu
target=$1
package=dataset-fashion-mnist
inside=usr/share/datasets/fashion-mnist
seconds=120

fail() {
    echo "$package could not be fetched from Debian: $1; put Fashion-MNIST's four files into a folder" \
        "and name it with FMNIST_DATA_DIR" >&2
    exit 1
}

for program in apt-get dpkg-deb timeout; do
    command -v "$program" >/dev/null || fail "there is no $program here"
done

mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$(dirname "$target")/unpacking.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$work/lists/partial" "$work/archives/partial"

private_apt() {
    timeout "$seconds" apt-get -qq \
        -o Dir::State::Lists="$work/lists" \
        -o Dir::Cache="$work" -o Dir::Cache::Archives="$work/archives" \
        -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Acquire::Retries=1 \
        -o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)" "$@"
}

cd "$work"
# The system's own lists will do where they are there, and save the update.
if ! timeout "$seconds" apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20 \
    -o APT::Sandbox::User="$(id -un)" download "$package" 2>/dev/null; then
    private_apt update || fail "apt-get update failed"
    private_apt download "$package" || fail "apt-get download failed"
fi
dpkg-deb -x "$package"_*.deb "$work/root"
[ -d "$work/root/$inside" ] || fail "the package has no $inside"
rm -rf "$target"
mv "$work/root/$inside" "$target"
