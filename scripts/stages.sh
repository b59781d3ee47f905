# Sourced by scripts/test.sh: runs stages one after another, counts what passed and failed in each, and goes on after a
# failure. A stage says how it is counted: by its exit status (one test), or by what its test runner printed.

passed_total=0
failed_total=0
summary=()
logs_folder=build/test-logs

# Each prints "PASSED FAILED" for the log on standard input. "! " begins a line by which a stage of ours reports a
# failure that the runner itself could not report (a crash, a missing program).
counts_of_gtest() {
  awk '/^\[  PASSED  \] [0-9]+ test/ { passed += $4 }
       /^\[  FAILED  \] [0-9]+ tests?, listed below/ { failed += $4 }
       /^! / { failed++ }
       END { print passed + 0, failed + 0 }'
}
# Node's runner counts each test file, too, if it prints TAP; its own summary is what counts.
counts_of_node() {
  awk '$2 == "pass" && $3 ~ /^[0-9]+$/ { passed += $3 }
       ($2 == "fail" || $2 == "cancelled") && $3 ~ /^[0-9]+$/ { failed += $3 }
       /^! / { failed++ }
       END { print passed + 0, failed + 0 }'
}
counts_of_unittest() {
  awk '/^Ran [0-9]+ tests? in/ { ran += $2 }
       /^FAILED \(/ { n = split($0, parts, /[^0-9]+/); for (i = 1; i <= n; i++) failed += parts[i] }
       /^! / { failed++ }
       END { print (ran > failed ? ran - failed : 0), failed + 0 }'
}

# stage COUNTED_BY MINUTES NAME COMMAND...: COUNTED_BY is exit, gtest, node or unittest. The command is killed after
# MINUTES. Nothing run, or a bad exit without a counted failure, is a failure.
stage() {
  local counted_by=$1 minutes=$2 name=$3
  shift 3
  local log="$logs_folder/${name//[^a-z0-9]/-}.log" began=$SECONDS status=0 passed=0 failed=0
  printf '\n=== %s\n' "$name"
  with_time_limit "$minutes" "$@" </dev/null 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  [[ $counted_by == exit ]] || read -r passed failed < <("counts_of_$counted_by" <"$log")
  if [[ $counted_by == exit && $status == 0 ]]; then
    passed=1
  elif ((status != 0 && failed == 0)); then
    echo "FAILED: $name (exit status $status$( ((status != 124)) || echo ", stopped after $minutes minutes"))"
    failed=1
  elif ((passed + failed == 0)); then
    echo "FAILED: $name ran no test at all"
    failed=1
  fi
  passed_total=$((passed_total + passed))
  failed_total=$((failed_total + failed))
  summary+=("$(printf '%-32s %5d s %6d passed %5d failed' "$name" $((SECONDS - began)) "$passed" "$failed")")
  ((failed == 0))
}

# Runs a function or a program; after the limit ends it and all that it started (a process group of its own), status 124.
with_time_limit() {
  local minutes=$1
  shift
  export -f "$1" 2>/dev/null || true
  timeout --kill-after=30 "${minutes}m" bash -c '"$@"' stage "$@"
}

# A stage that cannot run is a failure, and says why.
cannot_run() {
  printf '\n=== %s\nFAILED: cannot run: %s\n' "$1" "$2"
  failed_total=$((failed_total + 1))
  summary+=("$(printf '%-32s %5d s %6d passed %5d failed  cannot run: %s' "$1" 0 0 1 "$2")")
}

# Prints the durations and, last and alone, the totals. Fails if anything failed.
finish() {
  printf '\n'
  printf '%s\n' "${summary[@]}"
  printf '%-32s %5d s\n\n' "all of it" "$SECONDS"
  printf '%d passed, %d failed\n' "$passed_total" "$failed_total"
  ((failed_total == 0))
}
