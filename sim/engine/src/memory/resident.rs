//! Whether every code tensor is on chip when a layer reads it, in a program that moves tensors to memory and back.
//!
//! The program is run in the abstract: what is kept is not codes but which plane of which tensor lies in which
//! words. A plane is lost once a word of it is overwritten, on chip or in memory.

use std::ops::Range;

use cromulent_design::{Direction, Move};

use super::Pending;
use super::overlap::{Area, tensor_areas};
use crate::image::Image;
use crate::layer::{LayerInput, Storage};

/// A plane of a tensor. The image is the tensor behind all others.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Plane {
    tensor: usize,
    number: usize,
    area: Area,
}

/// Planes by where they lie: words of the banks, or lines of the scratch region.
#[derive(Default)]
struct Kept(Vec<Plane>);

impl Kept {
    /// Forgets what shares a word with an area.
    fn overwrite(&mut self, area: &Area) {
        self.0.retain(|plane| !plane.area.meets(area));
    }

    /// The planes that lie in these words altogether, as far from a new beginning as from theirs.
    fn moved(&self, words: &Range<usize>, to: usize) -> Vec<Plane> {
        let inside = |plane: &&Plane| {
            let own = &plane.area.words;
            words.start <= own.start && own.end <= words.end
        };
        let shift = |plane: &Plane| {
            let mut plane = plane.clone();
            let own = &plane.area.words;
            plane.area.words = own.start - words.start + to..own.end - words.start + to;
            plane
        };
        self.0.iter().filter(inside).map(shift).collect()
    }
}

/// Checks that what every layer reads is there, and that none writes over its own input.
///
/// # Errors
/// The first layer or move that is wrong.
pub(super) fn check(image: &Image) -> Result<(), String> {
    let rows = image.design.rows as usize;
    let (mut chip, mut memory) = (Kept::default(), Kept::default());
    let picture = image.tensors.len();
    let first = image.image_readers().next();
    let stored = first.map(|layer| layer.layout(&image.design).range());
    let areas = |tensor: usize| match image.tensors.get(tensor) {
        Some(tensor) => tensor_areas(rows, &tensor.shape.of_batch(image.batch()), tensor.place),
        // It is fetched into all banks.
        None => vec![Area {
            banks: 0..rows,
            words: stored.clone().unwrap_or_default(),
        }],
    };
    write(&mut chip, picture, areas(picture));
    let mut moves = Pending::new(&image.moves);
    for (number, layer) in image.layers.iter().enumerate() {
        for lines in moves.before(number) {
            move_lines(image, &lines, &mut chip, &mut memory)?;
        }
        let inputs = match &layer.input {
            LayerInput::Image => vec![picture],
            LayerInput::Codes(tensors) => tensors.clone(),
        };
        let read = inputs.iter().flat_map(|&tensor| {
            let areas = areas(tensor).into_iter().enumerate();
            areas.map(move |(number, area)| Plane {
                tensor,
                number,
                area,
            })
        });
        let read: Vec<Plane> = read.collect();
        if let Some(lost) = read.iter().find(|plane| !chip.0.contains(plane)) {
            return Err(format!(
                "layer {} reads code tensor {}, which is not on chip then",
                layer.name, lost.tensor
            ));
        }
        let Some(codes) = layer.output.codes() else {
            continue;
        };
        let written = areas(codes);
        let meets = |plane: &Plane| written.iter().any(|area| area.meets(&plane.area));
        if read.iter().any(meets) {
            return Err(format!("layer {} writes over its input", layer.name));
        }
        write(&mut chip, codes, written);
    }
    Ok(())
}

fn write(chip: &mut Kept, tensor: usize, areas: Vec<Area>) {
    for area in &areas {
        chip.overwrite(area);
    }
    let areas = areas.into_iter().enumerate();
    let planes = areas.map(|(number, area)| Plane {
        tensor,
        number,
        area,
    });
    chip.0.extend(planes);
}

/// What a move makes of chip and memory. In memory, words are lines of the scratch region, one after another.
fn move_lines(
    image: &Image,
    given: &Move,
    chip: &mut Kept,
    memory: &mut Kept,
) -> Result<(), String> {
    let design = &image.design;
    let stored = |tensor: usize| image.tensors.get(tensor).map(|tensor| tensor.storage);
    let coded = |tensor: usize| stored(tensor).is_some_and(|storage| storage != Storage::Integers);
    let (first, lines) = (given.address as usize, given.lines as usize);
    let depth = design.code_depth as usize;
    let beat_bytes = design.bus_bits / 8;
    let expected = Move::new(
        design,
        given.direction,
        given.address,
        given.lines,
        given.offset,
    );
    if lines == 0 || first + lines > depth || !given.offset.is_multiple_of(beat_bytes) {
        return Err(format!(
            "a move of {lines} code lines from word {first} on does not fit code_depth = {depth}, or its offset is no \
             multiple of a beat"
        ));
    }
    if *given != expected {
        return Err(format!("a move of {lines} code lines has other beats"));
    }
    let (slots, parts) = (design.map_lines_per_beat(), design.map_line_beats());
    let beat = given.offset / beat_bytes;
    if !beat.is_multiple_of(parts) {
        return Err("a move begins inside of a line in memory".to_owned());
    }
    let place = (beat / parts) as usize * slots as usize;
    let all = |words: Range<usize>| Area {
        banks: 0..design.rows as usize,
        words,
    };
    match given.direction {
        Direction::Store => {
            // The last beat is filled up.
            let end = place + lines.next_multiple_of(slots as usize);
            memory.overwrite(&all(place..end));
            let kept = chip.moved(&(first..first + lines), place);
            // Integers lose the bits that codes do not have.
            memory
                .0
                .extend(kept.into_iter().filter(|plane| coded(plane.tensor)));
        }
        Direction::Fetch => {
            chip.overwrite(&all(first..first + lines));
            chip.0.extend(memory.moved(&(place..place + lines), first));
        }
    }
    Ok(())
}
