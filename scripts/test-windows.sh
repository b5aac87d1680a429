#!/usr/bin/env bash
# The tests of the crates that an office and a hub are made of, and the stories, as Windows programs under wine on Debian.
# Not part of test.sh: by command, as it compiles everything once more for x86_64-pc-windows-gnu (std and OpenSSL too).
#   scripts/test-windows.sh [PROGRAM…] [-- FILTER]
# PROGRAM: a program of tests by its name, such as niangjia_core, link or office_life; without one all of them.

# shellcheck source=scripts/prepare.sh
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

WANTED=()
while [ "$#" -gt 0 ] && [ "$1" != -- ]; do
  WANTED+=("$1")
  shift
done
[ "$#" -eq 0 ] || shift

PASSED=0
FAILED=0
closing() {
  [ "$FAILED" -gt 0 ] || FAILED=1
  printf '%d passed, %d failed\n' "$PASSED" "$FAILED"
}

# Beside everything else that is compiled, outside the checkout, and found again by the next run.
WINDOWS="$CARGO_TARGET_DIR/windows"
RUST="$WINDOWS/rust"
TARGET=x86_64-pc-windows-gnu
mkdir -p "$WINDOWS"
STEPS=4

# Debian's Rust for its web browsers: rustup brings no library source here, and without it no library for Windows.
TOOLCHAIN=(rustc-web cargo-web libstd-rust-web-1.96 libstd-rust-web-dev rust-web-src)

