//! What becomes of sums: the difference, the residual stream, the code.

use cromulent_number::{Format, Quantizer, Subset, encode_in};

use crate::cuts::Cuts;
use crate::dot::{Sums, Tile};
use crate::path::{Path, by_path};

/// Channels finished at a time.
const LANES: usize = 16;

/// What becomes of one output channel's sum.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Channel {
    /// Subtracted from the sum.
    pub offset: i64,
    /// Shift to the right that brings the difference to the unit of the residual stream, rounding half up;
    /// to the left if negative.
    pub align: i32,
    /// The least word of the stream, where the layer clamps.
    pub floor: i32,
    /// How the difference, or the word of the stream, is coded.
    pub quantizer: Quantizer,
}

/// What a layer does with the residual stream.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ResidualUse {
    /// Bits of a word, at most 16.
    pub bits: u32,
    /// Whether sums are raised to their channel's floor.
    pub clamp: bool,
}

impl ResidualUse {
    /// Smallest and largest word.
    fn range(self) -> (i32, i32) {
        let beyond = 1 << (self.bits - 1);
        (-beyond, beyond - 1)
    }
}

/// The constants of a layer's output channels, ready for many tiles.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finish {
    path: Path,
    codes: (Format, Subset),
    residual: Option<ResidualUse>,
    channels: Vec<Channel>,
    /// In 32 bits, if these hold every difference.
    narrow: Option<Narrow>,
}

/// Where results go, by \[position·channels + channel\] from the first position on; empty where there is
/// nothing of the kind.
#[derive(Debug, Default)]
pub struct Outputs<'a> {
    /// The first position.
    pub position: usize,
    /// The value of the stream added to.
    pub base: &'a [i16],
    /// The value of the stream written.
    pub stream: &'a mut [i16],
    /// The codes.
    pub codes: &'a mut [u8],
    /// Integers, in place of codes.
    pub words: &'a mut [i64],
    /// Words of the stream that saturated.
    pub saturations: u64,
}

impl Finish {
    /// Prepares the constants of `channels` for sums of at most this magnitude. Codes are of this format, and of this
    /// subset of it.
    pub fn new(
        path: Path,
        codes: (Format, Subset),
        channels: &[Channel],
        residual: Option<ResidualUse>,
        bound: u64,
    ) -> Finish {
        let fits = |channel: &Channel| {
            let largest = bound.saturating_add(channel.offset.unsigned_abs());
            let mean = channel.quantizer.mean.unsigned_abs();
            let coded = match residual {
                Some(_) => mean.saturating_add(largest).saturating_add(1 << 17),
                None => largest.saturating_add(mean),
            };
            largest.max(coded) <= i32::MAX as u64
        };
        let narrow = channels.iter().all(fits);
        Finish {
            path,
            codes,
            residual,
            channels: channels.to_vec(),
            narrow: narrow.then(|| Narrow::new(codes, channels)),
        }
    }

    /// Finishes a tile.
    ///
    /// # Panics
    /// If the outputs do not reach to the last of the tile's positions.
    pub fn tile(&self, tile: &Tile, outputs: &mut Outputs) {
        match (&self.narrow, tile.sums) {
            (Some(narrow), Sums::Narrow(sums)) if outputs.words.is_empty() => {
                let (finish, mut outputs) = (self, outputs);
                let outputs = &mut outputs;
                by_path!(self.path, narrow_tile, (
                    finish: &Finish, narrow: &Narrow, tile: &Tile, sums: &[i32], outputs: &mut Outputs
                ));
            }
            _ => self.wide_tile(tile, outputs),
        }
    }

    /// One word after another, in 64 bits.
    fn wide_tile(&self, tile: &Tile, outputs: &mut Outputs) {
        for row in 0..tile.rows {
            for column in 0..tile.columns {
                let at = row * tile.stride + column;
                let sum = match tile.sums {
                    Sums::Narrow(sums) => sums[at].into(),
                    Sums::Wide(sums) => sums[at],
                };
                self.word(tile.position + row, tile.column + column, sum, outputs);
            }
        }
    }

    /// Finishes one sum, however large: what [`Finish::tile`] does for many.
    pub fn word(&self, position: usize, channel: usize, sum: i64, outputs: &mut Outputs) {
        let place = (position - outputs.position) * self.channels.len() + channel;
        let channel = &self.channels[channel];
        let mut value = sum - channel.offset;
        if let Some(residual) = self.residual {
            let base = outputs.base.get(place).copied().unwrap_or(0);
            let sum = i128::from(base) + align(value, channel.align);
            let (least, most) = residual.range();
            let kept = sum.clamp(least.into(), most.into()) as i32;
            outputs.saturations += u64::from(i128::from(kept) != sum);
            value = match residual.clamp {
                true => kept.max(channel.floor).into(),
                false => kept.into(),
            };
            outputs.stream[place] = value as i16;
        }
        if let Some(code) = outputs.codes.get_mut(place) {
            let (format, subset) = self.codes;
            *code = encode_in(format, subset, value, &channel.quantizer).0;
        }
        if let Some(word) = outputs.words.get_mut(place) {
            *word = value - channel.quantizer.mean;
        }
    }
}

