//! Constants: tensors whose values are known before the network runs.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

use super::proto;

/// Most values a constant may have: those of the largest tensor a network file holds.
pub(super) const MAX_VALUES: usize = 1 << 28;

/// What is wrong, and what would be right.
pub(super) type Fault = (String, String);

/// A tensor, last index fastest.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Constant {
    pub shape: Vec<usize>,
    pub values: Values,
}

/// The values of a constant. Floating-point types are read as single precision, integers and truth values as 64 bits.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Values {
    Floats(Vec<f32>),
    Integers(Vec<i64>),
}

impl Values {
    pub fn len(&self) -> usize {
        match self {
            Values::Floats(values) => values.len(),
            Values::Integers(values) => values.len(),
        }
    }
}

impl Constant {
    /// A vector of integers.
    pub fn integers(values: Vec<i64>) -> Constant {
        Constant {
            shape: vec![values.len()],
            values: Values::Integers(values),
        }
    }

    /// A vector of floats.
    pub fn floats(values: Vec<f32>) -> Constant {
        Constant {
            shape: vec![values.len()],
            values: Values::Floats(values),
        }
    }

    /// Its values, if it is of integers.
    pub fn as_integers(&self) -> Option<&[i64]> {
        match &self.values {
            Values::Integers(values) => Some(values),
            Values::Floats(_) => None,
        }
    }

    /// Its values, if it is of floats.
    pub fn as_floats(&self) -> Option<&[f32]> {
        match &self.values {
            Values::Floats(values) => Some(values),
            Values::Integers(_) => None,
        }
    }

    /// A tensor of the file; `folder` is where values in other files lie.
    ///
    /// # Errors
    /// A type that no network has, or values that do not add up to the shape.
    pub fn read(tensor: &proto::Tensor, folder: &Path) -> Result<Constant, Fault> {
        let extent = |&extent: &i64| usize::try_from(extent).ok();
        let shape: Option<Vec<usize>> = tensor.dims.iter().map(extent).collect();
        let count = shape.as_deref().and_then(count);
        let (Some(shape), Some(count)) = (shape, count) else {
            let what = format!("has the extents {:?}", tensor.dims);
            return Err((what, format!("give at most {MAX_VALUES} values")));
        };
        let values = read_values(tensor, count, folder)?;
        if values.len() != count {
            let what = format!("has {} values for the extents {shape:?}", values.len());
            return Err((
                what,
                "give a whole file: this one is truncated or wrong".into(),
            ));
        }
        Ok(Constant { shape, values })
    }
}

/// How many values a tensor of these extents has; `None` if that is too many.
pub(super) fn count(shape: &[usize]) -> Option<usize> {
    let product = shape
        .iter()
        .try_fold(1usize, |n, &extent| n.checked_mul(extent));
    product.filter(|&count| count <= MAX_VALUES)
}

/// ONNX's numbers of types.
mod types {
    pub const FLOAT: i32 = 1;
    pub const UINT8: i32 = 2;
    pub const INT8: i32 = 3;
    pub const INT32: i32 = 6;
    pub const INT64: i32 = 7;
    pub const BOOL: i32 = 9;
    pub const FLOAT16: i32 = 10;
    pub const DOUBLE: i32 = 11;
    pub const BFLOAT16: i32 = 16;
}

/// Whether a type, by ONNX's number, is of floats; `None` for those that are neither floats nor integers.
pub(super) fn is_float(kind: i64) -> Option<bool> {
    use types::*;
    match i32::try_from(kind).ok()? {
        FLOAT | FLOAT16 | DOUBLE | BFLOAT16 => Some(true),
        UINT8 | INT8 | INT32 | INT64 | BOOL => Some(false),
        _ => None,
    }
}

fn read_values(tensor: &proto::Tensor, count: usize, folder: &Path) -> Result<Values, Fault> {
    use types::*;
    let external;
    let raw = if tensor.location == 1 {
        external = read_external(tensor, count, folder)?;
        &external
    } else {
        &tensor.raw
    };
    let listed = raw.is_empty();
    Ok(match tensor.data_type {
        FLOAT if listed => Values::Floats(tensor.floats.clone()),
        FLOAT => Values::Floats(each(raw, f32::from_le_bytes)),
        DOUBLE if listed => Values::Floats(tensor.doubles.iter().map(|&x| x as f32).collect()),
        DOUBLE => Values::Floats(each(raw, |bytes| f64::from_le_bytes(bytes) as f32)),
        FLOAT16 if listed => {
            Values::Floats(tensor.int32s.iter().map(|&x| half(x as u16)).collect())
        }
        FLOAT16 => Values::Floats(each(raw, |bytes| half(u16::from_le_bytes(bytes)))),
        BFLOAT16 if listed => {
            Values::Floats(tensor.int32s.iter().map(|&x| brain(x as u16)).collect())
        }
        BFLOAT16 => Values::Floats(each(raw, |bytes| brain(u16::from_le_bytes(bytes)))),
        INT64 if listed => Values::Integers(tensor.int64s.clone()),
        INT64 => Values::Integers(each(raw, i64::from_le_bytes)),
        INT32 | INT8 | UINT8 | BOOL if listed => {
            Values::Integers(tensor.int32s.iter().map(|&x| x.into()).collect())
        }
        INT32 => Values::Integers(each(raw, |bytes| i32::from_le_bytes(bytes).into())),
        INT8 => Values::Integers(raw.iter().map(|&x| x.cast_signed().into()).collect()),
        UINT8 | BOOL => Values::Integers(raw.iter().map(|&x| x.into()).collect()),
        other => {
            let what = format!("is of ONNX's type number {other}");
            return Err((what, "store it as FLOAT or INT64".into()));
        }
    })
}

