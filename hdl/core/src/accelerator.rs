//! The whole accelerator: the core between a memory bus and a host.

#[cfg(test)]
mod bench;
mod wiring;

use crate::control::Control;
use crate::core::Core;
use crate::decoder::LANE_BITS;
use crate::map_writer::MapWriter;
use crate::reader::{LENGTH_BITS, Reader};
use crate::session::Session;
use crate::shape::Shape;
use crate::writer::Writer;
use cromulent_design::{CONTROL_ADDRESS_BITS, Design};
use cromulent_kit::{Describe, Interpreter, Net, logic};
use rust_hdl_core::prelude::*;

/// The accelerator. A host sets addresses and starts it by AXI4-Lite (`s_axil_…`); it reads program and
/// input and writes results by AXI4 (`m_axi_…`), and raises `irq`. Data of the memory bus are lanes of
/// 32 bits here, lowest first; the module `cromulent` around it has them as one.
#[derive(LogicBlock)]
pub struct Accelerator {
    /// Clock of everything.
    pub clock: Net<In>,
    /// Synchronous reset, active high.
    pub reset: Net<In>,
    /// AXI4-Lite write address.
    pub s_axil_awaddr: Net<In>,
    /// AXI4-Lite write address.
    pub s_axil_awvalid: Net<In>,
    /// AXI4-Lite write address.
    pub s_axil_awready: Net<Out>,
    /// AXI4-Lite write data.
    pub s_axil_wdata: Net<In>,
    /// AXI4-Lite write data: one bit a byte.
    pub s_axil_wstrb: Net<In>,
    /// AXI4-Lite write data.
    pub s_axil_wvalid: Net<In>,
    /// AXI4-Lite write data.
    pub s_axil_wready: Net<Out>,
    /// AXI4-Lite write response.
    pub s_axil_bresp: Net<Out>,
    /// AXI4-Lite write response.
    pub s_axil_bvalid: Net<Out>,
    /// AXI4-Lite write response.
    pub s_axil_bready: Net<In>,
    /// AXI4-Lite read address.
    pub s_axil_araddr: Net<In>,
    /// AXI4-Lite read address.
    pub s_axil_arvalid: Net<In>,
    /// AXI4-Lite read address.
    pub s_axil_arready: Net<Out>,
    /// AXI4-Lite read data.
    pub s_axil_rdata: Net<Out>,
    /// AXI4-Lite read data.
    pub s_axil_rresp: Net<Out>,
    /// AXI4-Lite read data.
    pub s_axil_rvalid: Net<Out>,
    /// AXI4-Lite read data.
    pub s_axil_rready: Net<In>,
    /// AXI4 write address: always 0.
    pub m_axi_awid: Net<Out>,
    /// AXI4 write address.
    pub m_axi_awaddr: Net<Out>,
    /// AXI4 write address: beats less one, 0 for results.
    pub m_axi_awlen: Net<Out>,
    /// AXI4 write address: a whole beat.
    pub m_axi_awsize: Net<Out>,
    /// AXI4 write address: rising.
    pub m_axi_awburst: Net<Out>,
    /// AXI4 write address: 0.
    pub m_axi_awlock: Net<Out>,
    /// AXI4 write address: memory that is not cached.
    pub m_axi_awcache: Net<Out>,
    /// AXI4 write address: 0.
    pub m_axi_awprot: Net<Out>,
    /// AXI4 write address.
    pub m_axi_awvalid: Net<Out>,
    /// AXI4 write address.
    pub m_axi_awready: Net<In>,
    /// AXI4 write data, lowest lane first.
    pub m_axi_wdata: Vec<Net<Out>>,
    /// AXI4 write data: one bit a byte.
    pub m_axi_wstrb: Net<Out>,
    /// AXI4 write data: the last beat of its burst.
    pub m_axi_wlast: Net<Out>,
    /// AXI4 write data.
    pub m_axi_wvalid: Net<Out>,
    /// AXI4 write data.
    pub m_axi_wready: Net<In>,
    /// AXI4 write response; not looked at.
    pub m_axi_bid: Net<In>,
    /// AXI4 write response.
    pub m_axi_bresp: Net<In>,
    /// AXI4 write response.
    pub m_axi_bvalid: Net<In>,
    /// AXI4 write response.
    pub m_axi_bready: Net<Out>,
    /// AXI4 read address: 0 for the program, 1 for input and maps.
    pub m_axi_arid: Net<Out>,
    /// AXI4 read address.
    pub m_axi_araddr: Net<Out>,
    /// AXI4 read address: beats less one, 0..=15.
    pub m_axi_arlen: Net<Out>,
    /// AXI4 read address: whole beats.
    pub m_axi_arsize: Net<Out>,
    /// AXI4 read address: rising.
    pub m_axi_arburst: Net<Out>,
    /// AXI4 read address: 0.
    pub m_axi_arlock: Net<Out>,
    /// AXI4 read address: memory that is not cached.
    pub m_axi_arcache: Net<Out>,
    /// AXI4 read address: 0.
    pub m_axi_arprot: Net<Out>,
    /// AXI4 read address.
    pub m_axi_arvalid: Net<Out>,
    /// AXI4 read address.
    pub m_axi_arready: Net<In>,
    /// AXI4 read data: the ARID.
    pub m_axi_rid: Net<In>,
    /// AXI4 read data, lowest lane first.
    pub m_axi_rdata: Vec<Net<In>>,
    /// AXI4 read data.
    pub m_axi_rresp: Net<In>,
    /// AXI4 read data; beats are counted, so this is not looked at.
    pub m_axi_rlast: Net<In>,
    /// AXI4 read data.
    pub m_axi_rvalid: Net<In>,
    /// AXI4 read data.
    pub m_axi_rready: Net<Out>,
    /// High while an enabled interrupt is pending.
    pub irq: Net<Out>,
    /// A word of this column leaves.
    pub word_valid: Vec<Net<Out>>,
    /// The word.
    pub word: Vec<Net<Out>>,
    /// This row writes the code of a max-pool's window.
    pub pooled_valid: Vec<Net<Out>>,
    /// The code.
    pub pooled: Vec<Net<Out>>,
    /// A layer starts in this cycle.
    pub layer_start: Net<Out>,
    /// The cycle after a layer's last word.
    pub layer_done: Net<Out>,
    /// With `layer_done`: the layer's cycles.
    pub layer_cycles: Net<Out>,
    control: Control,
    session: Session,
    reader: Reader,
    writer: Writer,
    map_writer: MapWriter,
    core: Core,
    _shape: Shape,
}

