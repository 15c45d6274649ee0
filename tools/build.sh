#!/usr/bin/env bash
# Installs the npm packages where they are missing or out of date, then builds dist/berth.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
if [ ! -x node_modules/.bin/bun ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "Installing npm packages"
  npm ci --no-audit --no-fund --loglevel=error
fi
exec node_modules/.bin/bun tools/build.ts
