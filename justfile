# `just` lists the recipes. Each is one line, so that they can be read and typed without it.

default:
    @just --list

# Run the whole service on this machine
dev:
    cargo run --example dev

# Run all tests that need only cargo, or those whose name contains the filter
test filter="":
    cargo test --locked {{ filter }}

# Check formatting, the documentation of the code, and lints
lint:
    bash .ci/run lint

# Format the code
fmt:
    cargo fmt

# Check the spelling
spelling:
    bash .ci/run spelling

# Check licences, sources and advisories of the dependencies
deny:
    bash .ci/run deny

# Build the documentation of the code
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items

# Rewrite the generated columns of docs/conformance.md
conformance:
    UPDATE_CONFORMANCE=1 cargo test --locked --test integration conformance

# Open a shell in which the commands of a guide work, such as `just guide cognito`
guide page:
    tests/guides/follow {{ page }}

# Run everything that CI runs, or the named steps of it
ci *steps:
    bash .ci/run {{ steps }}
