//! An estimate as text.

use cromulent_cost::Energy;
use cromulent_cost::energy::PARTS;

use super::mapping::Mapped;
use super::{Estimate, Row};

impl Estimate {
    pub(super) fn text(&self) -> String {
        let design = &self.design;
        let mut lines = vec![format!(
            "{} on {}, {}x{} {} {}: {} cycles, {} at {} MHz",
            self.network,
            design.name,
            design.rows,
            design.columns,
            design.format,
            design.affine,
            self.cycles,
            seconds(self.cycles as f64 / (self.clock as f64 * 1e6)),
            self.clock
        )];
        lines.extend(self.notes.iter().map(|note| format!("  {note}")));
        lines.push(format!(
            "  {:<22} {:>12} {:>10} {:>12} {:>8} {:>12} {:>22}",
            "layer", "MACs", "cycles", "DRAM bytes", "GB/s", "SRAM bytes", "energy"
        ));
        lines.extend(self.rows.iter().map(|row| self.line(row)));
        let all = self.all_dram();
        lines.push(format!(
            "  {:<22} {:>12} {:>10} {all:>12} {:>8.2} {:>12}",
            "program, with commands",
            self.rows.iter().map(|row| row.macs).sum::<u64>(),
            self.cycles,
            self.rate(all, self.cycles),
            self.rows
                .iter()
                .map(|row| self.sram_bits(row))
                .sum::<u64>()
                .div_ceil(8),
        ));
        lines.extend(self.storage());
        match &self.area {
            Some(area) => lines.extend(area.text()),
            None => lines.push("area: give --target, such as ecp5, or --liberty".to_owned()),
        }
        lines.extend(self.mapped.iter().flat_map(Mapped::text));
        match self.energy() {
            Some(parts) => {
                lines.push("energy, from the least to the most:".to_owned());
                let named = PARTS.iter().zip(parts.0);
                lines
                    .extend(named.map(|(name, part)| format!("  {name:<14} {:>22}", joules(part))));
                lines.push(format!("  {:<14} {:>22}", "total", joules(parts.total())));
            }
            None => lines.push("energy: give --technology, such as horowitz-45nm".to_owned()),
        }
        let sources = self.sources();
        if !sources.is_empty() {
            lines.push("sources:".to_owned());
            lines.extend(sources.iter().map(|source| format!("  {source}")));
        }
        lines.join("\n")
    }

    fn line(&self, row: &Row) -> String {
        let dram = self.dram(row);
        format!(
            "  {:<22} {:>12} {:>10} {dram:>12} {:>8.2} {:>12} {:>22}",
            row.name,
            row.macs,
            row.cycles,
            self.rate(dram, row.cycles),
            self.sram_bits(row).div_ceil(8),
            row.energy
                .map_or(String::new(), |parts| joules(parts.total())),
        )
    }

    /// Bytes of activations, and of the same in other formats.
    fn storage(&self) -> Vec<String> {
        let stored = &self.stored;
        let share = |bits| stored.coded_bytes as f64 / stored.coded_in(bits).max(1) as f64;
        vec![
            format!(
                "coded activations of an image, each stored once: {} values, {} bytes; {:.3} of fp32, {:.3} of int8, {:.3} of int4",
                stored.coded_values,
                stored.coded_bytes,
                share(32),
                share(8),
                share(4)
            ),
            format!(
                "residual stream, on chip, not coded: {} values, {} bytes",
                stored.stream_values, stored.stream_bytes
            ),
        ]
    }
}

/// Two digits of each end, in the unit that suits the larger one.
fn joules(energy: Energy) -> String {
    const UNITS: [(&str, f64); 4] = [("pJ", 1.0), ("nJ", 1e3), ("uJ", 1e6), ("mJ", 1e9)];
    let high = energy.high as f64;
    let fits = UNITS.iter().rev().find(|(_, size)| high >= *size);
    let &(unit, size) = fits.unwrap_or(&UNITS[0]);
    let [low, high] = [energy.low as f64, high].map(|end| two_digits(end / size));
    match low == high {
        true => format!("{low} {unit}"),
        false => format!("{low} to {high} {unit}"),
    }
}

/// A number to two digits.
fn two_digits(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let places = (1 - number.abs().log10().floor() as i32).max(0) as usize;
    let step = 10f64.powi(number.abs().log10().floor() as i32 - 1);
    format!("{:.places$}", (number / step).round() * step)
}

fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.0} us", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn energies_have_two_digits_and_one_unit() {
        let text = |low, high| joules(Energy { low, high });
        assert_eq!(text(0, 0), "0 pJ");
        assert_eq!(text(12, 987), "12 to 990 pJ");
        assert_eq!(text(1_234_567, 1_239_999), "1.2 uJ");
        assert_eq!(text(45_600_000, 2_340_000_000), "0.046 to 2.3 mJ");
    }
}
