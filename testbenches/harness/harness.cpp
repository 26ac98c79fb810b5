// Drives the Verilated accelerator through its two buses, as a script says, and writes down what it does.
//
//   simulator SCRIPT RECORDS
//
// Both files are streams of 64-bit little-endian numbers; bytes are padded with zeros to a multiple of 8.
//
// script: steps, each a number and its arguments
//   1 memory     latency, interval, seed of the pauses (0: none)
//   2 fail       address whose read fails, address whose write fails (all ones: none)
//   3 load       address, bytes, the bytes
//   4 window     address, bytes: where results may be written
//   5 write      AXI-Lite address, data, strobes          -> record 5: response
//   6 read       AXI-Lite address                         -> record 6: data, response
//   7 start      AXI-Lite address, data: a write whose acceptance is cycle 0 of what is observed
//   8 wait       most cycles, until the interrupt         -> record 8: see below
//   9 run        cycles
//  10 reset      cycles
//  11 dump       address, bytes                           -> record 11: bytes, the bytes
//
// record 8: 1 if the interrupt came, cycles since the start, beats read and written; layers, each (start, last
// word, layer_cycles); words, each (layer, cycle since its start, column, value).
// record 99: bytes, the text of a broken rule; it ends the records, and record 8 is written before it.

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lite.h"
#include "memory.h"
#include "observe.h"
#include "ports_access.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

// An access through AXI-Lite takes this long at most.
constexpr uint64_t PATIENCE = 10000;

class Stream {
  public:
    Stream(const char* name, const char* mode) : file(fopen(name, mode)) {
        if (!file) fail("cannot open", name);
    }
    bool next(uint64_t& value) { return fread(&value, sizeof value, 1, file) == 1; }
    uint64_t number() {
        uint64_t value = 0;
        if (!next(value)) fail("ends early", "the script");
        return value;
    }
    std::vector<uint8_t> bytes() {
        std::vector<uint8_t> data(number());
        std::vector<uint8_t> padded((data.size() + 7) / 8 * 8);
        if (fread(padded.data(), 1, padded.size(), file) != padded.size()) fail("ends early", "the script");
        std::copy(padded.begin(), padded.begin() + data.size(), data.begin());
        return data;
    }
    void put(uint64_t value) { fwrite(&value, sizeof value, 1, file); }
    void put_bytes(std::vector<uint8_t> data) {
        put(data.size());
        data.resize((data.size() + 7) / 8 * 8);
        fwrite(data.data(), 1, data.size(), file);
    }
    bool close() { return fclose(file) == 0; }

  private:
    FILE* file;
    [[noreturn]] static void fail(const char* what, const char* name) {
        fprintf(stderr, "%s %s\n", name, what);
        exit(2);
    }
};

// Verilator's own waveform of everything, where it was built with --trace: one cycle is one unit of time.
class Waves {
  public:
#if VM_TRACE
    Waves(Top& top, const char* name) {
        if (!name) return;
        top.trace(&file, 99);
        file.open(name);
    }
    void sample(uint64_t now) {
        if (file.isOpen()) file.dump(now);
    }
    void close() { file.close(); }

  private:
    VerilatedVcdC file;
#else
    Waves(Top&, const char*) {}
    void sample(uint64_t) {}
    void close() {}
#endif
};

class Bench {
  public:
    Bench(Top& top, Stream& script, Stream& records, Waves& waves)
        : top(top), script(script), records(records), waves(waves) {
        memory.configure(1, 1, 0);
        reset(4);
    }

    void run() {
        try {
            for (uint64_t step; script.next(step);) perform(step);
        } catch (const Violation& violation) {
            record_run();
            const std::string what = violation.what();
            records.put(99);
            records.put_bytes({what.begin(), what.end()});
        }
    }

  private:
    Top& top;
    Stream &script, &records;
    Waves& waves;
    Memory memory;
    Lite lite;
    Observer observer;
    uint64_t now = 0;

    // One clock cycle: inputs, what follows from them, what is handed over, the edge.
    void cycle() {
        memory.drive(top, now);
        lite.drive(top);
        top.clock = 0;
        top.eval();
        memory.sample(top, now);
        lite.sample(top, now);
        observer.sample(top, now);
        waves.sample(now);
        top.clock = 1;
        top.eval();
        ++now;
    }

