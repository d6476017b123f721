#!/usr/bin/env bash
# Resolves the ranges of pyproject.toml to exact versions with hashes, for every platform and Python that we support.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() {
    name=$1; shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
        --no-emit-index-url --no-emit-find-links "$@" pyproject.toml requirements/build.in -o "requirements/$name.lock"
}
lock demo --extra demo
lock dev --extra demo --extra dev --extra cluster
