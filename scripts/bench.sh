#!/usr/bin/env bash
# Measures what the office does all day, optimised, each figure beside its floor from the same run.
#   scripts/bench.sh [NAME] [--store N] [--roster N] [--rounds N]     NAME: search, unlock, import, rebuild, pull, push, edits,
#   disk, checkpoint, memory, linear, start
# "start" opens real windows on a display of its own; without NAME it is left out where there is no xvfb-run.

# shellcheck source=scripts/prepare.sh
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

WINDOWS=no
case "${1:-}" in
  start) WINDOWS=yes ;;
  "" | --*) if command -v xvfb-run >/dev/null; then WINDOWS=yes; fi ;;
esac

STEPS=3
PACKAGES=(build-essential pkg-config perl make)
if [ "$WINDOWS" = yes ]; then
  STEPS=5
  PACKAGES+=(libwebkit2gtk-4.1-dev webkit2gtk-driver xvfb xauth fonts-noto-cjk)
fi

step "what is needed"
need_packages "${PACKAGES[@]}"
need_rust
if [ "$WINDOWS" = yes ]; then
  need_node
  need_ui_packages
  step "the window"
  build_ui
fi

step "compiling, optimised (the first time takes some minutes)"
logged bench-build cargo build --release -p niangjia-bench || { shown bench-build; fail "The benches did not compile. See the log above."; }
if [ "$WINDOWS" = yes ]; then
  step "compiling the desk as it is given out, and a bare window"
  # Together and with the feature of a finished program: the toolkit is compiled once, for both alike.
  logged bench-windows cargo build --release -p niangjia -p niangjia-bench-window --features tauri/custom-protocol ||
    { shown bench-windows; fail "The desk did not compile. See the log above."; }
  set -- "$@" --windows
fi

step "measuring"
"$CARGO_TARGET_DIR/release/niangjia-bench" "$@" | tee "$LOGS/bench.log"
say "kept in $LOGS/bench.log  ($(elapsed))"
