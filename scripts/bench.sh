#!/usr/bin/env bash
# Measures: every bench of the workspace, optimised, each figure beside its floor from the same run.
#   scripts/bench.sh [NAME]      only benches whose name holds NAME

# shellcheck source=scripts/prepare.sh
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

STEPS=2
step "what is needed"
need_packages build-essential pkg-config perl make
need_rust

step "measuring, optimised (compiles for some minutes the first time)"
# The desk is a window; what it shows is measured by the journeys.
cargo bench --workspace --exclude niangjia --benches -- "$@" | tee "$LOGS/bench.log"
say "kept in $LOGS/bench.log"
