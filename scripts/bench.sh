#!/usr/bin/env bash
# Measures what the office does all day, optimised, each figure beside its floor from the same run.
#   scripts/bench.sh [NAME] [--store N] [--roster N] [--rounds N]     NAME: search, unlock, import, rebuild, pull

# shellcheck source=scripts/prepare.sh
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

STEPS=3
step "what is needed"
need_packages build-essential pkg-config perl make
need_rust

step "compiling, optimised (the first time takes some minutes)"
logged bench-build cargo build --release -p niangjia-bench || { shown bench-build; fail "The benches did not compile. See the log above."; }

step "measuring"
"$CARGO_TARGET_DIR/release/niangjia-bench" "$@" | tee "$LOGS/bench.log"
say "kept in $LOGS/bench.log  ($(elapsed))"
