//! A port that some variants of a block have and others lack.

use rust_hdl_core::prelude::*;

/// `Some` behaves as the block or net inside, under the same name; `None` leaves no trace in
/// simulation or in Verilog.
#[derive(Clone, Debug, Default)]
pub struct Optional<T>(Option<T>);

impl<T> Optional<T> {
    /// The part when `present`, made only then.
    pub fn when(present: bool, make: impl FnOnce() -> T) -> Self {
        Optional(present.then(make))
    }

    /// The part, if this variant has it.
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// The part, to be set or changed.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.0.as_mut()
    }

    /// True when this variant has the part.
    pub fn is_present(&self) -> bool {
        self.0.is_some()
    }
}

impl<T: Logic> Logic for Optional<T> {
    fn update(&mut self) {}
}

impl<T: Block> Block for Optional<T> {
    fn connect_all(&mut self) {
        if let Some(part) = &mut self.0 {
            part.connect_all();
        }
    }
    #[inline(always)]
    fn update_all(&mut self) {
        if let Some(part) = &mut self.0 {
            part.update_all();
        }
    }
    #[inline(always)]
    fn has_changed(&self) -> bool {
        self.0.as_ref().is_some_and(Block::has_changed)
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        if let Some(part) = &self.0 {
            part.accept(name, probe);
        }
    }
}

#[cfg(test)]
mod tests;
