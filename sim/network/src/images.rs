//! Images and labels from files: IDX and CIFAR-10's binary layout, either plain or gzip, or a folder of PNG and JPEG.

mod folder;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::problem::{Problem, Problems};
use crate::shape::{MAX_SIZE, MAX_VALUES};

/// One image of 8-bit pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Channels, 1 for grey.
    pub channels: usize,
    /// Rows, in pixels.
    pub height: usize,
    /// Columns, in pixels.
    pub width: usize,
    /// Row by row, channel fastest: `pixels[(y·width + x)·channels + c]`.
    pub pixels: Vec<u8>,
}

/// An image and, where the file tells, the class it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The image.
    pub image: Image,
    /// Its class, counted from 0.
    pub label: Option<u8>,
}

/// How images lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The format of MNIST: bytes with three indices (image, row, column), or for colour four
    /// (image, row, column, channel). Labels are in a file of their own, with one index.
    Idx,
    /// CIFAR-10's binary version: records of a label and 3 × 32 × 32 pixels, channel slowest.
    Cifar10,
    /// A folder of PNG and JPEG files, a subfolder a class, or beside a file that names the class of each.
    Folder,
}

impl Layout {
    /// The layout of that name: `idx`, `cifar10` or `folder`.
    pub fn from_name(name: &str) -> Option<Layout> {
        match name {
            "idx" => Some(Layout::Idx),
            "cifar10" => Some(Layout::Cifar10),
            "folder" => Some(Layout::Folder),
            _ => None,
        }
    }
}

/// Channels, rows and columns of a CIFAR-10 image.
const CIFAR: [usize; 3] = [3, 32, 32];

/// Bytes of a CIFAR-10 record: the label and the pixels.
const CIFAR_RECORD: usize = 1 + CIFAR[0] * CIFAR[1] * CIFAR[2];

/// Reads the first `count` images of a file (all if it has fewer), with their labels. Without a
/// `layout` it is recognised by content.
///
/// # Errors
/// Files that cannot be read, are of no known layout, or whose sizes do not add up.
pub fn read(
    images: &Path,
    labels: Option<&Path>,
    layout: Option<Layout>,
    count: usize,
) -> Result<Vec<Example>, Problems> {
    read_as(images, labels, layout, None, count)
}

/// The same; images of a folder have to be of this shape, channels, height and width.
pub(crate) fn read_as(
    images: &Path,
    labels: Option<&Path>,
    layout: Option<Layout>,
    shape: Option<[usize; 3]>,
    count: usize,
) -> Result<Vec<Example>, Problems> {
    if layout == Some(Layout::Folder) || (layout.is_none() && images.is_dir()) {
        return folder::read(images, labels, shape, count);
    }
    let mut stream = Stream::open(images)?;
    let looks_idx = stream.head.starts_with(&[0, 0]) && (1..=4).contains(&stream.magic_indices());
    match layout.unwrap_or(if looks_idx {
        Layout::Idx
    } else {
        Layout::Cifar10
    }) {
        Layout::Cifar10 if labels.is_some() => {
            let fix = "leave the labels out";
            Err(stream
                .problem("is in CIFAR-10's layout and holds its own labels", fix)
                .into())
        }
        Layout::Cifar10 => Ok(read_cifar(stream, count)?),
        Layout::Idx | Layout::Folder => {
            let idx = read_idx_images(&mut stream, count)?;
            let labels = match labels {
                Some(path) => Some(read_idx_labels(path, idx.total, count)?),
                None => None,
            };
            Ok(idx.examples(labels))
        }
    }
}

/// A file being read, unpacked if it is gzip.
struct Stream {
    name: String,
    /// The first four bytes, also still to be read.
    head: Vec<u8>,
    reader: Box<dyn Read>,
}

impl Stream {
    fn open(path: &Path) -> Result<Stream, Problem> {
        let name = path.display().to_string();
        let (head, reader) = open(path).map_err(|error| {
            Problem::new(
                &name,
                format!("cannot be read ({error})"),
                "give a file of images",
            )
        })?;
        Ok(Stream {
            name,
            reader: Box::new(io::Cursor::new(head.clone()).chain(reader)),
            head,
        })
    }

    /// How many indices an IDX file of this head has.
    fn magic_indices(&self) -> u8 {
        self.head.get(3).copied().unwrap_or(0)
    }

    /// Reads up to `length` bytes; fewer at the end of the file. Memory grows with what is there.
    fn take(&mut self, length: u64) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        let read = (&mut self.reader).take(length).read_to_end(&mut bytes);
        read.map_err(|error| self.broken(&error))?;
        Ok(bytes)
    }

    /// Reads on, keeping nothing, to the end or `limit` bytes.
    fn skip(&mut self, limit: u64) -> Result<u64, Problem> {
        let copied = io::copy(&mut (&mut self.reader).take(limit), &mut io::sink());
        copied.map_err(|error| self.broken(&error))
    }

    fn broken(&self, error: &io::Error) -> Problem {
        self.problem(
            format!("cannot be read to its end ({error})"),
            "give the whole file",
        )
    }

    fn problem(&self, what: impl Into<String>, fix: impl Into<String>) -> Problem {
        Problem::new(&self.name, what, fix)
    }
}

