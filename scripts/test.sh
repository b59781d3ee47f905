#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. The last line is "N passed, N failed"; a bad exit says that
# something failed. What failed does not stop what comes after it.
#   scripts/test.sh            everything, as CI does
#   scripts/test.sh --quick    unit and integration tests of the release build
#   scripts/test.sh PART...    some of: text release monitoring cluster chart tsan asan fuzz tidy
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/stages.sh

all_parts=(text release monitoring cluster chart tsan asan fuzz tidy)
parts=("${@:-${all_parts[@]}}")
[[ ${1-} != --quick ]] || parts=(release)
for part in "${parts[@]}"; do
  [[ " ${all_parts[*]} " == *" $part "* ]] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
done

# Detected errors end the program; what they end is a failed test.
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=0:exitcode=66:second_deadlock_stack=1

# Every test program that the preset built; CMake lists them (tests/CMakeLists.txt).
unit_tests() {
  local program status=0
  while read -r program; do
    echo "--- $program"
    "$program" --gtest_brief=1 || {
      status=$?
      ((status == 1)) || echo "! $program ended with status $status"
    }
  done <"build/$1/unit-tests.txt"
  return "$status"
}

integration_tests() { SLUICE_BINARY="$PWD/$1" tests/integration/run.sh "$PWD/$1"; }

# beside FOLDER PROGRAM: files beside the integration tests, whose packages they use. Of monitoring: the rules, the
# dashboard, and Prometheus with gateways that fall ill on purpose. Of cluster: nodes, real NATS servers, and HAProxy.
beside() {
  local files=("$PWD/tests/$1"/*.test.mjs)
  SLUICE_BINARY="$PWD/$2" tests/integration/run.sh "$PWD/$2" "${files[@]}"
}

# build_and_test PRESET [no-program]: a build, its unit tests, and the integration tests against its program.
build_and_test() {
  local preset=$1
  if ! stage exit 25 "$preset build" build "$preset"; then
    cannot_run "$preset unit tests" "the build failed"
    [[ ${2-} == no-program ]] || cannot_run "$preset integration tests" "the build failed"
    return
  fi
  stage gtest 10 "$preset unit tests" unit_tests "$preset"
  [[ ${2-} == no-program ]] || stage node 15 "$preset integration tests" integration_tests "build/$preset/sluice"
}

part_text() {
  stage exit 5 "format" scripts/format.sh --check
  stage unittest 5 "structure" python3 -m unittest discover --start-directory tests/structure --pattern '*_test.py' --verbose
}
part_release() {
  build_and_test release
  stage exit 1 "generated docs" scripts/generated_docs.sh --check
}
# Nothing is left to build there, unless such a part runs alone.
part_monitoring() { with_release "monitoring" 10 beside monitoring build/release/sluice; }
part_cluster() { with_release "cluster" 10 beside cluster build/release/sluice; }
part_chart() { with_release "chart" 5 tests/helm/run.sh build/release/sluice; }
with_release() {
  local name=$1 minutes=$2
  shift 2
  if stage exit 25 "$name build" build release; then
    stage node "$minutes" "$name tests" "$@"
  else
    cannot_run "$name tests" "the build failed"
  fi
}
part_tsan() { build_and_test tsan no-program; }
part_asan() { build_and_test asan; }
part_fuzz() {
  if stage exit 25 "fuzz build" scripts/fuzz.sh build; then
    stage exit 10 "fuzz" scripts/fuzz.sh 20
  else
    cannot_run "fuzz" "the build failed"
  fi
}
part_tidy() { stage exit 20 "clang-tidy" scripts/tidy.sh; }

rm -rf "$logs_folder" && mkdir -p "$logs_folder"
if stage exit 20 "install" scripts/install.sh build test; then
  for part in "${parts[@]}"; do "part_$part"; done
else
  for part in "${parts[@]}"; do cannot_run "$part" "packages are missing"; done
fi
finish