impl Accelerator {
    /// The accelerator of a valid design.
    pub fn new(design: &Design) -> Accelerator {
        let shape = Shape::of(design);
        let lanes = design.bus_lanes() as usize;
        let address = design.memory_address_bits as usize;
        let register = CONTROL_ADDRESS_BITS as usize;
        Accelerator {
            clock: Net::flag(),
            reset: Net::flag(),
            s_axil_awaddr: Net::bits(register),
            s_axil_awvalid: Net::flag(),
            s_axil_awready: Net::flag(),
            s_axil_wdata: Net::bits(LANE_BITS),
            s_axil_wstrb: Net::bits(LANE_BITS / 8),
            s_axil_wvalid: Net::flag(),
            s_axil_wready: Net::flag(),
            s_axil_bresp: Net::bits(2),
            s_axil_bvalid: Net::flag(),
            s_axil_bready: Net::flag(),
            s_axil_araddr: Net::bits(register),
            s_axil_arvalid: Net::flag(),
            s_axil_arready: Net::flag(),
            s_axil_rdata: Net::bits(LANE_BITS),
            s_axil_rresp: Net::bits(2),
            s_axil_rvalid: Net::flag(),
            s_axil_rready: Net::flag(),
            m_axi_awid: Net::flag(),
            m_axi_awaddr: Net::bits(address),
            m_axi_awlen: Net::bits(LENGTH_BITS),
            m_axi_awsize: Net::bits(3),
            m_axi_awburst: Net::bits(2),
            m_axi_awlock: Net::flag(),
            m_axi_awcache: Net::bits(4),
            m_axi_awprot: Net::bits(3),
            m_axi_awvalid: Net::flag(),
            m_axi_awready: Net::flag(),
            m_axi_wdata: Net::array(lanes, LANE_BITS, false),
            m_axi_wstrb: Net::bits(lanes * LANE_BITS / 8),
            m_axi_wlast: Net::flag(),
            m_axi_wvalid: Net::flag(),
            m_axi_wready: Net::flag(),
            m_axi_bid: Net::flag(),
            m_axi_bresp: Net::bits(2),
            m_axi_bvalid: Net::flag(),
            m_axi_bready: Net::flag(),
            m_axi_arid: Net::flag(),
            m_axi_araddr: Net::bits(address),
            m_axi_arlen: Net::bits(LENGTH_BITS),
            m_axi_arsize: Net::bits(3),
            m_axi_arburst: Net::bits(2),
            m_axi_arlock: Net::flag(),
            m_axi_arcache: Net::bits(4),
            m_axi_arprot: Net::bits(3),
            m_axi_arvalid: Net::flag(),
            m_axi_arready: Net::flag(),
            m_axi_rid: Net::flag(),
            m_axi_rdata: Net::array(lanes, LANE_BITS, false),
            m_axi_rresp: Net::bits(2),
            m_axi_rlast: Net::flag(),
            m_axi_rvalid: Net::flag(),
            m_axi_rready: Net::flag(),
            irq: Net::flag(),
            word_valid: Net::array(shape.columns, 1, false),
            word: Net::array(shape.columns, shape.word_bits(), true),
            pooled_valid: Net::array(shape.pool_rows(), 1, false),
            pooled: Net::array(shape.pool_rows(), design.pooled_bits() as usize, false),
            layer_start: Net::flag(),
            layer_done: Net::flag(),
            layer_cycles: Net::bits(LANE_BITS),
            control: Control::new(&shape),
            session: Session::default(),
            reader: Reader::new(&shape),
            writer: Writer::new(&shape),
            map_writer: MapWriter::new(&shape),
            core: Core::new(design),
            _shape: shape,
        }
    }

