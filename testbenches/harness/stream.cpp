// Drives the Verilated top without a bus: gives it a program and an input, with pauses, and prints what leaves.
//
//   simulator PROGRAM INPUT SEED
//
// Both files are the beats of the streams, 32 bits each, little-endian. On standard output: `word COLUMN VALUE` for
// each word that leaves a column, `result VALUE` for each beat of the results, `fault CODE` at the end.

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vcromulent_stream.h"
#include "verilated.h"

namespace {

constexpr uint64_t MOST_CYCLES = 10000000;
constexpr int COLUMNS = 4;
constexpr int WORD_BITS = 21;

std::vector<uint32_t> beats(const char* name) {
    FILE* file = fopen(name, "rb");
    if (!file) exit(2);
    std::vector<uint32_t> read;
    unsigned char b[4];
    while (fread(b, 1, 4, file) == 4) read.push_back(b[0] | b[1] << 8 | b[2] << 16 | uint32_t(b[3]) << 24);
    fclose(file);
    return read;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) return 2;
    const auto program = beats(arguments[1]), input = beats(arguments[2]);
    uint64_t random = strtoull(arguments[3], nullptr, 10);
    const bool pauses = random != 0;
    auto goes = [&] {
        random = random * 6364136223846793005u + 1442695040888963407u;
        return !pauses || (random >> 33) % 3 != 0;
    };
    Vcromulent_stream top;
    auto edge = [&] {
        top.clock = 1;
        top.eval();
        top.clock = 0;
        top.eval();
    };
    top.clock = 0;
    top.writer_idle = 1;
    top.reset = 1;
    for (int n = 0; n < 4; n++) edge();
    top.reset = 0;
    top.start = 1;
    edge();
    top.start = 0;
    size_t sent = 0, given = 0;
    bool program_waits = false, input_waits = false;
    for (uint64_t cycle = 0; cycle < MOST_CYCLES; cycle++) {
        // What was offered stays until it is taken.
        program_waits = sent < program.size() && (program_waits || goes());
        input_waits = given < input.size() && (input_waits || goes());
        top.s_axis_program_tvalid = program_waits;
        top.s_axis_program_tdata = program_waits ? program[sent] : 0;
        top.s_axis_data_tvalid = input_waits;
        top.s_axis_data_tdata = input_waits ? input[given] : 0;
        top.m_axis_result_tready = goes();
        top.eval();
        for (int column = 0; column < COLUMNS; column++) {
            if (!(top.word_valid >> column & 1)) continue;
            uint32_t word = 0;
            for (int n = 0; n < WORD_BITS; n++) {
                const int bit = column * WORD_BITS + n;
                word |= (top.words[bit / 32] >> bit % 32 & 1) << n;
            }
            printf("word %d %d\n", column, int32_t(word << (32 - WORD_BITS)) >> (32 - WORD_BITS));
        }
        if (top.m_axis_result_tvalid && top.m_axis_result_tready) {
            printf("result %" PRId64 "\n", int64_t(top.m_axis_result_tdata));
        }
        if (top.done || top.fault) {
            printf("fault %d\n", int(top.fault));
            return 0;
        }
        if (program_waits && top.s_axis_program_tready) sent++, program_waits = false;
        if (input_waits && top.s_axis_data_tready) given++, input_waits = false;
        edge();
    }
    printf("fault -1\n");
}