    void reset(uint64_t cycles) {
        memory.reset(top);
        lite.reset(top);
        top.reset = 1;
        for (uint64_t n = 0; n < cycles; ++n) {
            top.clock = 0;
            top.eval();
            const bool quiet = !top.m_axi_arvalid && !top.m_axi_awvalid && !top.m_axi_wvalid && !top.s_axil_rvalid &&
                               !top.s_axil_bvalid && !top.irq;
            require(n < 2 || quiet, "a request or an answer during reset", now);
            top.clock = 1;
            top.eval();
            ++now;
        }
        top.reset = 0;
        observer.restart(now);
        observer.started();
    }

    void finish_access() {
        for (uint64_t n = 0; lite.busy(); ++n) {
            require(n < PATIENCE, "no answer on AXI-Lite", now);
            cycle();
        }
    }

    void perform(uint64_t step) {
        switch (step) {
            case 1: configure(); break;
            case 2: {
                const uint64_t read = script.number(), write = script.number();
                memory.fail_at(read, write);
                break;
            }
            case 3: load(); break;
            case 4: {
                for (int n = 0; n < 2; ++n) {
                    const uint64_t address = script.number(), bytes = script.number();
                    memory.writes_at(n, address, bytes);
                }
                break;
            }
            case 5: write(); break;
            case 6: read(); break;
            case 7: start(); break;
            case 8: wait(script.number()); break;
            case 9:
                for (uint64_t left = script.number(); left > 0; --left) cycle();
                break;
            case 10: reset(script.number()); break;
            case 11: dump(); break;
            default: fprintf(stderr, "the script has no step %llu\n", (unsigned long long)step); exit(2);
        }
    }

    void configure() {
        const uint64_t latency = script.number(), interval = script.number(), seed = script.number();
        memory.configure(latency, interval, seed);
        lite.configure(seed);
    }

    void load() {
        const uint64_t address = script.number();
        uint64_t place = 0;
        for (const uint8_t byte : script.bytes()) memory.store.write(address + place++, byte);
    }

    void write() {
        const uint64_t address = script.number(), data = script.number(), strobes = script.number();
        lite.begin_write(top, address, data, strobes);
        finish_access();
        records.put(5);
        records.put(lite.reply().response);
    }

    void read() {
        lite.begin_read(top, script.number());
        finish_access();
        records.put(6);
        records.put(lite.reply().data);
        records.put(lite.reply().response);
    }

    void start() {
        const uint64_t address = script.number(), data = script.number();
        observer.restart(now);
        lite.begin_write(top, address, data, 15);
        finish_access();
        observer.started();
    }

    void wait(uint64_t limit) {
        while (observer.since_start(now) < limit && !top.irq) cycle();
        record_run();
    }

    void record_run() {
        records.put(8);
        records.put(top.irq);
        records.put(observer.since_start(now));
        records.put(memory.reads);
        records.put(memory.writes);
        records.put(observer.layers.size());
        for (const Layer& layer : observer.layers) {
            records.put(layer.start);
            records.put(layer.last);
            records.put(layer.counted);
        }
        records.put(observer.words.size());
        for (const Word& word : observer.words) {
            records.put(word.layer);
            records.put(word.cycle);
            records.put(word.column);
            records.put(word.value);
        }
    }

    void dump() {
        const uint64_t address = script.number();
        std::vector<uint8_t> data(script.number());
        for (uint64_t n = 0; n < data.size(); ++n) data[n] = memory.store.read(address + n);
        records.put(11);
        records.put_bytes(data);
    }
};

}  // namespace

double sc_time_stamp() { return 0; }

int main(int argc, char** argv) {
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: simulator SCRIPT RECORDS [WAVES.vcd]\n");
        return 2;
    }
    Stream script(argv[1], "rb"), records(argv[2], "wb");
    // Registers and memories start at random, so that nothing may depend on what they hold.
    VerilatedContext context;
    context.randReset(2);
    context.randSeed(1);
    Top top{&context};
    context.traceEverOn(argc == 4);
    Waves waves(top, argc == 4 ? argv[3] : nullptr);
    Bench(top, script, records, waves).run();
    waves.close();
    top.final();
    return records.close() ? 0 : 2;
}
