//! Adders of full and half adder cells, where a library has them.

use crate::liberty::{Cell, Library, Pin};

/// Where the adders of `synth` become such cells; names of cells and pins stand between `@`.
const TEMPLATE: &str = include_str!("adders.v");

/// Verilog for Yosys' techmap that builds adders of the library's smallest full adder, and half adder if there is
/// one; `None` if it has no full adder. Cells are found by what they compute.
pub(super) fn techmap(library: &Library) -> Option<String> {
    let odd = |ones: u32| ones % 2 == 1;
    let full = library.smallest_counter(3, [odd, |ones| ones >= 2])?;
    let full = instance(full, ["a[i]", "b[i]", "carry[i]"])?;
    let half = library.smallest_counter(2, [odd, |ones| ones == 2]);
    let half = half.and_then(|half| instance(half, ["a[i]", "b[i]", ""]));
    // Without a half adder the lowest bit is left to abc.
    let half = half.unwrap_or_else(|| {
        "assign Y[i] = a[i] ^ b[i];\n        assign carry[i+1] = a[i] & b[i];".to_owned()
    });
    let compressor = full
        .replace("a[i]", "A[i]")
        .replace("b[i]", "B[i]")
        .replace("(carry[i])", "(C[i])")
        .replace("carry[i+1]", "X[i]");
    Some(
        TEMPLATE
            .replace("@compressor@", &compressor)
            .replace("@full@", &full)
            .replace("@half@", &half),
    )
}

/// An instance of a cell whose outputs are the sum and the carry of these inputs, which are alike.
fn instance((cell, [sum, carry]): (&Cell, [&Pin; 2]), inputs: [&str; 3]) -> Option<String> {
    let own = cell.pins.iter().filter(|pin| !pin.is_output);
    let mut pins: Vec<(&str, &str)> = own
        .zip(inputs)
        .map(|(pin, net)| (pin.name.as_str(), net))
        .collect();
    pins.extend([
        (carry.name.as_str(), "carry[i+1]"),
        (sum.name.as_str(), "Y[i]"),
    ]);
    // Names go into Verilog as they are.
    let names = pins.iter().map(|(pin, _)| *pin).chain([cell.name.as_str()]);
    let is_name = |name: &str| {
        let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        first && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    names.into_iter().all(is_name).then(|| {
        let pins: Vec<String> = pins
            .iter()
            .map(|(pin, net)| format!(".{pin}({net})"))
            .collect();
        format!("{} cell ({});", cell.name, pins.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::liberty::tests::{SMALL, library};

    #[test]
    fn adders_are_built_of_the_smallest_full_adder() {
        let text = techmap(&library(SMALL).unwrap()).unwrap();
        assert!(text.contains("fa_1 cell (.A(A[i]), .B(B[i]), .CI(C[i]), .CO(X[i]), .S(Y[i]));"));
        assert!(
            text.contains(
                "fa_1 cell (.A(a[i]), .B(b[i]), .CI(carry[i]), .CO(carry[i+1]), .S(Y[i]));"
            )
        );
        assert!(text.contains("assign carry[i+1] = a[i] & b[i];") && !text.contains('@'));
    }

    #[test]
    fn without_a_full_adder_or_with_one_of_an_odd_name_there_are_none() {
        let without = SMALL.replace("A^B^CI", "A^B");
        assert_eq!(techmap(&library(&without).unwrap()), None);
        let odd = SMALL
            .replace("fa_1", "\"fa;1\"")
            .replace("fa_2", "\"fa 2\"");
        assert_eq!(techmap(&library(&odd).unwrap()), None);
    }
}
