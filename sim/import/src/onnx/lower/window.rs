//! How a convolution or a pool moves over a map.

use super::*;

/// How a window moves over a map.
pub(super) struct Window {
    pub stride: usize,
    pub padding: usize,
}

impl Window {
    /// The window of a convolution or pool.
    pub fn of(
        attributes: &Attributes<'_>,
        (height, width): (usize, usize),
        map: Shape,
    ) -> Result<Window, Fault> {
        let strides = attributes.ints("strides").unwrap_or(&[1, 1]);
        let stride = match *strides {
            [rows, columns] if rows == columns && (1..=65_536).contains(&rows) => rows as usize,
            _ => {
                return Err((
                    format!("moves by {strides:?}"),
                    "move as far down as to the right".into(),
                ));
            }
        };
        if attributes
            .ints("dilations")
            .is_some_and(|dilations| dilations.iter().any(|&d| d != 1))
        {
            return Err((
                "is dilated".into(),
                "dilated windows are not supported".into(),
            ));
        }
        let pads = match attributes.text("auto_pad") {
            "" | "NOTSET" => attributes.ints("pads").unwrap_or(&[0; 4]).to_vec(),
            "VALID" => vec![0; 4],
            same @ ("SAME_UPPER" | "SAME_LOWER") => same_pads(same, (height, width), stride, map),
            other => return Err((format!("has auto_pad {other}"), EXPORT.into())),
        };
        let padding = match pads[..] {
            [pad, b, c, d] if [b, c, d] == [pad; 3] && (0..=65_536).contains(&pad) => pad as usize,
            _ => {
                return Err((
                    format!("pads by {pads:?}"),
                    "pad alike on all four sides".into(),
                ));
            }
        };
        // What is left over makes no window of its own here.
        if attributes.int("ceil_mode", 0) != 0 {
            let left_over = |extent: usize, window: usize| {
                !(extent + 2 * padding)
                    .saturating_sub(window)
                    .is_multiple_of(stride)
            };
            if left_over(map.height, height) || left_over(map.width, width) {
                return Err((
                    "rounds the number of windows up".into(),
                    "leave out what fills no window (ceil_mode 0)".into(),
                ));
            }
        }
        Ok(Window { stride, padding })
    }
}

/// What auto_pad stands for: rows and columns before, then behind.
fn same_pads(which: &str, (height, width): (usize, usize), stride: usize, map: Shape) -> Vec<i64> {
    let both = |extent: usize, window: usize| {
        let windows = extent.div_ceil(stride);
        ((windows - 1) * stride + window).saturating_sub(extent)
    };
    let (rows, columns) = (both(map.height, height), both(map.width, width));
    let (less, more) = (
        [rows / 2, columns / 2],
        [rows.div_ceil(2), columns.div_ceil(2)],
    );
    let (first, last) = if which == "SAME_UPPER" {
        (less, more)
    } else {
        (more, less)
    };
    first
        .into_iter()
        .chain(last)
        .map(|pad| pad as i64)
        .collect()
}
