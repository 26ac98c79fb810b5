//! A column's part of the residual stream.

use super::*;

/// Cycles from the address of a channel's offsets to that of its normalisation.
const NORM_DELAY: usize = 4;

impl Column {
    /// Total to value, and the norm word beside the value.
    pub(super) fn stream_value<I: Interpreter>(
        &self,
        i: &mut I,
        residual: &Residual,
        offset: I::Word,
        sets: &[I::Word],
    ) -> I::Word {
        let (accumulator, quantizer) = (&self.accumulator, &self.quantizer);
        i.connect(&residual.clock, &self.clock);
        i.connect(&residual.reset, &self.reset);
        for (port, own) in [
            (&residual.add, &self.add),
            (&residual.stream, &self.stream),
            (&residual.clamp, &self.clamp),
        ] {
            if let Some(own) = own.get() {
                i.connect(port, own);
            }
        }
        if let (Some(port), Some(own)) = (residual.pool.get(), self.pool_stream.get()) {
            i.connect(port, own);
        }
        i.connect(&residual.valid, &accumulator.total_valid);
        i.connect(&residual.total, &accumulator.total);
        let [mean, align] = OffsetWord::fields(&self._shape.design).map(|f| field(offset, f));
        i.drive(&residual.mean, mean.as_signed());
        i.drive(&residual.align, align);
        self.places(i, residual);
        self.saturations(i, residual);
        i.connect(&quantizer.valid, &residual.value_valid);
        i.connect(&quantizer.value, &residual.value);
        self.norm(i, residual, sets)
    }

    /// Where the stream's words lie, also among the windows: as in the column to the left, a cycle later.
    fn places<I: Interpreter>(&self, i: &mut I, residual: &Residual) {
        for (register, from, to, port) in [
            (
                &self.read_passing,
                &self.stream_read_in,
                &self.stream_read_out,
                &residual.read_address,
            ),
            (
                &self.write_passing,
                &self.stream_write_in,
                &self.stream_write_out,
                &residual.write_address,
            ),
        ] {
            if let (Some(register), Some(from), Some(to)) = (register.get(), from.get(), to.get()) {
                let place = self.pass(i, register, from, to);
                i.drive(port, place);
            }
        }
        let ends = (self.windows_in.get(), self.windows_out.get());
        if let ((Some(from), Some(to)), Some(register), Some(port)) =
            (ends, self.windows_passing.get(), residual.windows.get())
        {
            let marks = self.pass(i, register, from, to);
            i.drive(port, marks);
        }
    }

    /// The floor goes to the residual stream, the rest to the quantizer: two cycles later.
    fn norm<I: Interpreter>(&self, i: &mut I, residual: &Residual, sets: &[I::Word]) -> I::Word {
        let mut word = self.constants(i, &self.norms, &self.norm, sets[NORM_DELAY]);
        let [mean, _, _, floor, _] = NormWord::fields(&self._shape.design);
        if let Some(register) = self.norm_word.get() {
            register.load(i, &self.clock, word);
            word = register.read(i);
        }
        i.drive(&residual.floor, field(word, floor).as_signed());
        i.comment("The rest is for the value that the floor makes");
        if let Some(register) = self.norm_late.get() {
            register.load(i, &self.clock, word.slice(0, register.q.width()));
            word = register.read(i);
        }
        i.drive(&self.quantizer.mean, field(word, mean).as_signed());
        word
    }

    /// Counts the words of a position that saturate, from column to column.
    fn saturations<I: Interpreter>(&self, i: &mut I, residual: &Residual) {
        let nets = (self.saturated_in.get(), self.saturated_out.get());
        let (Some(register), (Some(from), Some(to))) = (self.saturated.get(), nets) else {
            return;
        };
        let before = i.read(from);
        let own = i.read(&residual.saturated).resize(before.width());
        register.update_from(i, &self.clock, &self.reset, before + own);
        i.connect(to, &register.q);
    }
}
