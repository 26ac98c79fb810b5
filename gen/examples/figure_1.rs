//! Figure 1 of the paper: what L4 makes of a normalised value, and the logarithm of the density of Student's t with 3
//! degrees of freedom, normalised. Codes come from the integer encoder.
//!
//! ```text
//! cargo run --release -p cromulent --example figure_1 -- figure-1.svg
//! ```

use std::error::Error;

use cromulent::plot::{Chart, Line, lines};
use cromulent_number::{Format, Quantizer, Value, decode, encode};

/// Fraction bits of the cuts.
const FRACTION: u32 = 24;

/// Steps of a value in a standard deviation.
const UNITS: f64 = (1 << 20) as f64;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("give the file to write")?;
    let values = (-1200..=1200).map(|step| f64::from(step) / 100.0);
    let line = |name: &str, of: &dyn Fn(f64) -> f64| Line {
        name: name.to_owned(),
        points: values.clone().map(|x| (x, of(x))).collect(),
    };
    let chart = Chart {
        title: "L4 of a normalised value".to_owned(),
        x: "x".to_owned(),
        y: "L4(x), x, log density".to_owned(),
        lines: vec![
            line("log density of t, 3", &log_density),
            line("x", &|x| x),
            line("L4(x)", &l4),
        ],
        marks: false,
        ticks: vec![],
    };
    std::fs::write(file, lines(&chart)?)?;
    Ok(())
}

/// L4 by the encoder: the standard deviation over the scale c is 2^E·θ, rounded up in the cut.
fn l4(x: f64) -> f64 {
    let c = f64::from(Format::L4.scale_thousandths()) / 1000.0;
    let steps = (UNITS / c).log2();
    let theta = (steps.fract().exp2() * f64::from(1 << FRACTION)).ceil() as u32;
    let quantizer = Quantizer {
        mean: 0,
        exponent: steps.floor() as i32 + 1 + Format::L4.lowest_step(),
        thetas: [theta, 0, 0, 0],
        fraction_bits: FRACTION,
        negate: false,
    };
    match decode(
        Format::L4,
        encode(Format::L4, (x * UNITS) as i64, &quantizer),
    ) {
        Value::Power { negative, quarters } => {
            let magnitude = (f64::from(quarters) / 4.0).exp2();
            if negative { -magnitude } else { magnitude }
        }
        _ => 0.0,
    }
}

/// The natural logarithm of the density of Student's t with 3 degrees of freedom over its standard deviation √3.
fn log_density(x: f64) -> f64 {
    let t = 3.0f64.sqrt() * x;
    let density = 2.0 / (std::f64::consts::PI * 3.0f64.sqrt()) / (1.0 + t * t / 3.0).powi(2);
    (3.0f64.sqrt() * density).ln()
}
