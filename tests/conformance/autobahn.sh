#!/usr/bin/env bash
# Runs the Autobahn test suite against the gateway and writes docs/conformance.md.
#   tests/conformance/autobahn.sh CHECKOUT [BINARY [CASES...]]
# CHECKOUT is a Python 3 port of autobahn-testsuite; it needs Debian's python3-autobahn, python3-twisted and python3-jinja2.
# BINARY is the gateway (build/release/sluice). CASES are patterns such as '1.*'; the default is sections 1-7, 9, 10, 12 and 13.
# The document is written only for the default cases. Fails if a case is neither OK, INFORMATIONAL nor NON-STRICT.
set -euo pipefail
checkout=$(realpath "${1:?usage: tests/conformance/autobahn.sh CHECKOUT [BINARY [CASES...]]}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
binary=$(realpath "${2:-build/release/sluice}")
shift $(($# > 2 ? 2 : $#))
cases=("$@") document=''
(($# > 0)) || { cases=('1.*' '2.*' '3.*' '4.*' '5.*' '6.*' '7.*' '9.*' '10.*' '12.*' '13.*') document=docs/conformance.md; }

suite=$checkout
[[ -e $suite/autobahntestsuite/wstest.py ]] || suite=$checkout/autobahntestsuite
python=/usr/bin/python3  # Debian's, which has Debian's packages
PYTHONPATH=$suite $python -c 'import autobahn, twisted, jinja2, autobahntestsuite' || {
  echo "autobahn: install python3-autobahn, python3-twisted and python3-jinja2, and give a checkout of the suite" >&2
  exit 1
}

work=$(mktemp -d)
gateway=''
clean_up() {
  [[ -z $gateway ]] || kill "$gateway" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT

# Section 9 sends messages of 16 MiB.
"$binary" serve --listen 127.0.0.1:0 --grpc 127.0.0.1:0 --admin 127.0.0.1:0 --client-messages echo \
  --message-bytes-max 32MiB --outbox-bytes-max 64MiB --drain-seconds 0 2>"$work/log" &
gateway=$!
for _ in $(seq 100); do
  grep -q ' ready$' "$work/log" && break
  kill -0 "$gateway" || { cat "$work/log" >&2; exit 1; }
  sleep 0.1
done
address=$(sed -n 's/.* listening what=clients address=//p' "$work/log")

patterns=$(printf '"%s",' "${cases[@]}")
cat >"$work/spec.json" <<JSON
{"outdir": "$work/reports", "servers": [{"agent": "sluice", "url": "ws://$address"}],
 "cases": [${patterns%,}], "exclude-cases": [], "exclude-agent-cases": {}}
JSON
# The port leaves bytes in what it writes as JSON.
cat >"$work/suite.py" <<'PYTHON'
import json
json.JSONEncoder.default = lambda self, value: value.decode("utf-8", "replace")
from autobahntestsuite import wstest
wstest.run()
PYTHON
(cd "$work" && PYTHONPATH=$suite timeout 3600 $python suite.py -m fuzzingclient -s spec.json >"$work/suite.log" 2>&1) || {
  tail -20 "$work/suite.log" >&2
  exit 1
}
[[ -e $work/reports/index.json ]] || { tail -20 "$work/suite.log" >&2; exit 1; }
$python tests/conformance/report.py "$work/reports/index.json" "$("$binary" --version)" ${document:+"$document"}
