#!/usr/bin/env bash
# Resolves the dependencies anew: versions and hashes, no download addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
    uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --python-version 3.11 "$@"
}
compile pyproject.toml --group dev --output-file requirements/dev.lock
compile pyproject.toml --output-file requirements/runtime.lock
echo uv | compile - --output-file requirements/installer.lock
