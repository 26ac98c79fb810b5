// Runs layers on the Verilated core: reads jobs, fills the memories through the load port, starts,
// and writes every word with the cycle in which it leaves.
//
//   simulator JOBS RESULTS
//
// Both files are streams of 64-bit little-endian numbers.
// Jobs: count, then per job: loads, then (kind, bank, address, data) each, then the layer registers,
// then the most cycles it may take.
// Results, per job: words, then (cycle, column, value) each, then cycles, beats, load stalls, and 1
// if the core was still busy at the limit.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "ports.h"

namespace {

uint64_t read_number(FILE* file) {
    uint64_t value = 0;
    if (fread(&value, sizeof value, 1, file) != 1) {
        fprintf(stderr, "the jobs end early\n");
        exit(2);
    }
    return value;
}

void write_number(FILE* file, uint64_t value) { fwrite(&value, sizeof value, 1, file); }

// One clock cycle; the inputs were set before, the outputs hold until the edge.
void edge(Top& top) {
    top.clock = 1;
    top.eval();
    top.clock = 0;
    top.eval();
}

void reset(Top& top) {
    top.clock = 0;
    top.start = 0;
    top.load_enable = 0;
    top.reset = 1;
    top.eval();
    edge(top);
    edge(top);
    top.reset = 0;
}

void load(Top& top, FILE* jobs) {
    for (uint64_t left = read_number(jobs); left > 0; --left) {
        top.load_kind = read_number(jobs);
        top.load_bank = read_number(jobs);
        top.load_address = read_number(jobs);
        top.load_data = read_number(jobs);
        top.load_enable = 1;
        edge(top);
    }
    top.load_enable = 0;
}

struct Word {
    uint64_t cycle, column, value;
};

void run(Top& top, FILE* jobs, FILE* results) {
    load(top, jobs);
    for (int n = 0; n < REGISTERS; ++n) set_register(top, n, read_number(jobs));
    const uint64_t limit = read_number(jobs);
    std::vector<Word> words;
    top.start = 1;
    uint64_t cycle = 0;
    for (;; ++cycle) {
        top.eval();
        for (int column = 0; column < COLUMNS; ++column)
            if (word_valid(top, column)) words.push_back({cycle, (uint64_t)column, word(top, column)});
        if (cycle > 0 && !top.busy) break;
        if (cycle >= limit) break;
        edge(top);
        top.start = 0;
    }
    write_number(results, words.size());
    for (const Word& w : words) {
        write_number(results, w.cycle);
        write_number(results, w.column);
        write_number(results, w.value);
    }
    write_number(results, top.cycles);
    write_number(results, top.beats);
    write_number(results, top.load_stalls);
    write_number(results, top.busy);
}

}  // namespace

double sc_time_stamp() { return 0; }

int main(int argc, char** argv) {
    FILE* jobs = argc == 3 ? fopen(argv[1], "rb") : nullptr;
    FILE* results = argc == 3 ? fopen(argv[2], "wb") : nullptr;
    if (!jobs || !results) {
        fprintf(stderr, "usage: simulator JOBS RESULTS\n");
        return 2;
    }
    // Registers and memories start at random, so that nothing may depend on what they hold.
    VerilatedContext context;
    context.randReset(2);
    context.randSeed(1);
    Top top{&context};
    reset(top);
    for (uint64_t left = read_number(jobs); left > 0; --left) run(top, jobs, results);
    top.final();
    return fclose(results) == 0 ? 0 : 2;
}
