#!/usr/bin/env bash
# How much CPU time Verilator takes for the bare array of a design, and `cromulent simulate` for a whole network, over the
# same cycles. Both on one thread.
#
#   scripts/compare-verilator.sh [DESIGN [NETWORK]]
#
# Verilator simulates array.v alone: no memories, no quantizers, no control; random operands in every cycle, a new tile of
# random weights every 1024 cycles. `simulate` computes every value of the network for one image and every cycle of the
# whole machine, from a cold start: weights, compiling and all.
set -euo pipefail
cd "$(dirname "$0")/.."

design=${1:-constraints/designs/small-8x8.toml}
network=${2:-resnet20}
verilator=${CROMULENT_VERILATOR:-verilator}
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

# The CPU seconds of a command, whose output goes to a file.
cpu_seconds() {
    local TIMEFORMAT='%U %S'
    { time "$@" >"$build/output" 2>"$build/errors"; } 2>&1 | awk '{ print $1 + $2 }'
    cat "$build/errors" >&2
}

cargo build --release --locked --quiet -p cromulent
cromulent=$(cargo metadata --format-version 1 --no-deps --offline |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/cromulent

"$cromulent" generate --design "$design" --out "$build/rtl" >/dev/null
ours=$(cpu_seconds "$cromulent" simulate --design "$design" --network "$network" --threads 1 --json)
cycles=$(awk '/"program": \{/ { inside = 1 } inside && /"cycles"/ { gsub(/[^0-9]/, ""); print; exit }' "$build/output")

# A bench that knows the array's ports: one line for each input but the clock.
inputs() {
    sed -n '/^module array (/,/^);/p' "$build/rtl/array.v" |
        sed -n 's/^ *input wire \(\[\([0-9]*\):0\] \)\{0,1\}\([a-z_0-9]*\).*/\3 \2/p' | grep -v '^clock'
}
{
    cat <<'BENCH'
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include "Varray.h"

static uint64_t state = 1;
static uint64_t bits() {
    state ^= state << 13; state ^= state >> 7; state ^= state << 17;
    return state;
}

int main(int, char **arguments) {
    const uint64_t cycles = strtoull(arguments[1], nullptr, 10);
    VerilatedContext context;
    Varray top(&context);
    uint64_t sum = 0;
    for (uint64_t cycle = 0; cycle < cycles; ++cycle) {
        const bool tile = cycle % 1024 < 64;
BENCH
    inputs | while read -r name top; do
        mask="((uint64_t{2} << ${top:-0}) - 1)"
        case $name in
        load_* | swap_*) echo "        top.$name = tile;" ;;
        weight_*) echo "        if (tile) top.$name = bits() & $mask;" ;;
        *) echo "        top.$name = bits() & $mask;" ;;
        esac
    done
    cat <<'BENCH'
        top.clock = 0; top.eval();
        top.clock = 1; top.eval();
        sum += top.sum_0;
    }
    printf("%llu\n", static_cast<unsigned long long>(sum));
}
BENCH
} >"$build/bench.cpp"
"$verilator" --cc --exe --build -O3 --x-assign fast --x-initial fast -CFLAGS "-O3 -march=native" \
    --top-module array --prefix Varray -y "$build/rtl" --Mdir "$build/obj" \
    "$build/rtl/array.v" "$build/bench.cpp" >"$build/verilator.log" 2>&1 || { cat "$build/verilator.log" >&2; exit 4; }
theirs=$(cpu_seconds "$build/obj/Varray" "$cycles")

awk -v design="$design" -v network="$network" -v cycles="$cycles" -v ours="$ours" -v theirs="$theirs" 'BEGIN {
    printf "%s on %s, %d cycles\n", network, design, cycles
    printf "  Verilator, the bare array        %8.2f s of CPU, %8.2f us a cycle\n", theirs, 1e6 * theirs / cycles
    printf "  cromulent simulate, cold start   %8.2f s of CPU, %8.2f us a cycle\n", ours, 1e6 * ours / cycles
    printf "  ratio                            %8.0f\n", theirs / ours
}'
