// The memory at the accelerator's AXI4 master: sparse, with a fixed latency and interval or with pauses at
// random, and the rules of the bus checked.
//
// An address taken in cycle c gives its first beat in cycle c + latency at the earliest, a beat follows the
// one before no sooner than `interval` cycles after that was taken, and bursts are served in order. A write
// taken in cycle c is answered in cycle c + latency.

#pragma once
#include <array>
#include <deque>
#include <unordered_map>
#include <vector>

#include "ports_access.h"

constexpr int BUS_BYTES = BUS_BITS / 8;
constexpr int BUS_LANES = BUS_BITS / 32;
constexpr uint64_t NOWHERE = ~0ull;
constexpr uint64_t ADDRESS_MASK = ADDRESS_BITS < 64 ? (1ull << ADDRESS_BITS) - 1 : ~0ull;

// Bytes by address; what nobody wrote reads as something that depends on its place.
class Store {
  public:
    uint8_t read(uint64_t address) {
        const auto page = pages.find(address / PAGE);
        return page == pages.end() ? rubbish(address) : page->second[address % PAGE];
    }
    void write(uint64_t address, uint8_t value) {
        const auto found = pages.find(address / PAGE);
        if (found != pages.end()) {
            found->second[address % PAGE] = value;
            return;
        }
        auto& page = pages[address / PAGE];
        for (uint64_t n = 0; n < PAGE; ++n) page[n] = rubbish(address / PAGE * PAGE + n);
        page[address % PAGE] = value;
    }

  private:
    static constexpr uint64_t PAGE = 4096;
    static uint8_t rubbish(uint64_t address) { return (uint8_t)((address * 0x9e3779b97f4a7c15ull) >> 48); }
    std::unordered_map<uint64_t, std::array<uint8_t, PAGE>> pages;
};

class Memory {
  public:
    Store store;
    uint64_t reads = 0, writes = 0;  // beats since `configure`

    void configure(uint64_t latency, uint64_t interval, uint64_t seed) {
        this->latency = latency;
        this->interval = interval;
        for (int n = 0; n < 5; ++n) pauses[n] = seed ? Pauses(5 * seed + n) : Pauses();
        reads = writes = 0;
    }

    // Addresses whose beats are answered with an error, or NOWHERE.
    void fail_at(uint64_t read, uint64_t write) {
        read_error = read;
        write_error = write;
    }

    // The only bytes that may be written: results, and maps.
    void writes_at(int window, uint64_t address, uint64_t bytes) {
        window_address[window] = address;
        window_bytes[window] = bytes;
    }

    // What a reset of the whole system leaves: nothing under way.
    void reset(Top& top) {
        bursts.clear();
        write_addresses.clear();
        write_beats.clear();
        answers.clear();
        read_shown = answer_shown = false;
        held_read.forget();
        held_address.forget();
        held_data.forget();
        top.m_axi_arready = top.m_axi_rvalid = top.m_axi_awready = top.m_axi_wready = top.m_axi_bvalid = 0;
    }

    // Sets the inputs of this cycle.
    void drive(Top& top, uint64_t now) {
        top.m_axi_arready = !pauses[0].now();
        top.m_axi_awready = !pauses[1].now();
        top.m_axi_wready = !pauses[2].now();
        if (!read_shown) read_shown = !bursts.empty() && now >= beat_due() && !pauses[3].now();
        if (!answer_shown) answer_shown = !answers.empty() && now >= answers.front().due && !pauses[4].now();
        top.m_axi_rvalid = read_shown;
        if (read_shown) show_beat(top);
        top.m_axi_bvalid = answer_shown;
        top.m_axi_bresp = answer_shown && answers.front().error ? 2 : 0;
        top.m_axi_bid = answer_shown ? answers.front().id : 0;
    }

    // Takes what was handed over in this cycle, the outputs having settled.
    void sample(Top& top, uint64_t now) {
        take_read_address(top, now);
        if (top.m_axi_rvalid && top.m_axi_rready) pop_beat(now);
        take_write(top, now);
        if (top.m_axi_bvalid && top.m_axi_bready) {
            answers.pop_front();
            answer_shown = false;
        }
    }

  private:
    struct Burst {
        uint64_t address, beats, due, id;
    };
    struct Answer {
        uint64_t due, id;
        bool error;
    };
    struct Beat {
        std::vector<uint32_t> lanes;
        uint64_t strobes, last, cycle;
        bool operator==(const Beat& other) const {
            return lanes == other.lanes && strobes == other.strobes && last == other.last;
        }
    };
    using Request = std::array<uint64_t, 5>;  // address, beats, size, burst, id

