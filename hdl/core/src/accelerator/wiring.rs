//! What is connected to what.

use super::Accelerator;
use crate::reader::beat_shift;
use cromulent_design::CORE_COUNTERS;
use cromulent_kit::{Interpreter, Word};

/// AxBURST of a burst whose addresses rise.
const INCREMENTING: u64 = 1;
/// AxCACHE of memory that is not cached, but may be buffered.
const NORMAL_MEMORY: u64 = 3;

impl Accelerator {
    pub(super) fn clocks<I: Interpreter>(&self, i: &mut I) {
        for (clock, reset) in [
            (&self.control.clock, &self.control.reset),
            (&self.session.clock, &self.session.reset),
            (&self.reader.clock, &self.reader.reset),
            (&self.writer.clock, &self.writer.reset),
            (&self.map_writer.clock, &self.map_writer.reset),
            (&self.core.clock, &self.core.reset),
        ] {
            i.connect(clock, &self.clock);
            i.connect(reset, &self.reset);
        }
    }

    pub(super) fn host<I: Interpreter>(&self, i: &mut I) {
        let control = &self.control;
        for (to, from) in [
            (&control.awaddr, &self.s_axil_awaddr),
            (&control.awvalid, &self.s_axil_awvalid),
            (&control.wdata, &self.s_axil_wdata),
            (&control.wstrb, &self.s_axil_wstrb),
            (&control.wvalid, &self.s_axil_wvalid),
            (&control.bready, &self.s_axil_bready),
            (&control.araddr, &self.s_axil_araddr),
            (&control.arvalid, &self.s_axil_arvalid),
            (&control.rready, &self.s_axil_rready),
        ] {
            i.connect(to, from);
        }
        for (to, from) in [
            (&self.s_axil_awready, &control.awready),
            (&self.s_axil_wready, &control.wready),
            (&self.s_axil_bresp, &control.bresp),
            (&self.s_axil_bvalid, &control.bvalid),
            (&self.s_axil_arready, &control.arready),
            (&self.s_axil_rdata, &control.rdata),
            (&self.s_axil_rresp, &control.rresp),
            (&self.s_axil_rvalid, &control.rvalid),
            (&self.irq, &control.interrupt),
        ] {
            i.connect(to, from);
        }
    }

    /// Who starts, who stops, and what the host is told.
    pub(super) fn run<I: Interpreter>(&self, i: &mut I) {
        let (control, session) = (&self.control, &self.session);
        let (reader, writer, core) = (&self.reader, &self.writer, &self.core);
        let maps = &self.map_writer;
        for (to, from) in [
            (&session.request, &control.request),
            (&session.core_done, &core.done),
            (&session.core_fault, &core.fault),
            (&session.read_error, &reader.error),
            (&session.read_idle, &reader.idle),
            (&control.start, &session.start),
            (&control.refused, &session.refused),
            (&control.busy, &session.busy),
            (&control.done, &session.done),
            (&control.failed, &session.failed),
            (&control.fault, &session.fault),
            (&reader.start, &session.start),
            (&writer.start, &session.start),
            (&maps.start, &session.start),
            (&core.start, &session.start),
            (&reader.stop, &session.stop),
            (&writer.stop, &session.stop),
            (&maps.stop, &session.stop),
            (&reader.program_address, &control.address[0]),
            (&reader.input_address, &control.address[1]),
            (&writer.result_address, &control.address[2]),
            (&reader.scratch_address, &control.address[3]),
            (&maps.scratch_address, &control.address[3]),
        ] {
            i.connect(to, from);
        }
        let error = i.read(&writer.error) | i.read(&maps.error);
        i.drive(&session.write_error, error);
        let settled = i.read(&writer.settled) & i.read(&maps.settled);
        i.drive(&session.write_settled, settled);
        let more = [
            &core.layer_cycles,
            &reader.program_beats,
            &reader.input_beats,
            &writer.result_beats,
            &maps.stored_beats,
            &reader.map_beats,
        ];
        let counters = CORE_COUNTERS.map(|name| core.count.get(name));
        for (to, from) in control.counter.iter().zip(counters.into_iter().chain(more)) {
            i.connect(to, from);
        }
    }