need_toolchain() {
  if [ -x "$RUST/usr/bin/cargo" ]; then
    say "Debian's Rust lies in $RUST"
    return
  fi
  say "fetching Debian's Rust with its library source (115 MB) and unpacking it into $RUST"
  rm -rf "$WINDOWS/packages" "$RUST.new"
  mkdir -p "$WINDOWS/packages" "$RUST.new"
  (cd "$WINDOWS/packages" && logged windows-rust apt-get download "${TOOLCHAIN[@]}") ||
    { shown windows-rust 20; fail "Debian's Rust could not be fetched: ${TOOLCHAIN[*]}. If the log speaks of 404, run apt-get update and try again."; }
  local package
  for package in "$WINDOWS"/packages/*.deb; do dpkg -x "$package" "$RUST.new"; done
  rm -rf "$WINDOWS/packages"
  mv "$RUST.new" "$RUST"
}

# wine 8 has no bcryptprimitives.dll, from which every Rust program takes its chance: ours asks the older function.
need_chance() {
  local source="$WINDOWS/bcryptprimitives.c"
  [ ! -f "$WINDOWS/bcryptprimitives.dll" ] || return 0
  cat >"$source" <<'C'
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T left) {
  while (left) {
    ULONG some = left > 0x10000000 ? 0x10000000 : (ULONG)left;
    if (!RtlGenRandom(to, some)) return FALSE;
    to += some;
    left -= some;
  }
  return TRUE;
}
C
  logged windows-chance x86_64-w64-mingw32-gcc -shared -O2 -o "$WINDOWS/bcryptprimitives.dll" "$source" -ladvapi32 ||
    { shown windows-chance; fail "The stub of bcryptprimitives.dll did not compile."; }
}

step "what is needed"
need_packages build-essential perl make gcc-mingw-w64-x86-64-posix wine wine64 libllvm22 libgit2-1.5
need_toolchain
need_chance

step "a Windows of its own (wine) in $WINDOWS/wine"
# Without the engines for .NET and web pages: it would ask for them in a window.
export WINEPREFIX="$WINDOWS/wine" WINEDEBUG=-all WINEDLLOVERRIDES="mscoree=;mshtml=" WINEARCH=win64 LC_ALL=C.UTF-8
WINEPATH="Z:${WINDOWS//\//\\}"
export WINEPATH
unset DISPLAY
# A story is one function, and in a build that is not optimised all its futures lie in one frame: on Windows more than the 2 MB
# that a thread of tests has. Under wine such a thread stands still instead of ending.
export RUST_MIN_STACK=8388608
if [ ! -f "$WINEPREFIX/made" ]; then
  logged windows-wine wineboot --init || { shown windows-wine 20; fail "wine could not make itself at home. See the log above."; }
  wineserver --wait
  touch "$WINEPREFIX/made"
fi

export LD_LIBRARY_PATH="$RUST/usr/lib/x86_64-linux-gnu:$RUST/usr/lib" RUSTC="$RUST/usr/bin/rustc"
# The library is built from its source, which only an unstable switch does.
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR="$WINDOWS/target" CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine
export CC_x86_64_pc_windows_gnu=x86_64-w64-mingw32-gcc AR_x86_64_pc_windows_gnu=x86_64-w64-mingw32-ar
# The window's pages are embedded; what is in them is not looked at here.
mkdir -p ui/dist
UNSTABLE=(-Z "build-std=std,panic_unwind,test" --target "$TARGET")

# Together, so that OpenSSL is compiled once for all; the desk and what needs a WebView are not among them.
PACKAGES=(-p niangjia-replication -p niangjia-core -p niangjia-host -p niangjia-hub -p stories)

step "compiling for Windows (the first time some twenty minutes of a core: the library, OpenSSL, everything else)"
logged windows-build "$RUST/usr/bin/cargo" test -Z build-std=std,panic_unwind,test --target "$TARGET" \
  --no-run --lib --bins --tests "${PACKAGES[@]}" ||
  { shown windows-build; fail "It did not compile for Windows: what is wrong stands above."; }

step "the tests, as Windows programs"
BROKEN=()
# Each line of cargo: "Executable unittests src/lib.rs (folder/name-hash.exe)".
while read -r program; do
  name=$(basename "$program" | sed -E 's/-[0-9a-f]{16}\.exe$//')
  if [ "${#WANTED[@]}" -gt 0 ] && [[ " ${WANTED[*]} " != *" $name "* ]]; then continue; fi
  status=0
  logged "windows-$name" nice -n 5 timeout --kill-after=10 1800 wine "$program" --show-output "$@" || status=$?
  result=$(grep -aE '^test result: ' "$LOGS/windows-$name.log" | tail -n 1 || true)
  passed=$(printf '%s' "$result" | sed -nE 's/.* ([0-9]+) passed.*/\1/p')
  failed=$(printf '%s' "$result" | sed -nE 's/.* ([0-9]+) failed.*/\1/p')
  # A program that did not come to its end has failed, whatever it said before.
  if [ -z "$result" ] || { [ "$status" -ne 0 ] && [ "${failed:-0}" -eq 0 ]; }; then failed=1; fi
  PASSED=$((PASSED + ${passed:-0}))
  FAILED=$((FAILED + failed))
  say "$name: ${passed:-0} passed, $failed failed  ($(elapsed))"
  [ "$failed" -eq 0 ] || BROKEN+=("$name")
  { grep -ahoE 'NOT RUN: .*' "$LOGS/windows-$name.log" || true; } | sort -u | while read -r line; do say "$line"; done
done < <(sed -nE 's/^ *Executable .*\((.*\.exe)\)$/\1/p' "$LOGS/windows-build.log")
wineserver --wait

for name in "${BROKEN[@]}"; do
  grep -aE '^test .* FAILED$' "$LOGS/windows-$name.log" || shown "windows-$name" 20
  say "the whole log is $LOGS/windows-$name.log"
done
[ $((PASSED + FAILED)) -gt 0 ] || fail "No test ran: is there a program of that name?"
[ "$FAILED" -eq 0 ] || fail "A test failed as a Windows program."

printf '\nall done in %s; logs in %s\n' "$(elapsed)" "$LOGS"
printf '%d passed, %d failed\n' "$PASSED" "$FAILED"
