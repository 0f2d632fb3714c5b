#!/usr/bin/env bash
# fuzz/run.sh SECONDS TARGET…: fuzzes targets at the same time, on the stable toolchain; cargo-fuzz, which needs a nightly
# one, is not.
#
# What cargo-fuzz does beyond building is to switch on LLVM's coverage counters, and their flags are stable (`rustc`, beside
# this). Only its address sanitizer is not; there is no unsafe code here that it could look at. It begins with testdata/fuzz/TARGET.
# Inputs that were worth keeping stay in fuzz/corpus/TARGET, what fails goes to fuzz/artifacts/TARGET.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -ge 2 ] || { echo "usage: fuzz/run.sh SECONDS TARGET…" >&2; exit 2; }
seconds=$1
shift

bins=()
for target in "$@"; do bins+=(--bin "$target"); done
# There are no examples; but asked for them cargo takes the features that the tests ask dependencies for, and so finds them built.
RUSTC_WORKSPACE_WRAPPER=$PWD/fuzz/rustc \
    cargo build --locked --package hydrophone-fuzz "${bins[@]}" --package hydrophone --examples
directory=$(realpath "${CARGO_TARGET_DIR:-target}/debug")

cd fuzz
running=()
trap '[ ${#running[@]} -eq 0 ] || kill "${running[@]}" 2>/dev/null || true' EXIT
for target in "$@"; do
    mkdir -p "corpus/$target" "artifacts/$target"
    arguments=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -artifact_prefix="artifacts/$target/")
    [ -f "$target.dict" ] && arguments+=(-dict="$target.dict")
    seeds=("../testdata/fuzz/$target")
    [ "$target" = config ] && seeds+=(../testdata/config/good ../testdata/config/bad)
    "$directory/$target" "${arguments[@]}" "corpus/$target" "${seeds[@]}" >"artifacts/$target/log" 2>&1 &
    running+=($!)
done

failed=0
for target in "$@"; do
    if wait "${running[0]}"; then
        echo "$target: $(grep -a '^#.*DONE' "artifacts/$target/log")"
    else
        failed=1
        echo "$target FAILED:"
        tail -n 80 "artifacts/$target/log"
    fi
    running=("${running[@]:1}")
done
exit "$failed"
