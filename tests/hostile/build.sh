#!/bin/sh
# Builds guest.wasm from guest/ and writes the digest of the sources that it was built from, which a test compares.
# Needs: rustup target add wasm32-wasip2
set -eu
cd "$(dirname "$0")"
../../scripts/build-guest . hostile hostile_guest guest.wasm
cat guest/Cargo.toml guest/src/lib.rs ../../wit/v0/context.wit ../../wit/v0/plugin.wit ../../wit/v0/types.wit |
    sha256sum | cut -d' ' -f1 > guest.sources
