#!/usr/bin/env bash
# Makes .venv with the locked dependencies and the package itself in it. Needs Python 3.11 and PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# Distributions build Python with profile-guided optimisation; a build of one's own is often a quarter slower.
find_python() {
    local name without_venv=""
    for name in "${PYTHON:-}" /usr/bin/python3.11 python3.11 python3.12 python3.13 python3.14 python3; do
        [ -n "$name" ] && command -v "$name" >/dev/null || continue
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        if "$name" -c 'import ensurepip, venv' 2>/dev/null; then
            command -v "$name"
            return
        fi
        without_venv=${without_venv:-$(command -v "$name")}
    done
    [ -n "$without_venv" ] || fail "no Python 3.11 or newer was found; install it, or name one with PYTHON=/path/to/python make setup"
    echo "$without_venv"
}

make_environment() {
    # Debian keeps ensurepip in a package of its own.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            say "installing python3-venv"
            apt-get update -qq
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
        else
            fail "this Python cannot make virtual environments; install Debian's python3-venv and try again"
        fi
    fi
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

# The environment being set up may be first on PATH; it must not be taken for the machine's Python.
PATH=${PATH//"$PWD/.venv/bin:"/}
export PATH
[ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null || { python=$(find_python); make_environment; }

say "installing the locked dependencies"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/installer.lock
.venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements/installer.lock requirements/dev.lock
say "installing renown itself, editable"
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --editable .
