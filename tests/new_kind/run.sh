#!/bin/sh
# A new kind of attention takes two new files and two changed lines. This copies src/, adds window.h
# and window.cpp, changes the two lines of two_lines.patch, and then trains, saves, loads and decodes
# with the new kind and prints its size.
#   tests/new_kind/run.sh [FOLDER]     the copy is built in FOLDER (a temporary one, removed at the end)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
if [ $# -gt 0 ]; then
  work=$1
  mkdir -p "$work"
else
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
fail() { echo "new_kind: $*" >&2; exit 1; }

rm -rf "$work/src" "$work/cmake" "$work/data"
cp -r "$root/src" "$root/cmake" "$root/data" "$here/decode_check.cpp" "$work"
cp "$here/project.cmake" "$work/CMakeLists.txt"
cp "$here/window.h" "$here/window.cpp" "$work/src/attention"
(cd "$work" && patch --quiet --no-backup-if-mismatch -p1 <"$here/two_lines.patch") || fail "the patch does not apply"
new=$(diff -rq "$root/src" "$work/src" | grep -c '^Only in' || true)
changed=$(diff -r "$root/src" "$work/src" | grep -c '^<' || true)
echo "$new new files, $changed changed lines"
[ "$new" = 2 ] && [ "$changed" = 2 ] || fail "expected 2 new files and 2 changed lines"

cmake -S "$work" -B "$work/build" -DCMAKE_BUILD_TYPE=Release >"$work/log"
cmake --build "$work/build" -j "$(getconf _NPROCESSORS_ONLN)" --target decode_check seekling_cli \
  >>"$work/log" 2>&1 || { tail -30 "$work/log"; fail "the build failed"; }

"$work/build/decode_check" "$work/saved" || fail "decoding differs from the whole sequence"
seekling=$work/build/src/cli/seekling
rm -rf "$work/run"
"$seekling" train --set attention=window --set num_key_value_heads=1 --steps 20 --documents 2000 \
  --sample-every 0 --out "$work/run" >>"$work/log" 2>&1 || fail "training failed: see $work/log"
first=$(head -1 "$work/run/metrics.jsonl") last=$(tail -1 "$work/run/metrics.jsonl")
loss() { printf '%s\n' "$1" | sed 's/.*"loss":\([0-9.]*\).*/\1/'; }
echo "loss $(loss "$first") at the first step, $(loss "$last") at the last"
awk "BEGIN { exit !($(loss "$last") < $(loss "$first") - 1) }" || fail "the loss did not fall"

"$seekling" generate --model "$work/run" --prompt "Once" --max-tokens 20 --temperature 0 ||
  fail "generate failed"
"$seekling" params "$work/run" | grep "window" || fail "params does not name the kind"
echo "new_kind: two new files and two changed lines add a kind of attention"
