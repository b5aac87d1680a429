#!/usr/bin/env bash
# The one test command: scripts/test.sh runs everything; scripts/test.sh rust|ui|browser|desktop runs one part.
# Installs what is missing, stops at the first part that fails, and ends with "N passed, M failed".

# shellcheck source=scripts/prepare.sh
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

PASSED=0
FAILED=0
# Made-up offices leave nothing in the user's own folders.
export NIANGJIA_FENCES="$CARGO_TARGET_DIR/tmp/fences"

# The last line of every run, also of one that failed.
closing() {
  [ "$FAILED" -gt 0 ] || FAILED=1
  printf '%d passed, %d failed\n' "$PASSED" "$FAILED"
}

# counted NAME PASSED FAILED: adds a suite to the sum.
counted() {
  PASSED=$((PASSED + $2))
  FAILED=$((FAILED + $3))
  say "$1: $2 passed, $3 failed  ($(elapsed))"
}

PART="${1:-all}"
case "$PART" in
  all) PLAN=(prepare window_builds window_tests formatted linted tidy rust_tests programs browser desktop) ;;
  rust) PLAN=(prepare formatted linted tidy rust_tests) ;;
  ui) PLAN=(prepare window_builds window_tests) ;;
  browser | desktop) PLAN=(prepare window_builds programs "$PART") ;;
  *)
    echo "usage: scripts/test.sh [rust|ui|browser|desktop]" >&2
    exit 2
    ;;
esac
STEPS="${#PLAN[@]}"

planned() { [[ " ${PLAN[*]} " == *" $1 "* ]]; }

# Every part that compiles uses the same packages, features and profile: one dependency graph, compiled once.
BUILD=(build-essential pkg-config perl make libwebkit2gtk-4.1-dev)

prepare() {
  step "what is needed"
  local packages=()
  if planned rust_tests || planned programs; then packages+=("${BUILD[@]}"); fi
  # Forms on paper are drawn, and pages shown, with the Chinese fonts of the system.
  if planned rust_tests || planned browser || planned desktop; then packages+=(fonts-noto-cjk); fi
  if planned browser; then packages+=(chromium); fi
  if planned desktop; then packages+=(webkit2gtk-driver xvfb xauth); fi
  if [ "${#packages[@]}" -gt 0 ]; then
    need_packages "${packages[@]}"
    need_rust
  fi
  if planned rust_tests; then
    need_clippy
    need_nextest
  fi
  if planned window_builds; then
    need_node
    need_ui_packages
  fi
}

# check NAME COMMAND…: passes or ends the run.
check() {
  local name="$1"
  shift
  logged "$name" "$@" || { shown "$name"; fail "$name failed: what is wrong stands above; the whole log is $LOGS/$name.log"; }
}

formatted() {
  step "format"
  check format cargo fmt --all --check -- --color never
}

linted() {
  step "lints, warnings denied (clippy)"
  check clippy cargo clippy --workspace --all-targets -- -D warnings
}

tidy() {
  step "house rules (cargo xtask tidy)"
  check tidy cargo xtask tidy
}

window_builds() {
  step "the window is type-checked and built"
  build_ui
}

window_tests() {
  step "the window's own tests (Vitest)"
  local report="$LOGS/vitest.json" status=0 sums
  rm -f "$report"
  (cd ui && logged vitest npx --no-install vitest run --reporter=default --reporter=json --outputFile.json="$report") || status=$?
  [ -f "$report" ] || { shown vitest; fail "Vitest did not run."; }
  sums=$(node -e 'const r = require(process.argv[1]); console.log(r.numPassedTests, r.numTotalTests - r.numPassedTests)' "$report")
  # shellcheck disable=SC2086
  counted "Vitest" $sums
  [ "$status" -eq 0 ] || { shown vitest; fail "A test of the window failed."; }
}

rust_tests() {
  step "unit tests, stories, 300 histories (nextest)"
  local status=0 summary passed failed
  logged nextest cargo nextest run --workspace --no-fail-fast --status-level fail --final-status-level fail || status=$?
  summary=$(grep -E '^ *Summary ' "$LOGS/nextest.log" | tail -n 1 || true)
  if [ -z "$summary" ]; then
    shown nextest
    fail "The Rust tests did not compile."
  fi
  passed=$(printf '%s' "$summary" | sed -nE 's/.*[ :]([0-9]+) passed.*/\1/p')
  failed=$(printf '%s' "$summary" | { grep -oE '[0-9]+ (failed|timed out|exec failed)' || true; } | awk '{sum += $1} END {print sum + 0}')
  counted "nextest" "${passed:-0}" "$failed"
  # What this machine could not do is said aloud: it is not the same as passed.
  { grep -hoE 'NOT RUN: .*' "$LOGS/nextest.log" || true; } | sort -u | while read -r line; do say "$line"; done
  [ "$status" -eq 0 ] || { shown nextest 120; fail "A Rust test failed."; }
}

programs() {
  step "the programs themselves"
  check programs cargo build --workspace --exclude niangjia-paper --bins
  # The one that draws forms is built as its own tests build it: nextest has done so already, and nothing is compiled twice.
  check program-for-paper cargo test --workspace --no-run --test paper
}

# journeys NAME COMMAND…: a suite that ends with its own "N passed, M failed".
journeys() {
  local name="$1" status=0 sums
  shift
  logged "$name" "$@" || status=$?
  sums=$(tail -n 1 "$LOGS/$name.log" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p')
  [ -n "$sums" ] || { shown "$name"; fail "The $name journeys did not come to their end."; }
  # shellcheck disable=SC2086
  counted "$name" $sums
  [ "$status" -eq 0 ] || { shown "$name"; fail "A $name journey failed."; }
}

browser() {
  step "the office in a browser (Playwright, Chromium)"
  journeys browser node tests/browser/run.mjs
}

desktop() {
  step "the real window (WebDriver under Xvfb)"
  journeys desktop xvfb-run -a -s "-screen 0 1366x768x24" node tests/desktop/run.mjs
}

for part in "${PLAN[@]}"; do "$part"; done

printf '\nall done in %s; logs in %s\n' "$(elapsed)" "$LOGS"
printf '%d passed, %d failed\n' "$PASSED" "$FAILED"
