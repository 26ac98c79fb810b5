//! The layers of a simulation as CSV.

use cromulent_engine::traffic::Traffic;

use super::report::{Report, Row, weight_load};

/// The columns of [`Report::csv`].
const CSV_COLUMNS: [&str; 24] = [
    "layer",
    "macs",
    "cycles",
    "utilization",
    "stall_weight_load",
    "stall_input",
    "stall_output",
    "stall_bandwidth",
    "stall_fill",
    "stall_drain",
    "dram_weights",
    "dram_inputs",
    "dram_outputs",
    "dram_residual",
    "sram_weights_read",
    "sram_weights_written",
    "sram_inputs_read",
    "sram_inputs_written",
    "sram_sums_read",
    "sram_sums_written",
    "sram_outputs_read",
    "sram_outputs_written",
    "sram_residual_read",
    "sram_residual_written",
];

impl Report<'_> {
    /// The layers as a table for spreadsheets: a line of names, then a line a layer.
    pub fn csv(&self) -> Result<String, csv::Error> {
        let mut writer = csv::Writer::from_writer(vec![]);
        writer.write_record(CSV_COLUMNS)?;
        for (name, row) in self.rows() {
            let Row {
                macs,
                cycles,
                causes,
                traffic: Traffic { dram, sram },
            } = row;
            let numbers = [
                weight_load(&causes),
                causes.stall_input,
                causes.stall_output,
                causes.stall_bandwidth,
                causes.stall_fill,
                causes.stall_drain,
                dram.weights,
                dram.inputs,
                dram.outputs,
                dram.residual,
                sram.weights.read,
                sram.weights.written,
                sram.inputs.read,
                sram.inputs.written,
                sram.sums.read,
                sram.sums.written,
                sram.outputs.read,
                sram.outputs.written,
                sram.residual.read,
                sram.residual.written,
            ];
            let mut record = vec![name.to_owned(), macs.to_string(), cycles.to_string()];
            record.push(self.utilization(&row).to_string());
            record.extend(numbers.iter().map(u64::to_string));
            writer.write_record(record)?;
        }
        let bytes = writer
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)?;
        Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }
}
