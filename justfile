# `just` lists the recipes. Each is one line, so that they can be read and typed without it.

default:
    @just --list

# Run the whole service on this machine
dev:
    cargo run --example dev

# Run all tests that need only cargo
test:
    cargo test --locked

# Check formatting and lints
lint:
    bash .ci/run lint

# Build the documentation of the code
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items

# Write the last column of docs/conformance.md anew
conformance:
    UPDATE_CONFORMANCE=1 cargo test --locked --test integration conformance

# Run everything that CI runs, or the named steps of it
ci *steps:
    bash .ci/run {{ steps }}
