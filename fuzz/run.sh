#!/usr/bin/env bash
# fuzz/run.sh TARGET SECONDS: fuzzes one target on the stable toolchain; cargo-fuzz, which needs a nightly one, is not.
#
# What cargo-fuzz does beyond building is to switch on LLVM's coverage counters, and their flags are stable. Only its
# address sanitizer is not; there is no unsafe code here that it could look at. Inputs that were worth keeping stay in
# fuzz/corpus/TARGET, what fails goes to fuzz/artifacts/TARGET.
set -euo pipefail
cd "$(dirname "$0")"

target=${1:?usage: fuzz/run.sh TARGET SECONDS}
seconds=${2:?usage: fuzz/run.sh TARGET SECONDS}
host=$(rustc -vV | sed -n 's/^host: //p')

export CARGO_TARGET_DIR=${FUZZ_TARGET_DIR:-$PWD/target}
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
# With the host named, build scripts and macros are built without the flags: they have nobody to report to.
cargo build --release --locked --target "$host" --bin "$target"

mkdir -p "corpus/$target" "artifacts/$target"
arguments=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -artifact_prefix="artifacts/$target/" -print_final_stats=1)
[ -f "$target.dict" ] && arguments+=(-dict="$target.dict")
seeds=()
[ -d "seeds/$target" ] && seeds+=("seeds/$target")
exec "$CARGO_TARGET_DIR/$host/release/$target" "${arguments[@]}" "corpus/$target" "${seeds[@]}"
