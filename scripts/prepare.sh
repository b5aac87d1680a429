#!/usr/bin/env bash
# What every script needs first: where things are built, how progress is told, what is missing and how it is brought.
# Sourced by run.sh, test.sh and bench.sh; does nothing by itself.

set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$TOP"

# Outside the checkout, so that a fresh checkout finds what an earlier one compiled.
CACHE="${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/niangjia"
export CARGO_TARGET_DIR="${NIANGJIA_TARGET:-$CACHE/target}"
LOGS="$CARGO_TARGET_DIR/logs"
mkdir -p "$LOGS"
# Cargo tells two checkouts in one build folder apart by the age of their files only, and programs remember where they were
# compiled. So in another checkout than last time our own files count as new; what others wrote stays compiled.
if [ "$(cat "$CARGO_TARGET_DIR/checkout" 2>/dev/null)" != "$TOP" ]; then
  find crates src-tauri tests benches xtask -name '*.rs' -not -path '*/node_modules/*' -exec touch {} +
  printf '%s\n' "$TOP" >"$CARGO_TARGET_DIR/checkout"
fi
[ -d "$HOME/.cargo/bin" ] && PATH="$HOME/.cargo/bin:$PATH"
export PATH

# Colours and progress bars would only make the logs hard to read.
export CARGO_TERM_COLOR=never NO_COLOR=1 NPM_CONFIG_FUND=false NPM_CONFIG_AUDIT=false NPM_CONFIG_UPDATE_NOTIFIER=false

BEGAN=$SECONDS
STEP=0
STEPS=0

# Minutes and seconds since the script began.
elapsed() {
  local seconds=$((SECONDS - BEGAN))
  printf '%d:%02d' $((seconds / 60)) $((seconds % 60))
}

# step "what is done now": the next of STEPS steps.
step() {
  STEP=$((STEP + 1))
  printf '[%d/%d] %s  (%s)\n' "$STEP" "$STEPS" "$1" "$(elapsed)"
}

say() { printf '      %s\n' "$*"; }

# Ends the script with a sentence on what happened and what to do. A script may add to it by defining `closing`.
fail() {
  printf '\n%s\n' "$*" >&2
  if declare -F closing >/dev/null; then closing; fi
  exit 1
}

# logged NAME COMMAND…: runs it with its output in a log, and tells every 20 seconds how far it is.
logged() {
  local log="$LOGS/$1.log" status=0 teller
  shift
  (
    trap 'kill "$nap" 2>/dev/null; exit' TERM
    while :; do
      sleep 20 &
      nap=$!
      wait "$nap"
      printf '      %s  %s\n' "$(elapsed)" "$(grep -v '^ *$' "$log" 2>/dev/null | tail -n 1 | tr -d '\r' | cut -c1-100)"
    done
  ) &
  teller=$!
  "$@" >"$log" 2>&1 </dev/null || status=$?
  kill "$teller" 2>/dev/null || true
  wait "$teller" 2>/dev/null || true
  return "$status"
}

# shown NAME: the end of a log, for the person who has to mend what failed.
shown() {
  printf '\n--- %s ---\n' "$LOGS/$1.log"
  tail -n "${2:-60}" "$LOGS/$1.log"
}

# need_packages NAME…: Debian packages; installs those that are missing, with root or sudo.
need_packages() {
  local name missing=()
  if ! command -v dpkg-query >/dev/null; then
    say "This is not a Debian system; it needs what Debian calls: $*"
    return
  fi
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  if [ "${#missing[@]}" -eq 0 ]; then
    say "all $# Debian packages are here"
    return
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "These packages are missing: ${missing[*]}
Neither root nor sudo is at hand. Ask the administrator of this PC to run:
  apt-get install --no-install-recommends ${missing[*]}"
    say "sudo may ask for your password"
    sudo -v || fail "sudo was refused; the packages above have to be installed by an administrator."
    as_root=(sudo)
  fi
  logged packages "${as_root[@]}" apt-get update ||
    { shown packages 20; fail "The list of Debian packages could not be fetched. Is there a network? See the log above."; }
  logged packages "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" ||
    { shown packages 30; fail "Debian packages could not be installed. See the log above."; }
  say "installed  ($(elapsed))"
}

# at_least WANTED FOUND: whether a version is new enough.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

need_rust() {
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
  command -v cargo >/dev/null || fail "Rust is not installed. Get it, as yourself and not as root, with:
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh
then open a new terminal and run this script again. (Rust $wanted or newer is needed; Debian's own is too old.)"
  found=$(rustc --version | awk '{print $2}')
  at_least "$wanted" "$found" || fail "Rust $found is too old; $wanted or newer is needed. Run:  rustup update stable"
  say "Rust $found"
}

need_clippy() {
  if cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1; then return; fi
  command -v rustup >/dev/null || fail "clippy and rustfmt are missing beside this Rust. Install Rust with rustup, or your system's packages of both."
  say "adding clippy and rustfmt to Rust"
  logged components rustup component add clippy rustfmt || { shown components; fail "rustup could not add clippy and rustfmt."; }
}

need_nextest() {
  if cargo nextest --version >/dev/null 2>&1; then return; fi
  say "installing cargo-nextest, the test runner (compiles for some minutes, once)"
  logged nextest-install env CARGO_TARGET_DIR="$CARGO_TARGET_DIR/nextest-build" cargo install cargo-nextest --locked ||
    { shown nextest-install; fail "cargo-nextest could not be installed. See the log above."; }
  rm -rf "$CARGO_TARGET_DIR/nextest-build"
}

need_node() {
  command -v node >/dev/null && command -v npm >/dev/null || fail "Node.js with npm is not installed; version 20 or newer is needed.
Get the current LTS from https://nodejs.org/en/download (Debian 12's own package is version 18, too old), then run this script again."
  local found
  found=$(node --version | tr -d v)
  at_least 20 "$found" || fail "Node.js $found is too old; version 20 or newer is needed. Get the current LTS from https://nodejs.org/en/download"
  say "Node.js $found"
}

# The packages of the window, once for each state of the lock file.
need_ui_packages() {
  local stamp=ui/node_modules/.niangjia-lock
  if [ -f "$stamp" ] && cmp -s "$stamp" ui/package-lock.json; then
    say "npm packages are here"
    return
  fi
  say "installing npm packages"
  (cd ui && logged npm npm ci --no-progress) || { shown npm; fail "The npm packages could not be installed. Is there a network? See the log above."; }
  cp ui/package-lock.json "$stamp"
}

# Builds the window when any of its sources is newer than the last build.
build_ui() {
  local made=ui/dist/index.html stamp=ui/node_modules/.niangjia-built
  if [ -f "$made" ] && [ -f "$stamp" ] &&
    [ -z "$(find ui/src ui/public ui/index.html ui/vite.config.ts ui/tsconfig.json ui/package-lock.json -newer "$stamp" -print -quit 2>/dev/null)" ]; then
    say "the window is built"
    return
  fi
  (cd ui && logged ui-build npm run --silent build) || { shown ui-build; fail "The window (ui/) could not be built. See the log above."; }
  touch "$stamp"
}
