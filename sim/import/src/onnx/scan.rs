//! A look at a file before it is decoded: decoding takes far more memory than the file for some contents, so what a
//! network cannot have is refused first.

/// Most nodes, attributes, values and names that a network may have.
const MOST: usize = 200_000;

/// Field numbers on the way from a file to what is counted: each message with the fields that hold messages of it.
const MODEL: [(u64, Inside); 2] = [(7, Inside::Graph), (8, Inside::Nothing)];

/// What a field holds, as far as it is looked into.
#[derive(Clone, Copy)]
enum Inside {
    Graph,
    Node,
    Attribute,
    Tensor,
    Nothing,
}

impl Inside {
    /// The fields that repeat or nest.
    fn fields(self) -> &'static [(u64, Inside)] {
        match self {
            Inside::Graph => &[
                (1, Inside::Node),
                (5, Inside::Tensor),
                (11, Inside::Nothing),
                (12, Inside::Nothing),
            ],
            Inside::Node => &[
                (1, Inside::Nothing),
                (2, Inside::Nothing),
                (5, Inside::Attribute),
            ],
            Inside::Attribute => &[(5, Inside::Tensor)],
            Inside::Tensor => &[(13, Inside::Nothing)],
            Inside::Nothing => &[],
        }
    }
}

/// Refuses what is no protobuf, ends too early, or has more parts than any network.
pub(super) fn model(bytes: &[u8]) -> Result<(), String> {
    let mut left = MOST;
    message(bytes, &MODEL, &mut left)
}

fn message(mut bytes: &[u8], fields: &[(u64, Inside)], left: &mut usize) -> Result<(), String> {
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let skipped = match key & 7 {
            0 => {
                varint(&mut bytes)?;
                continue;
            }
            1 => 8,
            2 => varint(&mut bytes)?,
            5 => 4,
            kind => {
                return Err(format!(
                    "is no ONNX file (a field of the unknown kind {kind})"
                ));
            }
        };
        let length = usize::try_from(skipped)
            .ok()
            .filter(|&length| length <= bytes.len());
        let Some(length) = length else {
            return Err(format!(
                "is truncated or no ONNX file ({skipped} bytes of a field, of {} left)",
                bytes.len()
            ));
        };
        let (field, rest) = bytes.split_at(length);
        bytes = rest;
        if let Some((_, inside)) = fields
            .iter()
            .find(|(number, _)| *number == key >> 3 && key & 7 == 2)
        {
            *left = left
                .checked_sub(1)
                .ok_or(format!("has more than {MOST} parts"))?;
            if !inside.fields().is_empty() {
                message(field, inside.fields(), left)?;
            }
        }
    }
    Ok(())
}

/// A number of 7 bits a byte, lowest first.
fn varint(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes
            .split_first()
            .ok_or("is truncated or no ONNX file (it ends within a number)")?;
        *bytes = rest;
        value |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Ok(value);
        }
    }
    Err("is no ONNX file (a number of more than 64 bits)".into())
}