    uint64_t latency = 1, interval = 1;
    uint64_t read_error = NOWHERE, write_error = NOWHERE;
    uint64_t window_address[2] = {}, window_bytes[2] = {};
    Pauses pauses[5];
    std::deque<Burst> bursts, write_addresses;
    std::deque<Beat> write_beats;
    std::deque<Answer> answers;
    uint64_t next_beat = 0;
    bool read_shown = false, answer_shown = false, failed_beat = false;
    Held<Request> held_read, held_address;
    Held<Beat> held_data;

    uint64_t beat_due() const { return std::max(bursts.front().due, next_beat); }

    void show_beat(Top& top) {
        const Burst& burst = bursts.front();
        for (int n = 0; n < BUS_LANES; ++n) {
            uint32_t value = 0;
            for (int byte = 0; byte < 4; ++byte)
                value |= (uint32_t)store.read(burst.address + 4 * n + byte) << (8 * byte);
            set_lane(top.m_axi_rdata, n, value);
        }
        top.m_axi_rlast = burst.beats == 1;
        top.m_axi_rid = burst.id;
        top.m_axi_rresp = covers(burst.address, read_error) ? 2 : 0;
    }

    static bool covers(uint64_t beat, uint64_t address) {
        return address != NOWHERE && address - beat < (uint64_t)BUS_BYTES;
    }

    void pop_beat(uint64_t now) {
        Burst& burst = bursts.front();
        burst.address += BUS_BYTES;
        if (--burst.beats == 0) bursts.pop_front();
        next_beat = now + interval;
        read_shown = false;
        ++reads;
    }

    static void check_request(const Request& request, uint64_t now) {
        const uint64_t address = request[0], bytes = request[1] * BUS_BYTES;
        require(request[1] <= 16, "a burst of more than 16 beats", now);
        require(1ull << request[2] == (uint64_t)BUS_BYTES, "a burst of narrow beats", now);
        require(request[3] == 1, "a burst that is not incrementing", now);
        require(address % BUS_BYTES == 0, "an address between two beats", now);
        require(address / 4096 == (address + bytes - 1) / 4096, "a burst across 4 KB", now);
        require((address & ~ADDRESS_MASK) == 0, "an address beyond the bus", now);
    }

    void take_read_address(Top& top, uint64_t now) {
        const Request request = {(uint64_t)top.m_axi_araddr, top.m_axi_arlen + 1ull, top.m_axi_arsize,
                                 top.m_axi_arburst, top.m_axi_arid};
        held_read.check(top.m_axi_arvalid, top.m_axi_arready, request, "a read address that changes while it waits", now);
        if (!top.m_axi_arvalid || !top.m_axi_arready) return;
        check_request(request, now);
        bursts.push_back({request[0], request[1], now + latency, request[4]});
    }

    void take_write(Top& top, uint64_t now) {
        const Request request = {(uint64_t)top.m_axi_awaddr, top.m_axi_awlen + 1ull, top.m_axi_awsize,
                                 top.m_axi_awburst, top.m_axi_awid};
        held_address.check(top.m_axi_awvalid, top.m_axi_awready, request, "a write address that changes while it waits", now);
        if (top.m_axi_awvalid && top.m_axi_awready) {
            check_request(request, now);
            write_addresses.push_back({request[0], request[1], now, request[4]});
        }
        if (top.m_axi_wvalid) {
            Beat beat{{}, top.m_axi_wstrb, top.m_axi_wlast, now};
            for (int n = 0; n < BUS_LANES; ++n) beat.lanes.push_back(lane(top.m_axi_wdata, n));
            held_data.check(true, top.m_axi_wready, beat, "write data that change while they wait", now);
            if (top.m_axi_wready) write_beats.push_back(beat);
        } else {
            held_data.check(false, false, {}, "write data withdrawn", now);
        }
        while (!write_addresses.empty() && !write_beats.empty()) write_beat(now);
    }

    void write_beat(uint64_t now) {
        Burst& burst = write_addresses.front();
        const Beat& beat = write_beats.front();
        require(beat.last == (burst.beats == 1), "WLAST in the wrong beat", now);
        require(beat.strobes != 0, "a beat without a strobe", now);
        for (int n = 0; n < BUS_BYTES; ++n) {
            if (!(beat.strobes >> n & 1)) continue;
            const uint64_t address = burst.address + n;
            const bool inside = address - window_address[0] < window_bytes[0] ||
                                address - window_address[1] < window_bytes[1];
            require(inside, "a write beside results and maps", now);
            store.write(address, (uint8_t)(beat.lanes[n / 4] >> (8 * (n % 4))));
        }
        failed_beat |= covers(burst.address, write_error);
        burst.address += BUS_BYTES;
        write_beats.pop_front();
        ++writes;
        if (--burst.beats > 0) return;
        answers.push_back({now + latency, burst.id, failed_beat});
        failed_beat = false;
        write_addresses.pop_front();
    }
};
