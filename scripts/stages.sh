# Sourced by scripts/test.sh: runs stages one after another, counts what passed and failed in each, and goes on after a
# failure. A stage says how it is counted: by its exit status (one test), or by what its test runner printed.

passed_total=0
failed_total=0
summary=()
failures=()
logs_folder=build/test-logs

# build PRESET [FLAG...]: with warnings as errors, as every stage that builds does.
build() {
  local preset=$1
  shift
  cmake --preset "$preset" -DSLUICE_WERROR=ON "$@" >/dev/null && cmake --build --preset "$preset"
}

# Each prints "PASSED FAILED" for the log on standard input. "! " begins a line by which a stage of ours reports a
# failure that the runner itself could not report (a crash, a missing program).
counts_of_gtest() {
  awk '/^\[  PASSED  \] [0-9]+ test/ { passed += $4 }
       /^\[  FAILED  \] .* \([0-9]+ ms\)$/ { failed++ }
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

# Each prints what the log on standard input says of failures; finish repeats that, since a whole log is long and its
# beginning may be out of reach.
failures_of_gtest() {
  grep -E -A12 ': Failure$|^\[  FAILED  \]|^! |Sanitizer:|runtime error:' | grep -vE '^(--- |\[  PASSED  \]|[0-9-]+T[0-9:.]+Z )'
}
failures_of_node() { sed -n -e '/failing tests:/,$p' -e '/failing tests:/,$!{/^! /p}'; }
failures_of_unittest() { sed -n '/^======/,$p'; }
failures_of_exit() { tail -n 30; }

# failures_in COUNTED_BY LOG: where that says nothing, as something was killed or did not begin, the end of the log.
failures_in() {
  local found
  found="$("failures_of_$1" <"$2" | cut -c1-400 | head -n 100)"
  printf '%s' "${found:-$(tail -n 30 "$2" | cut -c1-400)}"
}

# stage COUNTED_BY MINUTES NAME COMMAND...: COUNTED_BY is exit, gtest, node or unittest. The command is killed after
# MINUTES. Nothing run, or a bad exit without a counted failure, is a failure.
stage() {
  local counted_by=$1 minutes=$2 name=$3
  shift 3
  local log="$logs_folder/${name//[^a-z0-9]/-}.log" began=$SECONDS status=0 passed=0 failed=0 why=''
  printf '\n=== %s\n' "$name"
  with_time_limit "$minutes" "$@" </dev/null 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  [[ $counted_by == exit ]] || read -r passed failed < <("counts_of_$counted_by" <"$log")
  if [[ $counted_by == exit && $status == 0 ]]; then
    passed=1
  elif ((status != 0 && failed == 0)); then
    why="FAILED: $name (exit status $status$( ((status != 124)) || echo ", stopped after $minutes minutes"))"
    failed=1
  elif ((passed + failed == 0)); then
    why="FAILED: $name ran no test at all"
    failed=1
  fi
  [[ -z $why ]] || echo "$why"
  passed_total=$((passed_total + passed))
  failed_total=$((failed_total + failed))
  summary+=("$(printf '%-32s %5d s %6d passed %5d failed' "$name" $((SECONDS - began)) "$passed" "$failed")")
  ((failed == 0)) && return
  failures+=("=== failed in $name" ${why:+"$why"} "$(failures_in "$counted_by" "$log")" "")
  return 1
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

# Prints what failed, the durations and, last and alone, the totals. Fails if anything failed.
finish() {
  printf '\n'
  ((${#failures[@]} == 0)) || printf '%s\n' "${failures[@]}"
  printf '%s\n' "${summary[@]}"
  printf '%-32s %5d s\n\n' "all of it" "$SECONDS"
  printf '%d passed, %d failed\n' "$passed_total" "$failed_total"
  ((failed_total == 0))
}
