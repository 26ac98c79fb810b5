use super::*;
use cromulent_design::{Affine, Design};
use cromulent_number::Format;

fn step(mover: &mut Mover) {
    for clock in [0, 1] {
        mover.clock.set(clock);
        assert!(simulate(mover, 50));
    }
}

fn new(rows: u32, bus_bits: u32) -> Mover {
    let design = Design {
        bus_bits,
        image_digits: true,
        ..Design::new(rows, 1, Format::L4, Affine::Exact)
    };
    let mut mover = Mover::new(&Shape::of(&design));
    mover.reset.set(1);
    step(&mut mover);
    mover.reset.set(0);
    mover.address.set(7);
    mover
}

/// Fetches lines whose codes count up, from beats that come every `every` cycles: what is written, by address.
fn fetched(rows: u32, bus_bits: u32, lines: u64, every: u64) -> Vec<(i64, Vec<i64>)> {
    let mut mover = new(rows, bus_bits);
    let (line_bits, lanes) = (4 * u64::from(rows), u64::from(bus_bits / 32));
    let slots = (u64::from(bus_bits) / line_bits).max(1);
    let parts = line_bits.div_ceil(u64::from(bus_bits));
    let beats = lines.div_ceil(slots) * parts;
    // Bit n of a beat: of code n / 4 of the slot, or of the line that goes over several beats.
    let bit = |beat: u64, n: u64| {
        let (line, place) = match parts {
            1 => (beat * slots + n / line_bits, n % line_bits),
            _ => (beat / parts, beat % parts * u64::from(bus_bits) + n),
        };
        let code = (line + place / 4) % 16;
        if place < line_bits {
            code >> (place % 4) & 1
        } else {
            0
        }
    };
    mover.lines.set(lines as i64);
    mover.beats.set(beats as i64);
    mover.fetch.set(1);
    step(&mut mover);
    mover.fetch.set(0);
    let (mut beat, mut written) = (0, vec![]);
    for cycle in 0..(lines + 2) * (every + 2) * parts {
        let offered = beat < beats && cycle % every == 0;
        mover.data_valid.set(i64::from(offered));
        for (lane, net) in (0..lanes).zip(&mover.data_data) {
            let word = (0..32).map(|n| bit(beat, 32 * lane + n) << n).sum::<u64>();
            net.set(word as i64);
        }
        mover.clock.set(0);
        assert!(simulate(&mut mover, 50));
        beat += u64::from(offered && mover.data_ready.value().is_true());
        if mover.write.value().is_true() {
            let codes = mover.write_code.iter().map(|net| net.value().number());
            written.push((mover.write_address.value().number(), codes.collect()));
        }
        assert!(!mover.uneven.value().is_true());
        let done = mover.done.value().is_true();
        assert_eq!(
            done,
            written.len() as u64 == lines && mover.write.value().is_true()
        );
        mover.clock.set(1);
        assert!(simulate(&mut mover, 50));
        if done {
            assert_eq!(beat, beats);
            assert!(!mover.fetching.value().is_true());
            return written;
        }
    }
    panic!("{} of {lines} lines", written.len());
}

#[test]
fn beats_become_lines_whatever_their_widths() {
    // Several lines to a beat, one, several beats to a line.
    for (rows, bus_bits) in [
        (2, 32),
        (5, 64),
        (8, 128),
        (8, 32),
        (17, 128),
        (9, 32),
        (17, 32),
    ] {
        for every in [1, 3] {
            for lines in [1, 2, 7] {
                let written = fetched(rows, bus_bits, lines, every);
                for (n, (address, codes)) in (0..).zip(written) {
                    assert_eq!(address, 7 + n);
                    let expected: Vec<i64> = (0..i64::from(rows)).map(|r| (n + r) % 16).collect();
                    assert_eq!(codes, expected, "{rows} rows, {bus_bits} bits, line {n}");
                }
            }
        }
    }
}

#[test]
fn lines_are_read_while_there_is_room_and_marked_to_the_last() {
    let mut mover = new(4, 64);
    mover.lines.set(5);
    mover.beats.set(2);
    mover.store.set(1);
    step(&mut mover);
    mover.store.set(0);
    let (mut read, mut lines) = (vec![], vec![]);
    for cycle in 0..20 {
        mover.room.set(i64::from(cycle != 2));
        mover.pushed.set(i64::from(cycle == 12 || cycle == 13));
        mover.stored.set(i64::from(cycle == 18));
        mover.clock.set(0);
        assert!(simulate(&mut mover, 50));
        if mover.read.value().is_true() {
            read.push((cycle, mover.read_address.value().number()));
        }
        if mover.line_valid.value().is_true() {
            lines.push((cycle, mover.line_last.value().number()));
        }
        assert_eq!(mover.done.value().is_true(), cycle == 18);
        mover.clock.set(1);
        assert!(simulate(&mut mover, 50));
    }
    assert_eq!(read, [(1, 7), (2, 8), (4, 9), (5, 10), (6, 11)]);
    let expected = [(4, 0), (5, 0), (7, 0), (8, 0), (9, 1)];
    assert_eq!(lines, expected);
}
