//! Codes in bytes: dense, lowest bit first.

use std::fmt;

use crate::code::low_byte;
use crate::{Code, Format};

/// Why codes could not be packed or bytes not be unpacked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PackError {
    /// A code the format does not have.
    Code {
        /// Which code, counted from 0.
        index: usize,
        /// Its bits.
        code: u8,
        /// The format.
        format: Format,
    },
    /// Not as many bytes as the codes fill.
    Length {
        /// Bytes that `count` codes fill.
        expected: usize,
        /// Bytes given.
        found: usize,
        /// Codes asked for.
        count: usize,
        /// The format.
        format: Format,
    },
    /// The unused bits of the last byte are not zero.
    Padding {
        /// The last byte.
        byte: u8,
    },
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PackError::Code {
                index,
                code,
                format,
            } => {
                let last = format.codes() - 1;
                write!(f, "code {index} is {code}: {format} has codes 0 to {last}")
            }
            PackError::Length {
                expected,
                found,
                count,
                format,
            } => {
                write!(
                    f,
                    "{found} bytes given: {count} codes of {format} fill {expected}"
                )
            }
            PackError::Padding { byte } => {
                write!(
                    f,
                    "the unused bits of the last byte ({byte:#04x}) are not zero"
                )
            }
        }
    }
}

impl std::error::Error for PackError {}

/// Bytes that `count` codes fill: ⌈count·code_bits / 8⌉.
pub fn packed_len(format: Format, count: usize) -> usize {
    let bits = format.code_bits() as usize;
    // By eights first, so that no count overflows.
    (count / 8).saturating_mul(bits) + (count % 8 * bits).div_ceil(8)
}

/// Packs codes into bytes: code i fills bits i·b to (i+1)·b − 1 of a stream whose bit n is bit n mod 8 of
/// byte n / 8 (bit 0 the least significant). The unused bits of the last byte are 0.
///
/// # Errors
/// [`PackError::Code`] if the format does not have one of the codes.
pub fn pack(format: Format, codes: &[Code]) -> Result<Vec<u8>, PackError> {
    let bits = format.code_bits();
    let mut bytes = Vec::with_capacity(packed_len(format, codes.len()));
    let (mut window, mut filled) = (0u32, 0u32);
    for (index, &Code(code)) in codes.iter().enumerate() {
        if u32::from(code) >= format.codes() {
            return Err(PackError::Code {
                index,
                code,
                format,
            });
        }
        window |= u32::from(code) << filled;
        filled += bits;
        while filled >= 8 {
            bytes.push(low_byte(window));
            window >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 {
        bytes.push(low_byte(window));
    }
    Ok(bytes)
}

/// Reads `count` codes from bytes that [`pack`] wrote.
///
/// # Errors
/// [`PackError::Length`] if the bytes are not exactly those the codes fill, [`PackError::Padding`] if the
/// unused bits of the last byte are set, [`PackError::Code`] for an `I8` byte above 127.
pub fn unpack(format: Format, bytes: &[u8], count: usize) -> Result<Vec<Code>, PackError> {
    let (bits, expected) = (format.code_bits(), packed_len(format, count));
    if bytes.len() != expected {
        return Err(PackError::Length {
            expected,
            found: bytes.len(),
            count,
            format,
        });
    }
    let mut codes = Vec::with_capacity(count);
    let (mut window, mut filled) = (0u32, 0u32);
    for &byte in bytes {
        window |= u32::from(byte) << filled;
        filled += 8;
        while filled >= bits && codes.len() < count {
            codes.push(Code(low_byte(window & ((1 << bits) - 1))));
            window >>= bits;
            filled -= bits;
        }
    }
    if window != 0 {
        return Err(PackError::Padding {
            byte: bytes.last().copied().unwrap_or(0),
        });
    }
    match codes
        .iter()
        .position(|code| u32::from(code.0) >= format.codes())
    {
        Some(index) => Err(PackError::Code {
            index,
            code: codes[index].0,
            format,
        }),
        None => Ok(codes),
    }
}
