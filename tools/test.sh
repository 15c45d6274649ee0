#!/usr/bin/env bash
# Installs what the tests need, builds, and runs them all; arguments narrow the choice: `npm test -- e2e/containers`.
# The last line is `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
source tools/packages.sh
source tools/require-host.sh
require_host
install_missing "${RUNTIME_NEEDS[@]}" "${TEST_NEEDS[@]}"
tools/build.sh
exec node_modules/.bin/bun tests/run.ts "$@"
