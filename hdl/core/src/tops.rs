//! The top modules: wide ports around the accelerator and around the core.

use crate::accelerator::Accelerator;
use crate::shape::Shape;
use cromulent_design::Design;
use cromulent_kit::emit::{self, EmitError, Module, Wrapper};
use rust_hdl_core::prelude::Block;

/// Name of the top module with a memory bus and control registers.
pub const TOP: &str = "cromulent";
/// Name of the top module with three streams.
pub const STREAM_TOP: &str = "cromulent_stream";

/// The names of numbered ports in Verilog.
fn lanes(port: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{port}_{n}")).collect()
}

/// The Verilog of a design, one module a file, those that are used before those that use them; the
/// last two are [`STREAM_TOP`] and [`TOP`].
///
/// # Errors
/// A mistake in the description of a block; none is known for valid designs.
pub fn verilog(design: &Design) -> Result<Vec<Module>, EmitError> {
    let mut accelerator = Accelerator::new(design);
    accelerator.connect_all();
    let mut modules = emit::verilog(&accelerator)?;
    let shape = Shape::of(design);
    modules.push(stream_top(&shape).around(accelerator.core(), "cromulent_core")?);
    modules.push(top(&shape).around(&accelerator, "cromulent_accelerator")?);
    Ok(modules)
}

/// A wrapper with the ports for observation.
fn observed(name: &str, about: &str, shape: &Shape) -> Wrapper {
    let design = &shape.design;
    let about = format!("{about} {}.\nGenerated; do not edit.", design.name);
    let wrapper = Wrapper::new(name, &about)
        .gang("word_valid", lanes("word_valid", shape.columns))
        .gang("words", lanes("word", shape.columns));
    match shape.pool_rows() {
        0 => wrapper,
        rows => wrapper
            .gang("pooled_valid", lanes("pooled_valid", rows))
            .gang("pooled", lanes("pooled", rows)),
    }
}

fn top(shape: &Shape) -> Wrapper {
    let beat = shape.design.bus_lanes() as usize;
    observed(TOP, "Cromulent", shape)
        .gang("m_axi_wdata", lanes("m_axi_wdata", beat))
        .gang("m_axi_rdata", lanes("m_axi_rdata", beat))
}

fn stream_top(shape: &Shape) -> Wrapper {
    let beat = shape.design.bus_lanes() as usize;
    observed(STREAM_TOP, "Cromulent with streams", shape)
        .gang("s_axis_program_tvalid", ["program_valid"])
        .gang("s_axis_program_tready", ["program_ready"])
        .gang("s_axis_program_tdata", lanes("program_data", beat))
        .gang("s_axis_data_tvalid", ["data_valid"])
        .gang("s_axis_data_tready", ["data_ready"])
        .gang("s_axis_data_tdata", lanes("data_data", beat))
        .gang("m_axis_result_tvalid", ["result_valid"])
        .gang("m_axis_result_tready", ["result_ready"])
        .gang("m_axis_result_tdata", ["result_data"])
        .gang("m_axis_result_tlast", ["result_last"])
        .tie("memory", 0)
        .tie("line_room", 0)
        .tie("line_pushed", 0)
        .tie("lines_stored", 0)
        .leave(["fetch_maps", "store_valid", "line_valid", "line_last"])
        .leave(lanes("line", shape.rows))
}
