#!/usr/bin/env bash
# Sees to it that the browser tests have a Chromium: CHROMIUM names one, else Debian's.
set -euo pipefail
if [ -n "${CHROMIUM:-}" ]; then
    [ -x "$CHROMIUM" ] || { echo "browser: CHROMIUM=$CHROMIUM is no program" >&2; exit 1; }
    exit 0
fi
[ -x /usr/bin/chromium ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "browser: installing Debian's chromium"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    exit 0
fi
echo "browser: the browser tests need Chromium: run 'apt-get install chromium' as root, or set CHROMIUM to one" >&2
exit 1