    /// The machine between the streams.
    pub fn core(&self) -> &Core {
        &self.core
    }
}

impl Describe for Accelerator {
    fn module(&self) -> String {
        "cromulent_accelerator".to_string()
    }
    fn about(&self) -> String {
        let design = &self._shape.design;
        format!(
            "Cromulent accelerator {}: the core, a memory bus of {} bits, control registers.\n\
             Generated; do not edit.",
            design.name, design.bus_bits
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        self.clocks(i);
        self.host(i);
        self.run(i);
        self.streams(i);
        self.memory_reads(i);
        self.memory_writes(i);
        self.fixed(i);
        let core = &self.core;
        for (to, from) in self.word_valid.iter().zip(&core.word_valid) {
            i.connect(to, from);
        }
        for (to, from) in self.word.iter().zip(&core.word) {
            i.connect(to, from);
        }
        let pooled = self.pooled.iter().zip(&core.pooled);
        for (to, from) in pooled.chain(self.pooled_valid.iter().zip(&core.pooled_valid)) {
            i.connect(to, from);
        }
        i.connect(&self.layer_start, &core.layer_start);
        i.connect(&self.layer_done, &core.layer_done);
        i.connect(&self.layer_cycles, &core.layer_cycles);
    }
}
logic!(Accelerator);

#[cfg(test)]
mod tests;
