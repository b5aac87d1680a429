#!/usr/bin/env bash
# Starts Niangjia from this checkout. Installs what is missing; run again, it installs nothing.
#
#   scripts/run.sh               the window; with no display, the same pages for a browser on this PC
#   scripts/run.sh --browser     the browser, display or not
#   scripts/run.sh --demo        a county, two townships and 1,600 made-up members, in step through a hub on this PC
#   scripts/run.sh --data DIR    another data folder (also NIANGJIA_DATA)
#   scripts/run.sh --port N      the port of the browser's address (any free one otherwise)

# shellcheck source=scripts/prepare.sh
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

DEMO=no
BROWSER=no
PORT=0
while [ $# -gt 0 ]; do
  case "$1" in
    --demo) DEMO=yes ;;
    --browser) BROWSER=yes ;;
    --data) export NIANGJIA_DATA="${2:?--data needs a folder}"; shift ;;
    --port) PORT="${2:?--port needs a number}"; shift ;;
    -h | --help) sed -n '2,8p' "$0" | sed 's/^# \{0,1\}//'; exit 0 ;;
    *) fail "Not understood: $1 (try --help)" ;;
  esac
  shift
done
if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then BROWSER=yes; fi

STEPS=4
[ "$DEMO" = no ] || STEPS=5

step "what is needed"
PACKAGES=(build-essential pkg-config perl make)
# A PC that only serves a browser needs no WebView.
[ "$BROWSER" = yes ] || PACKAGES+=(libwebkit2gtk-4.1-dev fonts-noto-cjk)
need_packages "${PACKAGES[@]}"
need_rust
need_node

step "the packages of the window"
need_ui_packages

step "the window"
build_ui

step "the programs (the first time takes some minutes)"
PROGRAMS=(-p niangjia-host)
[ "$BROWSER" = yes ] || PROGRAMS+=(-p niangjia)
[ "$DEMO" = no ] || PROGRAMS+=(-p niangjia-hub)
logged run-build cargo build "${PROGRAMS[@]}" --bins || { shown run-build; fail "The programs did not compile. See the log above."; }
BIN="$CARGO_TARGET_DIR/debug"

RUNNING=()
stop() {
  local pid
  for pid in "${RUNNING[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${RUNNING[@]}"; do wait "$pid" 2>/dev/null || true; done
}
trap stop EXIT
trap 'exit 130' INT TERM

# served NAME DIR PORT: an office for a browser, in the background; its address goes to the screen.
served() {
  local name="$1" log
  # A name holds blanks and two languages; the log is called after the folder.
  log="$LOGS/serve-$(basename "$2").log"
  "$BIN/niangjia-office" serve --data "$2" --listen "127.0.0.1:$3" >"$log" 2>&1 &
  RUNNING+=($!)
  for _ in $(seq 1 150); do
    if grep -qoE 'http://127\.0\.0\.1:[0-9]+/[^" ]*' "$log"; then
      printf '\n  %s\n    %s\n' "$name" "$(grep -oE 'http://127\.0\.0\.1:[0-9]+/[^" ]*' "$log" | head -n 1)"
      return
    fi
    kill -0 "${RUNNING[-1]}" 2>/dev/null || { cat "$log" >&2; fail "The office of $name did not start."; }
    sleep 0.2
  done
  cat "$log" >&2
  fail "The office of $name printed no address within 30 s."
}

if [ "$DEMO" = yes ]; then
  step "the demonstration"
  HOME_OF_DEMO="${NIANGJIA_DATA:-$CACHE/demo}"
  HUB="$HOME_OF_DEMO/hub"
  mkdir -p "$HOME_OF_DEMO"
  [ -f "$HUB/claim.json" ] || { mkdir -p "$HUB"; "$BIN/niangjia-hub" init --data "$HUB" >"$HUB/claim.json"; }
  # The offices remember the hub by its address, so its port stays the same from run to run.
  [ -f "$HUB/port" ] || node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })' >"$HUB/port"
  "$BIN/niangjia-hub" serve --data "$HUB" --listen "127.0.0.1:$(cat "$HUB/port")" >"$LOGS/hub.log" 2>&1 &
  RUNNING+=($!)
  for _ in $(seq 1 100); do
    ! grep -q listening "$LOGS/hub.log" || break
    kill -0 "${RUNNING[-1]}" 2>/dev/null || { cat "$LOGS/hub.log" >&2; fail "The hub did not start."; }
    sleep 0.1
  done
  # Founds what is not there yet: county, two townships, members; brings all into step; says names and passphrase.
  "$BIN/niangjia-office" demo --data "$HOME_OF_DEMO" --hub "https://127.0.0.1:$(cat "$HUB/port")" --claim "$HUB/claim.json" ||
    fail "The demonstration could not be made. Remove $HOME_OF_DEMO and run again."
  served "县总工会 county" "$HOME_OF_DEMO/county" 0
  served "安峰镇总工会 township" "$HOME_OF_DEMO/anfeng" 0
  export NIANGJIA_DATA="$HOME_OF_DEMO/pingming"
fi

if [ "$BROWSER" = yes ]; then
  DATA="${NIANGJIA_DATA:-$("$BIN/niangjia-office" where)}"
  NAME="娘家 Niangjia"
  [ "$DEMO" = no ] || NAME="平明镇总工会 township"
  served "$NAME" "$DATA" "$PORT"
  printf '\nOpen the address in a browser on this PC. Ctrl+C ends the program; everything saved stays.\n'
  wait "${RUNNING[-1]}"
else
  printf '\nThe window opens now (%s). Closing it ends the program; everything saved stays.\n' "$(elapsed)"
  # In the background, so that Ctrl+C and a closing session reach this script at once.
  "$BIN/niangjia" &
  RUNNING+=($!)
  wait "${RUNNING[-1]}"
fi
