// What leaves the accelerator by its observation ports: words, and the cycles of layers.

#pragma once
#include <vector>

#include "ports_access.h"

struct Word {
    uint64_t layer, cycle, column, value;  // the cycle counts from the layer's start
};

struct Layer {
    uint64_t start, last, counted;  // cycles since the program's start; the last is that of the last word
};

class Observer {
  public:
    std::vector<Layer> layers;
    std::vector<Word> words;

    void restart(uint64_t now) {
        layers.clear();
        words.clear();
        origin = now;
        done = 0;
        starting = true;
    }

    void started() { starting = false; }

    uint64_t since_start(uint64_t now) const { return now - origin; }

    void sample(Top& top, uint64_t now) {
        // Until the start is taken, words of a layer that a fault stopped may still be on their way.
        if (starting && layers.empty()) return;
        // layer_done follows the last word by a cycle, in which the next layer may start.
        if (top.layer_done) {
            require(done < layers.size(), "a layer is done that never started", now);
            layers[done].last = now - 1 - origin;
            layers[done].counted = top.layer_cycles;
            ++done;
        }
        for (int n = 0; n < (COLUMNS + 31) / 32; ++n)
            for (uint32_t valid = lane(top.word_valid, n); valid; valid &= valid - 1)
                take(top.words, 32 * n + __builtin_ctz(valid), WORD_BITS, 0, now);
#if POOL_ROWS > 0
        for (int n = 0; n < (POOL_ROWS + 31) / 32; ++n)
            for (uint32_t valid = lane(top.pooled_valid, n); valid; valid &= valid - 1)
                take(top.pooled, 32 * n + __builtin_ctz(valid), CODE_BITS, COLUMNS, now);
#endif
        if (top.layer_start) layers.push_back({now - origin, 0, 0});
    }

  private:
    uint64_t origin = 0;
    std::size_t done = 0;
    bool starting = false;

    // A word of a column; or a pooled code, of a row or a column, counted from behind the columns.
    template <class Port>
    void take(const Port& port, int lane, int width, int first, uint64_t now) {
        require(!layers.empty(), "a word before the first layer", now);
        const uint64_t cycle = now - origin - layers.back().start;
        const uint64_t column = first + lane;
        words.push_back({layers.size() - 1, cycle, column, bits(port, lane * width, width)});
    }
};
