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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codes(bits: &[u8]) -> Vec<Code> {
        bits.iter().copied().map(Code).collect()
    }

    #[test]
    fn documented_layouts() {
        let bytes = |format, bits: &[u8]| pack(format, &codes(bits)).unwrap();
        // From the lowest bit up: 01 10 11 00 | 01.
        assert_eq!(
            bytes(Format::L2, &[1, 2, 3, 0, 1]),
            [0b0011_1001, 0b0000_0001]
        );
        // 001 010 011 100: the third code has its top bit in the second byte.
        assert_eq!(bytes(Format::R3, &[1, 2, 3, 4]), [0b1101_0001, 0b0000_1000]);
        assert_eq!(bytes(Format::L4, &[0x1, 0xA, 0xF]), [0xA1, 0x0F]);
        // 00001 10010 11111: the second code has its top two bits in the second byte.
        assert_eq!(
            bytes(Format::L5, &[0x01, 0x12, 0x1F]),
            [0b0100_0001, 0b0111_1110]
        );
        assert_eq!(bytes(Format::I8, &[5, 127]), [5, 127]);
    }

    #[test]
    fn every_code_at_every_phase_round_trips() {
        for format in Format::ALL {
            let all: Vec<Code> = (0..format.codes())
                .map(|bits| Code(low_byte(bits)))
                .collect();
            for skip in 0..8 {
                let codes = &all[skip.min(all.len())..];
                let bytes = pack(format, codes).unwrap();
                assert_eq!(bytes.len(), packed_len(format, codes.len()));
                assert_eq!(
                    unpack(format, &bytes, codes.len()).unwrap(),
                    codes,
                    "{format}"
                );
            }
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let message =
            |result: Result<_, PackError>| result.map(|_: Vec<Code>| ()).unwrap_err().to_string();
        let error = pack(Format::L3, &codes(&[7, 8])).unwrap_err();
        assert_eq!(error.to_string(), "code 1 is 8: L3 has codes 0 to 7");
        let text = message(unpack(Format::L3, &[0], 3));
        assert_eq!(text, "1 bytes given: 3 codes of L3 fill 2");
        let text = message(unpack(Format::L3, &[0, 0, 0], 3));
        assert_eq!(text, "3 bytes given: 3 codes of L3 fill 2");
        let text = message(unpack(Format::L3, &[0, 0x82], 3));
        assert_eq!(text, "the unused bits of the last byte (0x82) are not zero");
        assert_eq!(
            message(unpack(Format::I8, &[3, 128], 2)),
            "code 1 is 128: I8 has codes 0 to 127"
        );
    }

    #[test]
    fn nothing_fills_nothing_and_no_count_overflows() {
        assert_eq!(unpack(Format::L5, &[], 0), Ok(vec![]));
        assert!(unpack(Format::L5, &[0], usize::MAX).is_err());
    }

    proptest! {
        #[test]
        fn any_codes_round_trip_bit_by_bit(
            format in prop::sample::select(&Format::ALL[..]),
            bits in prop::collection::vec(any::<u8>(), 0..70),
        ) {
            let codes: Vec<Code> = bits.iter().map(|&b| Code(low_byte(u32::from(b) % format.codes()))).collect();
            let bytes = pack(format, &codes).unwrap();
            prop_assert_eq!(&unpack(format, &bytes, codes.len()).unwrap(), &codes);
            // The layout as documented, bit by bit.
            let width = format.code_bits() as usize;
            for n in 0..codes.len() * width {
                let stored = bytes[n / 8] >> (n % 8) & 1;
                prop_assert_eq!(stored, codes[n / width].0 >> (n % width) & 1);
            }
        }
    }
}
