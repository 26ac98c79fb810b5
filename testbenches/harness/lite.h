// A master for the accelerator's AXI4-Lite slave: one access at a time, with pauses at random.

#pragma once
#include "ports_access.h"

struct Reply {
    uint32_t data = 0;
    uint64_t response = 0;
};

class Lite {
  public:
    void configure(uint64_t seed) {
        for (int n = 0; n < 5; ++n) pauses[n] = seed ? Pauses(5 * seed + 1000 + n) : Pauses();
    }

    void begin_read(Top& top, uint32_t address) {
        top.s_axil_araddr = address;
        address_wanted[0] = answer_wanted[0] = true;
    }

    void begin_write(Top& top, uint32_t address, uint32_t data, uint32_t strobes) {
        top.s_axil_awaddr = address;
        top.s_axil_wdata = data;
        top.s_axil_wstrb = strobes;
        address_wanted[1] = data_wanted = answer_wanted[1] = true;
    }

    bool busy() const { return answer_wanted[0] || answer_wanted[1]; }
    Reply reply() const { return last; }

    void reset(Top& top) {
        address_wanted[0] = address_wanted[1] = data_wanted = answer_wanted[0] = answer_wanted[1] = false;
        held_read.forget();
        held_write.forget();
        top.s_axil_arvalid = top.s_axil_rready = top.s_axil_awvalid = top.s_axil_wvalid = top.s_axil_bready = 0;
    }

    void drive(Top& top) {
        show(top.s_axil_arvalid, address_wanted[0], pauses[0]);
        show(top.s_axil_awvalid, address_wanted[1], pauses[1]);
        show(top.s_axil_wvalid, data_wanted, pauses[2]);
        top.s_axil_rready = answer_wanted[0] && !pauses[3].now();
        top.s_axil_bready = answer_wanted[1] && !pauses[4].now();
    }

    void sample(Top& top, uint64_t now) {
        const bool asked = !address_wanted[0], written = !address_wanted[1] && !data_wanted;
        require(!top.s_axil_rvalid || (answer_wanted[0] && asked), "an AXI-Lite answer nobody asked for", now);
        require(!top.s_axil_bvalid || (answer_wanted[1] && written), "an AXI-Lite answer before the write", now);
        held_read.check(top.s_axil_rvalid, top.s_axil_rready, (uint64_t)top.s_axil_rdata << 2 | top.s_axil_rresp,
                        "an AXI-Lite answer that changes while it waits", now);
        held_write.check(top.s_axil_bvalid, top.s_axil_bready, top.s_axil_bresp,
                         "an AXI-Lite response that changes while it waits", now);
        if (top.s_axil_arvalid && top.s_axil_arready) address_wanted[0] = false;
        if (top.s_axil_awvalid && top.s_axil_awready) address_wanted[1] = false;
        if (top.s_axil_wvalid && top.s_axil_wready) data_wanted = false;
        if (top.s_axil_rvalid && top.s_axil_rready) {
            last = {top.s_axil_rdata, top.s_axil_rresp};
            answer_wanted[0] = false;
        }
        if (top.s_axil_bvalid && top.s_axil_bready) {
            last = {0, top.s_axil_bresp};
            answer_wanted[1] = false;
        }
    }

  private:
    // Once shown, a request stays until it is taken.
    static void show(CData& valid, bool wanted, Pauses& pauses) {
        if (!wanted) valid = 0;
        else if (!valid) valid = !pauses.now();
    }

    bool address_wanted[2] = {}, answer_wanted[2] = {}, data_wanted = false;
    Reply last;
    Pauses pauses[5];
    Held<uint64_t> held_read, held_write;
};