fn open(path: &Path) -> io::Result<(Vec<u8>, Box<dyn Read>)> {
    let mut file = File::open(path)?;
    let mut magic = Vec::new();
    (&mut file).take(2).read_to_end(&mut magic)?;
    file.rewind()?;
    let file = BufReader::new(file);
    let mut reader: Box<dyn Read> = if magic == [0x1f, 0x8b] {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut head = Vec::new();
    (&mut reader).take(4).read_to_end(&mut head)?;
    Ok((head, reader))
}

/// The images of an IDX file.
struct IdxImages {
    /// Channels, height, width.
    shape: [usize; 3],
    /// As many as were asked for, one after the other.
    pixels: Vec<u8>,
    /// How many images the file has.
    total: usize,
}

impl IdxImages {
    fn examples(self, labels: Option<Vec<u8>>) -> Vec<Example> {
        let [channels, height, width] = self.shape;
        let images = self.pixels.chunks(channels * height * width);
        let label = |i| {
            labels
                .as_ref()
                .and_then(|labels: &Vec<u8>| labels.get(i).copied())
        };
        images
            .map(|pixels| Image {
                channels,
                height,
                width,
                pixels: pixels.to_vec(),
            })
            .enumerate()
            .map(|(i, image)| Example {
                image,
                label: label(i),
            })
            .collect()
    }
}

fn read_idx_images(stream: &mut Stream, count: usize) -> Result<IdxImages, Problem> {
    let extents = read_idx_header(stream, &[3, 4], "images")?;
    let shape = match extents[1..] {
        [height, width] => [1, height, width],
        [height, width, channels] => [channels, height, width],
        _ => [0; 3],
    };
    let too_large = shape.iter().any(|extent| !(1..=MAX_SIZE).contains(extent));
    let size = shape
        .iter()
        .try_fold(1usize, |n, &extent| n.checked_mul(extent));
    let Some(size) = size.filter(|&size| size <= MAX_VALUES && !too_large) else {
        let what = format!("announces images of extents {:?}", &extents[1..]);
        return Err(stream.problem(what, format!("extents are from 1 to {MAX_SIZE}")));
    };
    let pixels = read_items(stream, &extents, size, count)?;
    Ok(IdxImages {
        shape,
        pixels,
        total: extents[0],
    })
}

fn read_idx_labels(path: &Path, images: usize, count: usize) -> Result<Vec<u8>, Problem> {
    let mut stream = Stream::open(path)?;
    let extents = read_idx_header(&mut stream, &[1], "labels")?;
    if extents[0] != images {
        let what = format!("has {} labels for {images} images", extents[0]);
        return Err(stream.problem(what, "give the labels that belong to the images"));
    }
    read_items(&mut stream, &extents, 1, count)
}

/// The extents an IDX file announces, which must be as many as one of `indices`.
fn read_idx_header(
    stream: &mut Stream,
    indices: &[u8],
    content: &str,
) -> Result<Vec<usize>, Problem> {
    let magic = stream.take(4)?;
    let right = magic.len() == 4 && magic[..3] == [0, 0, 8] && indices.contains(&magic[3]);
    if !right {
        let magics: Vec<String> = indices.iter().map(|n| format!("00 00 08 0{n}")).collect();
        let begins: Vec<String> = magic.iter().map(|byte| format!("{byte:02x}")).collect();
        let what = format!("begins {}, not as IDX {content}", begins.join(" "));
        return Err(stream.problem(what, format!("IDX {content} begin {}", magics.join(" or "))));
    }
    let bytes = stream.take(4 * u64::from(magic[3]))?;
    if bytes.len() != 4 * usize::from(magic[3]) {
        return Err(stream.problem("ends within its header", "give the whole file"));
    }
    Ok(bytes
        .as_chunks()
        .0
        .iter()
        .map(|&extent| u32::from_be_bytes(extent) as usize)
        .collect())
}

/// The first `count` items of `size` bytes, and a check that the file has exactly all of them.
fn read_items(
    stream: &mut Stream,
    extents: &[usize],
    size: usize,
    count: usize,
) -> Result<Vec<u8>, Problem> {
    let expected = extents[0] as u64 * size as u64;
    let wanted = (count as u64).saturating_mul(size as u64).min(expected);
    let bytes = stream.take(wanted)?;
    // One more byte than expected is enough to know that the file is too long.
    let found = bytes.len() as u64 + stream.skip(expected - bytes.len() as u64 + 1)?;
    if found == expected {
        return Ok(bytes);
    }
    let extents: Vec<String> = extents.iter().map(usize::to_string).collect();
    let excess = if found > expected { "more than " } else { "" };
    let what = format!(
        "announces {} = {expected} bytes and has {excess}{}",
        extents.join(" × "),
        found.min(expected)
    );
    Err(stream.problem(what, "give the whole file, and nothing after it"))
}

fn read_cifar(mut stream: Stream, count: usize) -> Result<Vec<Example>, Problem> {
    let bytes = stream.take((count as u64).saturating_mul(CIFAR_RECORD as u64))?;
    let total = bytes.len() as u64 + stream.skip(u64::MAX)?;
    if total == 0 || !total.is_multiple_of(CIFAR_RECORD as u64) {
        let fix = format!(
            "IDX images begin 00 00 08 03 or 00 00 08 04; CIFAR-10's binary layout has \
             {CIFAR_RECORD} bytes an image"
        );
        return Err(stream.problem(format!("is of no known layout ({total} bytes)"), fix));
    }
    let (records, _) = bytes.as_chunks::<CIFAR_RECORD>();
    if let Some(i) = records.iter().position(|record| record[0] > 9) {
        let what = format!("image {i} has label {} in CIFAR-10's layout", records[i][0]);
        return Err(stream.problem(what, "labels are from 0 to 9: is it another kind of file?"));
    }
    Ok(records.iter().map(cifar_example).collect())
}

fn cifar_example(record: &[u8; CIFAR_RECORD]) -> Example {
    let [channels, height, width] = CIFAR;
    let plane = height * width;
    let pixel = |i: usize| record[1 + i % channels * plane + i / channels];
    let pixels = (0..channels * plane).map(pixel).collect();
    Example {
        image: Image {
            channels,
            height,
            width,
            pixels,
        },
        label: Some(record[0]),
    }
}