/// value·2^−shift, rounded to the nearest integer, halves up.
fn align(value: i64, shift: i32) -> i128 {
    let value = i128::from(value);
    let by = shift.unsigned_abs().min(63);
    match shift {
        0 => value,
        1.. => (value + (1 << (by - 1))) >> by,
        _ => value << by,
    }
}

/// The constants by \[channel\], filled up to whole vectors with 0.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Narrow {
    offset: Vec<i32>,
    /// Shift to the right, at most 31.
    right: Vec<i32>,
    /// Shift that brings the bit below the last one kept to the end, and 1; 0 and 0 where there is no shift.
    before: Vec<i32>,
    rounds: Vec<i32>,
    /// Shift to the left, at most 18: beyond it everything but 0 saturates.
    left: Vec<i32>,
    /// What is shifted to the left is clamped to ± this, which still saturates.
    limit: Vec<i32>,
    floor: Vec<i32>,
    mean: Vec<i32>,
    /// −1 where the difference is negated before it is coded, else 0.
    negate: Vec<i32>,
    coding: Coding,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Coding {
    /// Cuts less 1, by \[cut\]\[channel\], and the sign's bit; 0 in rectified formats, whose differences are
    /// coded as they are in place of their magnitude.
    Log { cuts: Vec<Vec<i32>>, sign: i32 },
    /// Multiplier and shift, by \[channel\], and the largest code.
    Uniform {
        multiplier: Vec<u32>,
        shift: Vec<u32>,
        largest: i32,
    },
}

impl Narrow {
    fn new(codes: (Format, Subset), channels: &[Channel]) -> Narrow {
        let padded = channels.len().next_multiple_of(LANES);
        let by_channel = |value: &dyn Fn(&Channel) -> i32| {
            let mut values: Vec<i32> = channels.iter().map(value).collect();
            values.resize(padded, 0);
            values
        };
        let left = |channel: &Channel| (-channel.align).clamp(0, 18);
        Narrow {
            offset: by_channel(&|channel| channel.offset as i32),
            // By 32 and more, what is left is the sign, which rounding takes away: 31 does the same.
            right: by_channel(&|channel| channel.align.clamp(0, 31)),
            before: by_channel(&|channel| (channel.align - 1).clamp(0, 31)),
            rounds: by_channel(&|channel| i32::from(channel.align > 0)),
            left: by_channel(&left),
            // 2^17 and more: no word of the stream brings that back into range.
            limit: by_channel(&|channel| match left(channel) {
                0 => i32::MAX,
                left => 1 << (17 - left).max(0),
            }),
            floor: by_channel(&|channel| channel.floor),
            mean: by_channel(&|channel| channel.quantizer.mean as i32),
            negate: by_channel(&|channel| -i32::from(channel.quantizer.negate)),
            coding: Coding::new(codes, channels, padded),
        }
    }
}

impl Coding {
    fn new((format, subset): (Format, Subset), channels: &[Channel], padded: usize) -> Coding {
        if format.is_integer() {
            let mut multiplier: Vec<u32> = channels.iter().map(|c| c.quantizer.thetas[0]).collect();
            let shift = channels.iter().map(|c| c.quantizer.exponent.clamp(0, 126));
            let mut shift: Vec<u32> = shift.map(i32::unsigned_abs).collect();
            multiplier.resize(padded, 0);
            shift.resize(padded, 0);
            let largest = format.magnitudes().cast_signed();
            return Coding::Uniform {
                multiplier,
                shift,
                largest,
            };
        }
        let mut cuts = vec![vec![0; padded]; Cuts::count(format)];
        for (at, channel) in channels.iter().enumerate() {
            for (cuts, cut) in cuts
                .iter_mut()
                .zip(Cuts::of(format, subset, &channel.quantizer).0)
            {
                // No difference is larger than i32::MAX, so none is larger than a cut beyond it.
                cuts[at] = i32::try_from(cut - 1).unwrap_or(i32::MAX);
            }
        }
        let sign = match format.is_signed() {
            true => 1 << (format.code_bits() - 1),
            false => 0,
        };
        Coding::Log { cuts, sign }
    }
}

/// Sixteen values, one a channel.
type Lanes = [i32; LANES];

/// The constants of sixteen channels.
#[inline(always)]
fn lanes<T>(values: &[T], first: usize) -> &[T; LANES] {
    values[first..]
        .first_chunk()
        .expect("filled up to whole vectors")
}

/// The first `used` of sixteen values, the others 0.
#[inline(always)]
fn load<T: Copy + Default>(values: &[T], used: usize) -> [T; LANES] {
    match values.first_chunk() {
        Some(all) if used == LANES => *all,
        _ => {
            let mut some = [T::default(); LANES];
            some[..used].copy_from_slice(&values[..used]);
            some
        }
    }
}

