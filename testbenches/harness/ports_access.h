// Ports of any width as lanes of 32 bits, the record of a broken rule, and pauses at random.

#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

#include "ports.h"

template <class Port>
inline uint32_t lane(const Port& port, int n) {
    return n < 2 ? (uint32_t)((uint64_t)port >> (32 * n)) : 0;
}

template <std::size_t N>
inline uint32_t lane(const VlWide<N>& port, int n) {
    return n < (int)N ? port.at(n) : 0;
}

template <class Port>
inline void set_lane(Port& port, int n, uint32_t value) {
    if (n >= 2) return;
    const uint64_t kept = (uint64_t)port & ~(0xffffffffull << (32 * n));
    port = (Port)(kept | (uint64_t)value << (32 * n));
}

template <std::size_t N>
inline void set_lane(VlWide<N>& port, int n, uint32_t value) {
    if (n < (int)N) port.at(n) = value;
}

// `count` bits, at most 64, from bit `low` on.
template <class Port>
inline uint64_t bits(const Port& port, int low, int count) {
    const int first = low / 32, shift = low % 32;
    uint64_t value = ((uint64_t)lane(port, first + 1) << 32 | lane(port, first)) >> shift;
    if (shift + count > 64) value |= (uint64_t)lane(port, first + 2) << (64 - shift);
    return count < 64 ? value & ((1ull << count) - 1) : value;
}

// A rule of the bus was broken; the run ends there.
struct Violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline void require(bool holds, const char* rule, uint64_t cycle) {
    if (!holds) throw Violation("cycle " + std::to_string(cycle) + ": " + rule);
}

// A source of random numbers: xorshift64*.
class Random {
  public:
    explicit Random(uint64_t seed = 0) : state(seed * 0x9e3779b97f4a7c15ull + 0x2545f4914f6cdd1dull) {}
    uint64_t next() {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return state * 0x2545f4914f6cdd1dull >> 16;
    }

  private:
    uint64_t state;
};

// When a channel pauses: never, or by a share of the time that changes every now and then.
class Pauses {
  public:
    Pauses() = default;
    explicit Pauses(uint64_t seed) : active(true), random(seed) {}
    bool now() {
        if (!active) return false;
        if (left == 0) {
            static const int SHARES[] = {0, 2, 4, 7, 8};
            share = SHARES[random.next() % 5];
            left = 1 + random.next() % (share == 8 ? 40 : 100);
        }
        --left;
        return (int)(random.next() % 8) < share;
    }

  private:
    bool active = false;
    Random random;
    int share = 0;
    uint64_t left = 0;
};

// A channel's payload while it waits: it must stay as it is until it was taken.
template <class Payload>
class Held {
  public:
    void check(bool valid, bool ready, const Payload& payload, const char* rule, uint64_t cycle) {
        if (waiting) require(valid && payload == last, rule, cycle);
        waiting = valid && !ready;
        last = payload;
    }
    void forget() { waiting = false; }

  private:
    bool waiting = false;
    Payload last{};
};
