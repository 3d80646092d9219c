#!/bin/sh
# Builds guest.wasm from guest/ and writes the digest of the sources that it was built from, which a test compares.
# Needs: rustup target add wasm32-wasip2
set -eu
cd "$(dirname "$0")"
target="${CARGO_TARGET_DIR:-${TMPDIR:-/tmp}/farmhand-hostile-guest}"
# The component must not name the machine that built it.
flags="--remap-path-prefix=$PWD=hostile"
for crates in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
    flags="$flags --remap-path-prefix=$crates=crates"
done
RUSTFLAGS="$flags" CARGO_TARGET_DIR="$target" cargo build --quiet --release --target wasm32-wasip2 --manifest-path guest/Cargo.toml
cp "$target/wasm32-wasip2/release/hostile_guest.wasm" guest.wasm
cat guest/Cargo.toml guest/src/lib.rs ../../wit/v0/context.wit ../../wit/v0/plugin.wit ../../wit/v0/types.wit |
    sha256sum | cut -d' ' -f1 > guest.sources
