#!/usr/bin/env bash
# Put functions on a serverless platform: ./deploy.sh structured-data [--env production] [--plan]
# Where it goes is in deploy.toml, unless --target says otherwise; all options: ./deploy.sh --help
set -euo pipefail
root=$(cd "$(dirname "$0")" && pwd)
edge=$root/.venv/bin/edge
if [ ! -x "$edge" ]; then
  edge=$(command -v edge) || {
    "$root/scripts/setup" || { echo "✗ Nothing is set up yet: $root/scripts/setup" >&2; exit 2; }
    edge=$root/.venv/bin/edge
  }
fi
if [ $# -eq 0 ]; then set -- --help; fi
exec "$edge" deploy "$@" --workdir "$root"
