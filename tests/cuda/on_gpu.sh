#!/bin/sh
# What only a machine with a GPU can say: that kernels which the emulation passes are right there too, and how fast they are.
#   tests/cuda/on_gpu.sh check [BUILD]     twins, the fixtures of Hugging Face, training
#   tests/cuda/on_gpu.sh speed [BUILD]     kernels, decoding, training beside PyTorch (a python3 with torch and transformers)
#   tests/cuda/on_gpu.sh sanitize [BUILD]  the twins under NVIDIA's compute-sanitizer
# BUILD (build/cuda) is made by the preset cuda if it is not there. Each part has a time limit, says what it found as it goes,
# and does not keep the next one from running.
set -u
cd "$(dirname "$0")/../.."
task=${1:?check, speed or sanitize}
build=${2:-build/cuda}
failed=

part() {  # part SECONDS command ...
  limit=$1
  shift
  printf '\n== %s\n' "$*"
  begin=$(date +%s)
  timeout -k 5 "$limit" "$@" 2>&1
  code=$?
  printf '== rc %s after %s s\n' "$code" $(($(date +%s) - begin))
  [ "$code" = 0 ] || failed="$failed
  rc $code: $*"
}
tests() { name=$1; shift; set -- "$build/tests/$name/${name}_tests" --gtest_brief=1 "$@"; echo "$@"; }

if [ ! -x "$build/src/cli/seekling" ]; then
  cmake --preset cuda -B "$build" -D CMAKE_CUDA_ARCHITECTURES=native >/dev/null && cmake --build "$build" -j || exit 1
fi
# cuBLAS lies beside nvcc, or in the Python package that torch brings.
for folder in /usr/local/cuda/lib64 /usr/local/cuda/targets/x86_64-linux/lib \
  $(python3 -c 'import site; print(*(p + "/nvidia/cu13/lib " + p + "/nvidia/cublas/lib" for p in site.getsitepackages()))' 2>/dev/null); do
  [ -e "$folder/libcublas.so.13" ] && LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder && break
done
LD_LIBRARY_PATH=${LD_LIBRARY_PATH-}
export LD_LIBRARY_PATH
seekling=$build/src/cli/seekling
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem --format=csv,noheader
ldd "$seekling" | grep -E "not found|cublas"

case $task in
check)
  part 40 $(tests ops '--gtest_filter=*Twins*')
  part 20 $(tests train '--gtest_filter=*Twins*')
  part 20 $(tests infer '--gtest_filter=GpuGenerator*')
  part 40 $(tests parity '--gtest_filter=*_cuda')
  for device in cpu cuda; do  # the same batches, so the same losses but for rounding
    part 40 "$seekling" train --device $device --documents 2000 --steps 60 --sample-every 0 --out "$work/$device"
  done
  for step in 1 20 60; do
    for device in cpu cuda; do printf '%-5s ' $device; sed -n "${step}p" "$work/$device/metrics.jsonl" | cut -c1-120; done
  done
  ;;
speed)
  part 60 "$seekling" bench kernels --device cuda --json
  for model in medium large; do
    for dtype in fp32 tf32 bf16; do
      part 30 "$seekling" bench step --device cuda --model $model --dtype $dtype --batch-size 16 --seq-len 512 --steps 20 --json
    done
    sed 's/"max_position_embeddings": [0-9]*/"max_position_embeddings": 32768/' data/models/$model.json >"$work/$model.json"
    for context in 1024 16384; do
      part 30 "$seekling" bench decode --device cuda --model "$work/$model.json" --ctx $context --gen 64 --json
    done
    for peer in plain plain-compiled; do
      part 90 python3 tests/bench/peer_torch.py data/models/$model.json --device cuda --variant $peer --dtype bf16 \
        --batch-size 16 --seq-len 512 --steps 20
    done
  done
  ;;
sanitize)
  sanitizer=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
  part 60 "$sanitizer" --tool memcheck --error-exitcode 9 --print-limit 5 $(tests ops '--gtest_filter=*Twins*')
  part 90 "$sanitizer" --tool racecheck --error-exitcode 9 --print-limit 5 $(tests ops '--gtest_filter=*Twins*')
  part 40 "$sanitizer" --tool synccheck --error-exitcode 9 --print-limit 5 $(tests ops '--gtest_filter=*Twins*')
  part 40 "$sanitizer" --tool memcheck --error-exitcode 9 --print-limit 5 $(tests train '--gtest_filter=*Twins*')
  part 60 "$sanitizer" --tool memcheck --error-exitcode 9 --print-limit 5 $(tests parity '--gtest_filter=*v3_tiny_cuda')
  ;;
esac
printf '\nfailed:%s\n' "${failed:- nothing}"
[ -z "$failed" ]