/// Values of N bytes each; bytes left over are none.
fn each<const N: usize, T>(bytes: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|&bytes| value(bytes))
        .collect()
}

/// Half precision, IEEE 754.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2f32.powi(exponent - 25),
    }
}

/// The upper half of a single.
fn brain(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// Bytes of a tensor that lie in a file beside the network's.
fn read_external(tensor: &proto::Tensor, count: usize, folder: &Path) -> Result<Vec<u8>, Fault> {
    let entry = |key: &str| tensor.external.iter().find(|entry| entry.key == key);
    let number = |key: &str| entry(key).map_or(Some(0), |entry| entry.value.parse::<u64>().ok());
    let name = entry("location").map_or("", |entry| entry.value.as_str());
    let parts = Path::new(name).components();
    let inside = parts.clone().count() > 0
        && parts
            .clone()
            .all(|part| matches!(part, Component::Normal(_)));
    if !inside {
        let what = format!("lies in `{name}`, outside the network's folder");
        return Err((what, "put all files of a network into one folder".into()));
    }
    let width = match tensor.data_type {
        types::UINT8 | types::INT8 | types::BOOL => 1,
        types::FLOAT16 | types::BFLOAT16 => 2,
        types::DOUBLE | types::INT64 => 8,
        _ => 4,
    };
    let wanted = count as u64 * width;
    let (Some(start), Some(length)) = (number("offset"), number("length")) else {
        return Err((
            "has an offset or a length that is no number".into(),
            "export it anew".into(),
        ));
    };
    if length != 0 && length != wanted {
        let what = format!("has {length} bytes, and its extents make {wanted}");
        return Err((what, "export it anew".into()));
    }
    let path = folder.join(name);
    let read = || -> std::io::Result<Vec<u8>> {
        // A link could lead outside.
        let whole = path.canonicalize()?;
        let home = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        if !whole.starts_with(home.canonicalize()?) {
            return Err(std::io::Error::other(
                "it leads outside the network's folder",
            ));
        }
        let mut file = File::open(whole)?;
        let held = file.metadata()?.len();
        if start.checked_add(wanted).is_none_or(|end| end > held) {
            let what = format!("bytes {start} and {wanted} more, of {held}");
            return Err(std::io::Error::other(what));
        }
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(wanted).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| {
        let what = format!(
            "lies in `{}`, which cannot be read ({error})",
            path.display()
        );
        (what, "keep the network's files together, and whole".into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_floats_are_widened() {
        let halves = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x0001, 5.960_464_5e-8),
            (0x7bff, 65504.0),
        ];
        for (bits, value) in halves {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
        assert_eq!(brain(0x3fc0), 1.5);
    }

    #[test]
    fn sizes_that_overflow_or_lie_are_refused() {
        let tensor = |dims: &[i64], raw: usize| proto::Tensor {
            dims: dims.to_vec(),
            data_type: 1,
            raw: vec![0; raw],
            ..proto::Tensor::default()
        };
        let read = |tensor: &proto::Tensor| Constant::read(tensor, Path::new(""));
        assert!(read(&tensor(&[2, 2], 16)).is_ok());
        for (dims, raw) in [
            (&[1 << 40, 1 << 40][..], 4),
            (&[-1], 4),
            (&[1 << 29], 4),
            (&[1 << 20], 4),
            (&[2, 2], 15),
            (&[2, 2], 17 + 3),
        ] {
            assert!(read(&tensor(dims, raw)).is_err(), "{dims:?}");
        }
    }

    #[test]
    fn values_outside_the_folder_are_refused() {
        for location in ["/etc/passwd", "../x", "a/../../x", "", "."] {
            let entry = |key: &str, value: &str| proto::Entry {
                key: key.into(),
                value: value.into(),
            };
            let tensor = proto::Tensor {
                dims: vec![1],
                data_type: 1,
                location: 1,
                external: vec![entry("location", location)],
                ..proto::Tensor::default()
            };
            let (what, _) = Constant::read(&tensor, Path::new("nets")).unwrap_err();
            assert!(what.contains("outside the network's folder"), "{what}");
        }
    }
}
