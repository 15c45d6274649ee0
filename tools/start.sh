#!/usr/bin/env bash
# From a fresh checkout to the output of a real container on a bridge network. Run again, it does nothing twice.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
source tools/packages.sh
source tools/require-host.sh
require_host
install_missing "${RUNTIME_NEEDS[@]}"
newest_source() { find src cmd package.json tools/build.ts -newer dist/berth -print -quit 2>/dev/null; }
if [ ! -x dist/berth ] || [ -n "$(newest_source)" ]; then
  say "Building dist/berth"
  tools/build.sh >/dev/null
fi

export BERTH_HOST=${BERTH_HOST:-unix:///run/berth.sock}
if ! bin/berth version >/dev/null 2>&1; then
  [ "$BERTH_HOST" = unix:///run/berth.sock ] || die "No daemon answers at $BERTH_HOST"
  say "Starting the daemon (its log: /var/log/berth.log)"
  setsid bin/berth daemon >>/var/log/berth.log 2>&1 </dev/null &
  for _ in $(seq 200); do
    bin/berth version >/dev/null 2>&1 && break
    sleep 0.1
  done
  bin/berth version >/dev/null 2>&1 || { tail -n 5 /var/log/berth.log >&2; die "The daemon did not start: see /var/log/berth.log"; }
fi

if ! bin/berth image inspect busybox:latest >/dev/null 2>&1; then
  say "Fetching a first image"
  timeout 6 bin/berth pull busybox:latest 2>/dev/null || {
    say "No registry within reach: making busybox:latest from the distribution's busybox"
    tools/busybox-image.sh | bin/berth import --change 'CMD ["sh"]' --change 'ENV PATH=/bin:/sbin:/usr/bin:/usr/sbin' - busybox:latest >/dev/null
  }
fi

say "berth run --rm busybox …"
bin/berth run --rm busybox sh -c 'echo "Hello from $(hostname), a container at $(ip -4 -o addr show eth0 | awk "{print \$4}") on a bridge network."'
berth=bin/berth
cat <<END

Try next:
  $berth run -it --rm busybox                 a shell in a container
  $berth run -d --name web -p 8080:80 busybox httpd -f -p 80
  $berth ps, logs -f web, exec -it web sh, stop web, rm web
  docker -H unix:///run/berth.sock ps         the docker CLI works too
To stop it all:
  $berth system stop --containers
END
