//! The text of a library, from a plain file or a gzip.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::Error;

/// Bytes of text at most: many times the largest library in common use, and what a small machine can hold.
const LONGEST: u64 = 512 << 20;

/// A gzip begins with these.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The text of a library.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file it came from.
    pub file: PathBuf,
    /// The text, unpacked.
    pub text: String,
}

impl Source {
    /// Reads a file, plain or gzip whatever its name.
    ///
    /// # Errors
    /// Bad input: it cannot be read or unpacked, is too long, or is no text.
    pub fn load(file: &Path) -> Result<Source, Error> {
        Source::load_up_to(file, LONGEST)
    }

    /// [`Source::load`] with another limit.
    pub(super) fn load_up_to(file: &Path, longest: u64) -> Result<Source, Error> {
        let packed = File::open(file).map_err(|error| Error::io("be read", file, &error))?;
        let mut begin = vec![];
        let mut rest = packed;
        let read = (&mut rest).take(2).read_to_end(&mut begin);
        read.map_err(|error| Error::io("be read", file, &error))?;
        let is_gzip = begin == GZIP;
        let whole = begin.as_slice().chain(rest);
        let bytes = match is_gzip {
            true => limited(file, MultiGzDecoder::new(whole), longest, "once unpacked"),
            false => limited(file, whole, longest, "long"),
        }?;
        let text = String::from_utf8(bytes).or_else(|error| {
            let bytes = error.into_bytes();
            match bytes.contains(&0) {
                // Names and numbers are ASCII; a comment may be Latin-1.
                false => Ok(bytes.into_iter().map(char::from).collect()),
                true => Err(Error::bad_input(
                    file.display(),
                    "is no text",
                    "give a Liberty file (*.lib, or *.lib.gz)",
                )),
            }
        })?;
        Ok(Source {
            file: file.to_owned(),
            text,
        })
    }

    /// The SHA-256 of the text.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }
}

/// All bytes of a stream, unless there are too many.
fn limited(file: &Path, stream: impl Read, longest: u64, how: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![];
    let read = stream.take(longest + 1).read_to_end(&mut bytes);
    read.map_err(|error| {
        let what = format!("cannot be unpacked: {error}");
        Error::bad_input(file.display(), what, "give a whole file")
    })?;
    if bytes.len() as u64 > longest {
        let what = format!("is more than {} MiB {how}", longest >> 20);
        let fix = "give a library of one corner, without waveforms";
        return Err(Error::bad_input(file.display(), what, fix));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(vec![], Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_packed_are_the_same_text() {
        let plain = Source::load(file(b"library(a) {}").path()).unwrap();
        let gzip = Source::load(file(&packed(b"library(a) {}")).path()).unwrap();
        assert_eq!(plain.text, "library(a) {}");
        assert_eq!(plain.text, gzip.text);
        assert_eq!(plain.digest(), gzip.digest());
        assert_eq!(Source::load(file(b"").path()).unwrap().text, "");
    }

    #[test]
    fn a_gzip_that_unpacks_to_too_much_is_refused_and_not_unpacked() {
        // Three megabytes of zeros take three kilobytes.
        let bomb = packed(&vec![0; 3 << 20]);
        assert!(bomb.len() < 20_000);
        let error = Source::load_up_to(file(&bomb).path(), 1 << 20).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(
            error
                .to_string()
                .contains("is more than 1 MiB once unpacked"),
            "{error}"
        );
        assert!(Source::load_up_to(file(&vec![b' '; 2 << 20]).path(), 1 << 20).is_err());
    }

    #[test]
    fn what_is_cut_off_or_no_text_is_refused() {
        let whole = packed(&vec![b'x'; 100_000]);
        let error = Source::load(file(&whole[..whole.len() - 9]).path()).unwrap_err();
        assert!(error.to_string().contains("cannot be unpacked"), "{error}");
        let error = Source::load(file(&[1, 0, 255, 3]).path()).unwrap_err();
        assert!(error.to_string().contains("is no text"), "{error}");
        assert_eq!(
            Source::load(Path::new("/no/such.lib"))
                .unwrap_err()
                .exit_code(),
            2
        );
    }
}
