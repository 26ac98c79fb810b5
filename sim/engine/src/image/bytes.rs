//! Little-endian numbers, strings and lists in a byte container, with every length checked.

/// Appends to a container.
#[derive(Default)]
pub(super) struct Writer {
    pub bytes: Vec<u8>,
}

impl Writer {
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub fn u64(&mut self, value: u64) {
        self.bytes.extend(value.to_le_bytes());
    }

    pub fn size(&mut self, value: usize) {
        self.u64(value as u64);
    }

    pub fn string(&mut self, text: &str) {
        self.size(text.len());
        self.bytes.extend(text.as_bytes());
    }

    /// The count of items, then each.
    pub fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Writer, &T)) {
        self.size(items.len());
        for one in items {
            item(self, one);
        }
    }

    pub fn words(&mut self, words: &[u64]) {
        self.list(words, |writer, &word| writer.u64(word));
    }

    /// The count of bytes, then the bytes.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.size(bytes.len());
        self.bytes.extend(bytes);
    }

    /// A number that may be missing.
    pub fn option(&mut self, value: Option<usize>) {
        self.u8(value.is_some().into());
        self.size(value.unwrap_or(0));
    }
}

/// What is wrong with a container, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Malformed {
    pub at: usize,
    pub what: &'static str,
}

/// Reads what a [`Writer`] wrote.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    pub fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { at: self.at, what }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(taken) = rest.get(..count) else {
            return Err(self.malformed("ends too early"));
        };
        self.at += count;
        Ok(taken)
    }

    pub fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    pub fn flag(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.malformed("a flag is neither 0 nor 1")),
        }
    }

    pub fn u64(&mut self) -> Result<u64, Malformed> {
        let taken = self.take(8)?;
        let mut bytes = [0; 8];
        bytes.copy_from_slice(taken);
        Ok(u64::from_le_bytes(bytes))
    }

    pub fn size(&mut self) -> Result<usize, Malformed> {
        let value = self.u64()?;
        usize::try_from(value).map_err(|_| self.malformed("a size is too large"))
    }

    /// A place in a memory on chip: small enough that no sum of a few overflows.
    pub fn address(&mut self) -> Result<usize, Malformed> {
        let value = self.size()?;
        if value <= u32::MAX as usize {
            Ok(value)
        } else {
            Err(self.malformed("an address is too large"))
        }
    }

    pub fn string(&mut self) -> Result<String, Malformed> {
        let length = self.size()?;
        let text = std::str::from_utf8(self.take(length)?);
        Ok(text
            .map_err(|_| self.malformed("a text is not UTF-8"))?
            .to_owned())
    }

    /// Reads a list of items that fill at least `least` bytes each, so that a wild count cannot ask for
    /// more memory than the container is long.
    pub fn list<T>(
        &mut self,
        least: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let count = self.size()?;
        let rest = self.bytes.len() - self.at;
        if count > rest / least.max(1) {
            return Err(self.malformed("a list is longer than the file"));
        }
        (0..count).map(|_| item(self)).collect()
    }

    pub fn words(&mut self) -> Result<Vec<u64>, Malformed> {
        self.list(8, Reader::u64)
    }

    pub fn raw(&mut self) -> Result<Vec<u8>, Malformed> {
        let length = self.size()?;
        Ok(self.take(length)?.to_vec())
    }

    pub fn option(&mut self) -> Result<Option<usize>, Malformed> {
        let present = self.flag()?;
        let value = self.size()?;
        Ok(present.then_some(value))
    }

    pub fn end(&self) -> Result<(), Malformed> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(self.malformed("goes on after its end"))
        }
    }
}
