//! What the sequencer leaves to [`Images`](crate::Images), if the design computes several together.

use super::{Ends, Sequencer};
use cromulent_kit::{Interpreter, Optional, Word};

impl Sequencer {
    /// Tells the images how the walk goes on: restart, step, again, pass done, row done.
    pub(super) fn walk_images<I: Interpreter>(&self, i: &mut I, words: [I::Word; 5]) {
        let Some(images) = self.images.get() else {
            return;
        };
        let ports = [
            &images.restart,
            &images.step,
            &images.again,
            &images.pass_done,
            &images.row_done,
        ];
        for (port, word) in ports.into_iter().zip(words) {
            i.drive(port, word);
        }
    }

    /// Row and address behind a row of the output: those of the same image, or the first ones of the next.
    pub(super) fn next_image<I: Interpreter>(
        &self,
        i: &mut I,
        y: I::Word,
        line: I::Word,
    ) -> [I::Word; 2] {
        let Some(images) = self.images.get() else {
            return [y, line];
        };
        i.comment("The next image begins at its own first window");
        let last = i.read(&images.last);
        let (base, top) = (i.read(&images.next), i.constant(y.width(), 0));
        let line = i.name("next_start", last.mux(base, line));
        [last.mux(top, y), line]
    }

    /// Connects the images; whether beats are issued and none is held back.
    pub(super) fn goes<I: Interpreter>(&self, i: &mut I, ends: &Ends<I::Word>) -> I::Word {
        let active = self.active.read(i);
        let ports = [&self.output_height, &self.image_step, &self.scores].map(Optional::get);
        let (Some(images), [Some(height), Some(step), Some(scores)]) = (self.images.get(), ports)
        else {
            return active;
        };
        for (to, from) in [
            (&images.clock, &self.clock),
            (&images.output_height, height),
            (&images.image_step, step),
            (&images.scores, scores),
        ] {
            i.connect(to, from);
        }
        i.connect(&images.active, &self.active.q);
        i.drive(&images.last_tile, ends.tile);
        i.drive(&images.first_beat, ends.first_beat);
        let goes = active & !i.read(&images.hold);
        i.name("goes", goes)
    }

    /// The position is the first, and the last, of those that add up in a pool: those of a pass, or of an image.
    pub(super) fn pooled<I: Interpreter>(
        &self,
        i: &mut I,
        first_word: I::Word,
        last_word: I::Word,
    ) -> [I::Word; 2] {
        let Some(images) = self.images.get() else {
            return [first_word, last_word];
        };
        let row_start = !self.corner[2].read(i).any();
        let first = row_start & i.read(&images.first_row);
        [i.name("first_of_image", first), i.read(&images.last)]
    }
}
