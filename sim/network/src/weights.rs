//! Weights from a safetensors file: eight bytes of header length, a JSON header, raw values.
//!
//! Only the tensors a network asks for are read, and nothing is allocated on the word of the
//! header alone: every length is first held against the file's own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde_json::Value;

use crate::graph::Tensor;
use crate::problem::{Problem, Problems};
use crate::shape::MAX_VALUES;

/// Longest header read, in bytes; that of a network of 1,000 layers is a hundred times shorter.
const MAX_HEADER: u64 = 16 << 20;

/// An open weights file.
pub(crate) struct Weights {
    file: File,
    name: String,
    entries: BTreeMap<String, Entry>,
}

/// Where a tensor lies.
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    /// From the start of the file, in bytes.
    start: u64,
}

impl Weights {
    /// Opens the file and reads its header.
    ///
    /// # Errors
    /// A file that cannot be read, is no safetensors, or whose tensors reach beyond its end.
    pub(crate) fn open(path: &Path) -> Result<Weights, Problems> {
        let name = path.display().to_string();
        let unreadable = |error: std::io::Error| {
            let fix = "give a readable safetensors file as `weights`";
            Problem::new(&name, format!("cannot be read ({error})"), fix)
        };
        let mut file = File::open(path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let mut prefix = Vec::new();
        (&mut file)
            .take(8)
            .read_to_end(&mut prefix)
            .map_err(unreadable)?;
        let header_length =
            header_length(&prefix, length).map_err(|(what, fix)| Problem::new(&name, what, fix))?;
        let mut header = Vec::new();
        (&mut file)
            .take(header_length)
            .read_to_end(&mut header)
            .map_err(unreadable)?;
        let entries = read_header(&name, &header, length - 8 - header_length)?;
        Ok(Weights {
            file,
            name,
            entries,
        })
    }

    /// The file's name, for messages.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the file has a tensor of that name.
    pub(crate) fn has(&self, tensor: &str) -> bool {
        self.entries.contains_key(tensor)
    }

    /// Reads one tensor. `expected` gives its extents, `None` for any.
    ///
    /// # Errors
    /// A tensor that is missing, not single precision, of another shape, or not all finite.
    pub(crate) fn read(
        &mut self,
        tensor: &str,
        expected: &[Option<usize>],
    ) -> Result<Tensor, Problem> {
        let place = format!("{}: tensor `{tensor}`", self.name);
        let wrong = |what: String, fix: String| Err(Problem::new(&place, what, fix));
        let Some(entry) = self.entries.get(tensor) else {
            return wrong("is missing".into(), similar(&self.entries, tensor));
        };
        if entry.dtype != "F32" {
            return wrong(
                format!("is of type {}", entry.dtype),
                "store it as F32".into(),
            );
        }
        let shape = entry.shape.clone();
        let fits = |(extent, want): (&usize, &Option<usize>)| want.is_none_or(|w| w == *extent);
        if shape.len() != expected.len() || !shape.iter().zip(expected).all(fits) {
            let expected: Vec<String> = expected
                .iter()
                .map(|e| e.map_or("any".into(), |e| e.to_string()))
                .collect();
            let fix = format!("its shape must be [{}]", expected.join(", "));
            return wrong(format!("has shape {shape:?}"), fix);
        }
        let count: usize = shape.iter().product();
        if count == 0 || count > MAX_VALUES {
            return wrong(
                format!("has {count} values"),
                format!("give 1 to {MAX_VALUES}"),
            );
        }
        let values = match read_values(&mut self.file, entry.start, count) {
            Ok(values) => values,
            Err(error) => return wrong(format!("cannot be read ({error})"), "copy it anew".into()),
        };
        let bad = values.iter().filter(|value| !value.is_finite()).count();
        if let Some(i) = values.iter().position(|value| !value.is_finite()) {
            let what = format!("value {i} is {} ({bad} of {count} not finite)", values[i]);
            return wrong(what, "every value must be a finite number".into());
        }
        Ok(Tensor { shape, values })
    }
}

/// All tensors of a safetensors file that are of single precision, by name; others are left out.
///
/// # Errors
/// A file that cannot be read or is no safetensors, tensors with values that are not finite.
pub fn safetensors(path: &Path) -> Result<BTreeMap<String, Tensor>, Problems> {
    let mut file = Weights::open(path)?;
    let floats = file
        .entries
        .iter()
        .filter(|(_, entry)| entry.dtype == "F32");
    let ranks: Vec<(String, usize)> = floats
        .map(|(name, entry)| (name.clone(), entry.shape.len()))
        .collect();
    let mut problems = Problems::default();
    let mut tensors = BTreeMap::new();
    for (name, rank) in ranks {
        match file.read(&name, &vec![None; rank]) {
            Ok(tensor) => {
                tensors.insert(name, tensor);
            }
            Err(problem) => problems.0.push(problem),
        }
    }
    problems.or(tensors)
}

/// The header's length, from the file's first bytes.
fn header_length(prefix: &[u8], file_length: u64) -> Result<u64, (String, String)> {
    let Ok(prefix) = <[u8; 8]>::try_from(prefix) else {
        let what = format!("is {file_length} bytes long, too short for a safetensors file");
        return Err((what, "give a whole safetensors file".into()));
    };
    let header = u64::from_le_bytes(prefix);
    if header > MAX_HEADER || header > file_length - 8 {
        let what = format!("announces a header of {header} bytes in a file of {file_length}");
        return Err((
            what,
            "give a whole safetensors file: this one is truncated or none".into(),
        ));
    }
    Ok(header)
}

/// The tensors a header lists; `data` is the number of bytes after it.
fn read_header(name: &str, header: &[u8], data: u64) -> Result<BTreeMap<String, Entry>, Problems> {
    let json: Value = serde_json::from_slice(header).map_err(|error| {
        let what = format!("has a header that is not JSON ({error})");
        Problem::new(name, what, "give a safetensors file")
    })?;
    let Value::Object(object) = json else {
        let what = "has a header that is no JSON object";
        return Err(Problem::new(name, what, "give a safetensors file").into());
    };
    let mut problems = Problems::default();
    let mut entries = BTreeMap::new();
    let mut end_of_last = 0;
    for (tensor, value) in object
        .iter()
        .filter(|(tensor, _)| *tensor != "__metadata__")
    {
        match read_entry(value, data) {
            Ok((mut entry, end)) => {
                entry.start += 8 + header.len() as u64;
                end_of_last = end.max(end_of_last);
                entries.insert(tensor.clone(), entry);
            }
            Err((what, fix)) => problems.add(format!("{name}: tensor `{tensor}`"), what, fix),
        }
    }
    if problems.0.is_empty() && end_of_last != data {
        let what = format!("has {data} bytes of values where its tensors end at {end_of_last}");
        problems.add(name, what, "give a whole safetensors file");
    }
    problems.or(entries)
}

/// One entry of the header, `start` counted from the end of the header, and its end.
fn read_entry(value: &Value, data: u64) -> Result<(Entry, u64), (String, String)> {
    let entry = (|| {
        let dtype = value.get("dtype")?.as_str()?.to_owned();
        let numbers = |key| -> Option<Vec<u64>> {
            value
                .get(key)?
                .as_array()?
                .iter()
                .map(Value::as_u64)
                .collect()
        };
        let [start, end] = numbers("data_offsets")?[..] else {
            return None;
        };
        Some((dtype, numbers("shape")?, start, end))
    })();
    let Some((dtype, shape, start, end)) = entry else {
        let fix = "give `dtype`, `shape` and two `data_offsets`";
        return Err(("has a malformed entry in the header".into(), fix.into()));
    };
    if start > end || end > data {
        let what = format!("lies at bytes {start} to {end} of {data}");
        return Err((
            what,
            "give a whole safetensors file: this one is truncated or wrong".into(),
        ));
    }
    let bytes = shape
        .iter()
        .try_fold(4u64, |n, &extent| n.checked_mul(extent));
    if dtype == "F32" && bytes != Some(end - start) {
        let what = format!("has shape {shape:?} and {} bytes", end - start);
        return Err((what, "four bytes per value of F32".into()));
    }
    let Ok(shape) = shape
        .into_iter()
        .map(usize::try_from)
        .collect::<Result<Vec<_>, _>>()
    else {
        return Err((
            "has an extent beyond this machine".into(),
            "give a smaller tensor".into(),
        ));
    };
    Ok((
        Entry {
            dtype,
            shape,
            start,
        },
        end,
    ))
}

fn read_values(file: &mut File, start: u64, count: usize) -> std::io::Result<Vec<f32>> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(4 * count as u64).read_to_end(&mut bytes)?;
    if bytes.len() != 4 * count {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes
        .as_chunks()
        .0
        .iter()
        .map(|&value| f32::from_le_bytes(value))
        .collect())
}

/// What to write instead of a tensor name the file lacks: those it has with the same prefix.
fn similar(entries: &BTreeMap<String, Entry>, tensor: &str) -> String {
    let prefix = tensor.rsplit_once('.').map_or(tensor, |(prefix, _)| prefix);
    let of_prefix: Vec<&str> = entries
        .keys()
        .filter(|name| name.rsplit_once('.').is_some_and(|(p, _)| p == prefix))
        .map(String::as_str)
        .collect();
    let listed = |names: &[&str]| names.iter().take(6).copied().collect::<Vec<_>>().join(", ");
    if of_prefix.is_empty() {
        let all: Vec<&str> = entries.keys().map(String::as_str).collect();
        format!(
            "set the node's `tensor`; the file's {} tensors begin {}",
            all.len(),
            listed(&all)
        )
    } else {
        format!("the file has {}", listed(&of_prefix))
    }
}