    /// The core's streams.
    pub(super) fn streams<I: Interpreter>(&self, i: &mut I) {
        let (reader, writer, core) = (&self.reader, &self.writer, &self.core);
        let maps = &self.map_writer;
        for (to, from) in [
            (&core.program_valid, &reader.program_valid),
            (&core.data_valid, &reader.data_valid),
            (&reader.program_ready, &core.program_ready),
            (&reader.data_ready, &core.data_ready),
            (&reader.header_valid, &core.header_valid),
            (&reader.header_beats, &core.header_beats),
            (&reader.fetch_valid, &core.fetch_valid),
            (&reader.fetch_maps, &core.fetch_maps),
            (&reader.fetch_offset, &core.fetch_offset),
            (&reader.fetch_beats, &core.fetch_beats),
            (&writer.valid, &core.result_valid),
            (&writer.data, &core.result_data),
            (&core.result_ready, &writer.ready),
            (&core.writer_idle, &writer.idle),
            (&maps.begin, &core.store_valid),
            (&maps.offset, &core.fetch_offset),
            (&maps.line_valid, &core.line_valid),
            (&maps.line_last, &core.line_last),
            (&core.line_room, &maps.room),
            (&core.line_pushed, &maps.pushed),
            (&core.lines_stored, &maps.stored),
        ]
        .into_iter()
        .chain(maps.line.iter().zip(&core.line))
        {
            i.connect(to, from);
        }
        let memory = i.constant(1, 1);
        i.drive(&core.memory, memory);
        for lane in 0..self.m_axi_rdata.len() {
            i.connect(&core.program_data[lane], &reader.program_data[lane]);
            i.connect(&core.data_data[lane], &reader.data_data[lane]);
        }
    }

    pub(super) fn memory_reads<I: Interpreter>(&self, i: &mut I) {
        let reader = &self.reader;
        i.connect(&self.m_axi_arid, &reader.arid);
        i.connect(&self.m_axi_araddr, &reader.araddr);
        i.connect(&self.m_axi_arlen, &reader.arlen);
        i.connect(&self.m_axi_arvalid, &reader.arvalid);
        i.connect(&reader.arready, &self.m_axi_arready);
        i.connect(&reader.rid, &self.m_axi_rid);
        i.connect(&reader.rresp, &self.m_axi_rresp);
        i.connect(&reader.rvalid, &self.m_axi_rvalid);
        i.connect(&self.m_axi_rready, &reader.rready);
        for (to, from) in reader.rdata.iter().zip(&self.m_axi_rdata) {
            i.connect(to, from);
        }
    }

    /// Results and maps share the write channels: maps move only while no result is left to be written.
    pub(super) fn memory_writes<I: Interpreter>(&self, i: &mut I) {
        let (writer, maps) = (&self.writer, &self.map_writer);
        let own = i.read(&maps.own);
        for (to, map, result) in [
            (&self.m_axi_awaddr, &maps.awaddr, &writer.awaddr),
            (&self.m_axi_awvalid, &maps.awvalid, &writer.awvalid),
            (&self.m_axi_wvalid, &maps.wvalid, &writer.wvalid),
        ]
        .into_iter()
        .chain(
            (self.m_axi_wdata.iter().zip(&maps.wdata).zip(&writer.wdata))
                .map(|((to, map), result)| (to, map, result)),
        ) {
            let word = own.mux(i.read(map), i.read(result));
            i.drive(to, word);
        }
        let strobes = i.read(&writer.wstrb);
        let all = own.repeat(strobes.width());
        i.drive(&self.m_axi_wstrb, strobes | all);
        let beats = i.read(&maps.awlen);
        let one = i.constant(beats.width(), 0);
        i.drive(&self.m_axi_awlen, own.mux(beats, one));
        let last = i.read(&maps.wlast);
        i.drive(&self.m_axi_wlast, !own | last);
        let ready = i.read(&writer.bready);
        i.drive(&self.m_axi_bready, own | ready);
        for (port, to, this) in [
            (&self.m_axi_awready, &maps.awready, own),
            (&self.m_axi_wready, &maps.wready, own),
            (&self.m_axi_bvalid, &maps.bvalid, own),
            (&self.m_axi_awready, &writer.awready, !own),
            (&self.m_axi_wready, &writer.wready, !own),
            (&self.m_axi_bvalid, &writer.bvalid, !own),
        ] {
            let flag = i.read(port) & this;
            i.drive(to, flag);
        }
        i.connect(&writer.bresp, &self.m_axi_bresp);
        i.connect(&maps.bresp, &self.m_axi_bresp);
    }

    /// What is the same for every burst, and what nobody looks at.
    pub(super) fn fixed<I: Interpreter>(&self, i: &mut I) {
        let size = beat_shift(&self._shape) as u64;
        for (port, number) in [
            (&self.m_axi_awid, 0),
            (&self.m_axi_awsize, size),
            (&self.m_axi_awburst, INCREMENTING),
            (&self.m_axi_awlock, 0),
            (&self.m_axi_awcache, NORMAL_MEMORY),
            (&self.m_axi_awprot, 0),
            (&self.m_axi_arsize, size),
            (&self.m_axi_arburst, INCREMENTING),
            (&self.m_axi_arlock, 0),
            (&self.m_axi_arcache, NORMAL_MEMORY),
            (&self.m_axi_arprot, 0),
        ] {
            let word = i.constant(port.width(), number);
            i.drive(port, word);
        }
        for port in [&self.m_axi_bid, &self.m_axi_rlast] {
            let word = i.read(port);
            i.unused(word);
        }
    }
}