/// Stores the first `used` of sixteen values.
#[inline(always)]
fn store<T: Copy>(values: &mut [T], used: usize, new: &[T; LANES]) {
    match values.first_chunk_mut() {
        Some(all) if used == LANES => *all = *new,
        _ => values[..used].copy_from_slice(&new[..used]),
    }
}

#[inline(always)]
fn narrow_tile(finish: &Finish, narrow: &Narrow, tile: &Tile, sums: &[i32], outputs: &mut Outputs) {
    let all = finish.channels.len();
    for row in 0..tile.rows {
        let place = (tile.position + row - outputs.position) * all + tile.column;
        for first in (0..tile.columns).step_by(LANES) {
            let (channel, place) = (tile.column + first, place + first);
            let used = LANES.min(tile.columns - first);
            let mut values = load(&sums[row * tile.stride + first..], used);
            let offset = lanes(&narrow.offset, channel);
            for (value, offset) in values.iter_mut().zip(offset) {
                *value -= offset;
            }
            if let Some(residual) = finish.residual {
                let base = match outputs.base.get(place..) {
                    Some(base) if !outputs.base.is_empty() => load(base, used),
                    _ => [0; LANES],
                };
                outputs.saturations += stream(narrow, residual, channel, &base, &mut values);
                let words = values.map(|value| value as i16);
                store(&mut outputs.stream[place..], used, &words);
            }
            if !outputs.codes.is_empty() {
                let codes = code(narrow, channel, &values);
                store(&mut outputs.codes[place..], used, &codes);
            }
        }
    }
}

/// Makes words of the stream of differences, and counts those that saturated.
#[inline(always)]
fn stream(
    narrow: &Narrow,
    residual: ResidualUse,
    channel: usize,
    base: &[i16; LANES],
    values: &mut Lanes,
) -> u64 {
    let right = lanes(&narrow.right, channel);
    let before = lanes(&narrow.before, channel);
    let rounds = lanes(&narrow.rounds, channel);
    let left = lanes(&narrow.left, channel);
    let limit = lanes(&narrow.limit, channel);
    let floor = lanes(&narrow.floor, channel);
    let (least, most) = residual.range();
    let mut saturated = [0i32; LANES];
    for i in 0..LANES {
        let value = values[i].min(limit[i]).max(-limit[i]) << (left[i] & 31);
        let half = (value >> (before[i] & 31)) & rounds[i];
        let sum = i32::from(base[i]) + (value >> (right[i] & 31)) + half;
        let kept = sum.clamp(least, most);
        saturated[i] = i32::from(kept != sum);
        values[i] = kept;
    }
    if residual.clamp {
        for (value, &floor) in values.iter_mut().zip(floor) {
            *value = (*value).max(floor);
        }
    }
    let saturated: i32 = saturated.iter().sum();
    u64::from(saturated.unsigned_abs())
}

/// The codes of differences or words of the stream.
#[inline(always)]
fn code(narrow: &Narrow, channel: usize, values: &Lanes) -> [u8; LANES] {
    let mean = lanes(&narrow.mean, channel);
    let negate = lanes(&narrow.negate, channel);
    let mut d = [0; LANES];
    for i in 0..LANES {
        d[i] = values[i] - mean[i];
    }
    let mut codes = [0u8; LANES];
    match &narrow.coding {
        Coding::Log { cuts, sign } => {
            let mut index = [0i32; LANES];
            let mut magnitude = [0i32; LANES];
            for i in 0..LANES {
                let negative = if *sign == 0 { negate[i] } else { d[i] >> 31 };
                magnitude[i] = (d[i] ^ negative) - negative;
            }
            for cuts in cuts {
                let cuts = lanes(cuts, channel);
                for i in 0..LANES {
                    index[i] += i32::from(magnitude[i] > cuts[i]);
                }
            }
            for i in 0..LANES {
                codes[i] = (index[i] | ((d[i] >> 31) & sign)) as u8;
            }
        }
        Coding::Uniform {
            multiplier,
            shift,
            largest,
        } => {
            let largest = u64::from(largest.unsigned_abs());
            let (multiplier, shift) = (lanes(multiplier, channel), lanes(shift, channel));
            for i in 0..LANES {
                let d = (d[i] ^ negate[i]) - negate[i];
                codes[i] = uniform(d, multiplier[i], shift[i], largest);
            }
        }
    }
    codes
}

/// As [`cromulent_number::UniformQuantizer::encode`], of a difference that fits 32 bits.
#[inline(always)]
fn uniform(difference: i32, multiplier: u32, shift: u32, largest: u64) -> u8 {
    // Below 2^63; what is shifted by more than 63 is less than half.
    let scaled = u64::from(difference.max(0).unsigned_abs()) * u64::from(multiplier);
    if shift > 63 {
        return 0;
    }
    let half = (1u64 << shift) >> 1;
    ((scaled + half) >> shift).min(largest) as u8
}
