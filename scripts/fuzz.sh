#!/usr/bin/env bash
# Builds the fuzzers of tests/fuzz with clang and runs each of them; fails if one finds anything.
#   scripts/fuzz.sh [SECONDS]    for each fuzzer; 20 if not said
#   scripts/fuzz.sh build        builds them only
# They begin with the seeds in tests/fuzz/corpus and with what earlier runs learned, which is kept in build/fuzz/corpus.
# What breaks one is kept in build/fuzz/findings, and repeats with: build/fuzz/tests/fuzz/NAME_fuzz FILE
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds="${1:-20}"
[[ $seconds == build || $seconds =~ ^[1-9][0-9]*$ ]] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }

cmake -S . -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1" -DSLUICE_SANITIZE=fuzzer-no-link,address,undefined \
  -DSLUICE_FUZZ=ON -DSLUICE_CONTROL=OFF >/dev/null
cmake --build build/fuzz --target fuzzers

[[ $seconds != build ]] || exit 0

export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
mkdir -p build/fuzz/findings build/fuzz/logs

run_fuzzer() {
  local name=$1
  local learned="build/fuzz/corpus/$name" seeds="tests/fuzz/corpus/$name"
  mkdir -p "$learned"
  local arguments=(-max_total_time="$seconds" -timeout=10 -max_len=4096 -verbosity=0 -print_final_stats=1
    -artifact_prefix="build/fuzz/findings/$name-")
  [[ ! -e tests/fuzz/$name.dict ]] || arguments+=(-dict="tests/fuzz/$name.dict")
  local folders=("$learned")
  [[ ! -d $seeds ]] || folders+=("$seeds")
  "build/fuzz/tests/fuzz/${name}_fuzz" "${arguments[@]}" "${folders[@]}" >"build/fuzz/logs/$name" 2>&1
}

# As many at a time as there are cores. What each says is shown together when it has ended: all of it if it found
# something, else its sums.
names=() runs=() failed=()
show_first() {
  local status=0
  wait "${runs[0]}" || status=$?
  echo "--- ${names[0]}, $seconds seconds"
  # One that tells no sums did not run.
  if ((status != 0)) || ! grep '^stat::' "build/fuzz/logs/${names[0]}"; then
    cat "build/fuzz/logs/${names[0]}"
    failed+=("${names[0]}")
  fi
  names=("${names[@]:1}") runs=("${runs[@]:1}")
}
for source in tests/fuzz/*_fuzz.cpp; do
  ((${#runs[@]} < $(nproc))) || show_first
  name="$(basename "$source" _fuzz.cpp)"
  run_fuzzer "$name" &
  names+=("$name") runs+=($!)
done
while ((${#runs[@]})); do show_first; done
((${#failed[@]} == 0)) || { echo "fuzz: found something: ${failed[*]}; see build/fuzz/findings" >&2; exit 1; }
echo "fuzz: found nothing"
