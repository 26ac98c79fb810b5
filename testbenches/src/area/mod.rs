//! Area by the synthesis of the command: of the processing element alone, and what the area model is calibrated by.
//!
//! [`designs`] are synthesised, [`bundle`] puts blocks of many into one text, [`runs`] records what came out,
//! [`shapes`] does for single memories, and [`calibrate`] makes a model of it and judges it by designs that were held out.

pub mod bundle;
pub mod calibrate;
pub mod designs;
pub mod runs;
pub mod shapes;

use std::env;
use std::path::Path;
use std::sync::Arc;

use cromulent::Error;
use cromulent::liberty::Library;
use cromulent::synthesis::{Resources, Source, Synthesiser, Target, Vendor};
use cromulent_core::PeShape;

/// What measures elements.
pub struct Bench {
    synthesiser: Synthesiser,
    sky130: Option<Target>,
}

impl Bench {
    /// A bench. Without the variable `CROMULENT_DATA` it measures no standard cells, and says so.
    ///
    /// # Errors
    /// No Yosys, no place for its cache, or the Liberty file will not do.
    pub fn new() -> Result<Bench, Error> {
        let sky130 = match env::var_os("CROMULENT_DATA") {
            Some(data) => {
                let file = Path::new(&data).join("liberty/sky130hd_tt.lib.gz");
                Some(Target::Cells(Arc::new(Library::load(&file)?)))
            }
            None => {
                eprintln!("SKIPPED the standard cells: CROMULENT_DATA is not set");
                None
            }
        };
        Ok(Bench {
            synthesiser: Synthesiser::new()?,
            sky130,
        })
    }

    /// An element on a family of FPGAs.
    ///
    /// # Errors
    /// Yosys fails.
    pub fn fpga(&self, vendor: Vendor, shape: &PeShape) -> Result<Resources, Error> {
        self.on(&Target::Fpga(vendor), shape)
    }

    /// Square micrometres of SkyWater 130 nm, high density, typical corner; `None` without `CROMULENT_DATA`.
    ///
    /// # Errors
    /// Yosys fails.
    pub fn sky130(&self, shape: &PeShape) -> Result<Option<f64>, Error> {
        let Some(target) = &self.sky130 else {
            return Ok(None);
        };
        Ok(self.on(target, shape)?.area_um2)
    }

    fn on(&self, target: &Target, shape: &PeShape) -> Result<Resources, Error> {
        let source = Source::element(shape)?;
        let netlist = self.synthesiser.run(target, &source, true)?;
        Ok(target.resources(&netlist.cells()))
    }
}
