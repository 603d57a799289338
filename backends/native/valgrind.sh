#!/usr/bin/env bash
# The crates' tests of memory, arrays, threads and double-double arithmetic under valgrind: no byte that is not ours is
# read or written. It knows no AVX-512, and takes some minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
binary=$(cargo test --locked --release --package rcmlrs-kernels --lib --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
for level in portable avx2; do
    echo "valgrind, $level:"
    RCMLRS_NATIVE_LEVEL=$level valgrind --quiet --error-exitcode=9 --leak-check=no \
        "$binary" array:: double:: error:: memory:: threads::
done
