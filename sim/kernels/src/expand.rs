//! Operands of codes: a table look-up.

use crate::operand::Operand;

/// What the codes of each channel become: `parts` operands each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table<T> {
    parts: usize,
    /// Codes of a channel: 16 or 256, and 1 look-up for all channels or one for each.
    codes: usize,
    channels: usize,
    entries: Vec<T>,
}

impl<T: Operand> Table<T> {
    /// The table of `channels` channels with codes below `codes`; `operand` gives a part of what a channel's
    /// code becomes.
    ///
    /// # Panics
    /// If there are more than 4 parts or 256 codes, or nothing of something.
    pub fn new(
        channels: usize,
        codes: usize,
        parts: usize,
        mut operand: impl FnMut(usize, usize, usize) -> T,
    ) -> Table<T> {
        assert!((1..=256).contains(&codes) && (1..=4).contains(&parts) && channels > 0);
        let padded = [16, 32, 256]
            .into_iter()
            .find(|&n| n >= codes)
            .unwrap_or(256);
        let mut entries = vec![T::default(); channels * padded * parts];
        for (at, entry) in entries.iter_mut().enumerate() {
            let (channel, code) = (at / parts / padded, at / parts % padded);
            if code < codes {
                *entry = operand(channel, code, at % parts);
            }
        }
        Table {
            parts,
            codes: padded,
            channels,
            entries,
        }
    }

    /// Channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Operands a code becomes.
    pub fn parts(&self) -> usize {
        self.parts
    }
}

/// Expands a row of pixels, channel fastest: the operands of a pixel's channels go to the front of each of
/// the `stride` operands it has in `out`. Codes the table has not become other codes' operands.
///
/// # Panics
/// If `out` is too short, or a pixel has more channels than `stride` operands.
pub fn expand<T: Operand>(table: &Table<T>, codes: &[u8], stride: usize, out: &mut [T]) {
    let pixels = codes.len() / table.channels;
    let width = table.channels * table.parts;
    assert!(width <= stride);
    assert!(pixels == 0 || out.len() >= (pixels - 1) * stride + width);
    match (table.codes, table.parts) {
        (16, 1) => look_up::<T, 16, 1>(table, codes, stride, out),
        (16, 2) => look_up::<T, 16, 2>(table, codes, stride, out),
        (16, 3) => look_up::<T, 16, 3>(table, codes, stride, out),
        (16, _) => look_up::<T, 16, 4>(table, codes, stride, out),
        (32, 1) => look_up::<T, 32, 1>(table, codes, stride, out),
        (32, 2) => look_up::<T, 32, 2>(table, codes, stride, out),
        (32, 3) => look_up::<T, 32, 3>(table, codes, stride, out),
        (32, _) => look_up::<T, 32, 4>(table, codes, stride, out),
        (_, 1) => look_up::<T, 256, 1>(table, codes, stride, out),
        (_, 2) => look_up::<T, 256, 2>(table, codes, stride, out),
        (_, 3) => look_up::<T, 256, 3>(table, codes, stride, out),
        _ => look_up::<T, 256, 4>(table, codes, stride, out),
    }
}

/// For a table of this many codes and parts.
fn look_up<T: Operand, const CODES: usize, const PARTS: usize>(
    table: &Table<T>,
    codes: &[u8],
    stride: usize,
    out: &mut [T],
) {
    let (entries, _) = table.entries.as_chunks::<PARTS>();
    let (channels, _) = entries.as_chunks::<CODES>();
    for (pixel, out) in codes
        .chunks_exact(table.channels)
        .zip(out.chunks_mut(stride))
    {
        let (out, _) = out.as_chunks_mut::<PARTS>();
        for ((&code, channel), out) in pixel.iter().zip(channels).zip(out) {
            *out = channel[usize::from(code) % CODES];
        }
    }
}
