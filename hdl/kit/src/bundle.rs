//! Ports that are named at run time.

use crate::net::Net;
use rust_hdl_core::prelude::*;

/// Nets that share a prefix, each under its own name: port `layer` of a block with a net `width` in
/// it becomes `layer_width` in Verilog.
#[derive(Clone, Debug)]
pub struct Bundle<D: Direction> {
    nets: Vec<(String, Net<D>)>,
}

impl<D: Direction> Bundle<D> {
    /// Unsigned nets of the given names and widths.
    pub fn new<'a>(nets: impl IntoIterator<Item = (&'a str, usize)>) -> Self {
        let net = |(name, width): (&str, usize)| (name.to_string(), Net::bits(width));
        Bundle {
            nets: nets.into_iter().map(net).collect(),
        }
    }

    /// The net of this name.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn get(&self, name: &str) -> &Net<D> {
        let found = self.nets.iter().find(|(own, _)| own == name);
        found.map_or_else(|| panic!("no net `{name}` in this bundle"), |(_, net)| net)
    }

    /// All nets, in order.
    pub fn nets(&self) -> impl Iterator<Item = &Net<D>> {
        self.nets.iter().map(|(_, net)| net)
    }
}

impl<D: Direction> Logic for Bundle<D> {
    fn update(&mut self) {}
}

impl<D: Direction> Block for Bundle<D> {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        for (_, net) in &mut self.nets {
            net.update_all();
        }
    }
    fn has_changed(&self) -> bool {
        self.nets.iter().any(|(_, net)| net.has_changed())
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        for (own, net) in &self.nets {
            net.accept(&format!("{name}${own}"), probe);
        }
    }
}

#[cfg(test)]
mod tests;
