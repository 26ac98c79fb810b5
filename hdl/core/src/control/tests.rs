use super::*;
use cromulent_design::{Affine, Design};
use cromulent_number::Format;

struct Bench {
    control: Control,
    seed: u32,
}

fn design(memory_address_bits: u32) -> Design {
    Design {
        memory_address_bits,
        ..Design::new(2, 2, Format::L4, Affine::Exact)
    }
}

fn offset(name: &str) -> u32 {
    let found = CONTROL_REGISTERS.iter().find(|r| r.name == name);
    found.map(|r| r.offset).expect("a register of this name")
}

impl Bench {
    fn new(bits: u32) -> Bench {
        Bench {
            control: Control::new(&Shape::of(&design(bits))),
            seed: 7,
        }
    }

    fn flip(&mut self) -> bool {
        self.seed = self
            .seed
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        self.seed >> 31 != 0
    }

    fn settle(&mut self) {
        self.control.clock.set(0);
        assert!(simulate(&mut self.control, 50));
    }

    fn edge(&mut self) {
        self.control.clock.set(1);
        assert!(simulate(&mut self.control, 50));
    }

    /// Writes, the address coming `skew` cycles after the data; gives back the response.
    fn write(&mut self, offset: u32, data: u32, strobes: u32, skew: i32) -> u32 {
        let (mut address, mut word, mut cycle) = (true, true, 0);
        loop {
            let take = self.flip();
            let c = &self.control;
            c.awaddr.set(i64::from(offset));
            c.wdata.set(i64::from(data));
            c.wstrb.set(i64::from(strobes));
            c.awvalid.set(i64::from(address && cycle >= skew));
            c.wvalid.set(i64::from(word && cycle >= -skew));
            c.bready.set(i64::from(take));
            self.settle();
            let c = &self.control;
            let both = |a: &Net<In>, b: &Net<Out>| a.value().is_true() && b.value().is_true();
            address &= !both(&c.awvalid, &c.awready);
            word &= !both(&c.wvalid, &c.wready);
            let answer = both(&c.bready, &c.bvalid).then(|| c.bresp.value().number() as u32);
            assert!(
                !c.bvalid.value().is_true() || !(address || word),
                "answered too early"
            );
            self.edge();
            self.control.awvalid.set(0);
            self.control.wvalid.set(0);
            if let Some(answer) = answer {
                self.control.bready.set(0);
                return answer;
            }
            cycle += 1;
            assert!(cycle < 100);
        }
    }

    fn read(&mut self, offset: u32) -> (u32, u32) {
        let (mut asks, mut cycle) = (true, 0);
        loop {
            let take = self.flip();
            let c = &self.control;
            c.araddr.set(i64::from(offset));
            c.arvalid.set(i64::from(asks));
            c.rready.set(i64::from(take));
            self.settle();
            let c = &self.control;
            let answer = take && c.rvalid.value().is_true();
            let data = (
                c.rdata.value().number() as u32,
                c.rresp.value().number() as u32,
            );
            asks &= !c.arready.value().is_true();
            self.edge();
            self.control.arvalid.set(0);
            if answer {
                self.control.rready.set(0);
                return data;
            }
            cycle += 1;
            assert!(cycle < 100);
        }
    }

    fn pulse(&mut self, pick: impl Fn(&Control) -> &Net<In>) {
        pick(&self.control).set(1);
        self.settle();
        self.edge();
        pick(&self.control).set(0);
    }
}

#[test]
fn constants_and_counters_are_read() {
    let mut bench = Bench::new(32);
    for (n, counter) in bench.control.counter.iter().enumerate() {
        counter.set(0xf000_0000 + n as i64);
    }
    let fingerprint = design(32).fingerprint();
    let fixed = [
        0x4d4f_5243,
        PROGRAM_VERSION,
        fingerprint as u32,
        (fingerprint >> 32) as u32,
    ];
    for register in CONTROL_REGISTERS {
        let expected = match register.offset / 4 {
            n @ 0..4 => fixed[n as usize],
            n @ 16.. => 0xf000_0000 + (n - 16),
            _ => 0,
        };
        assert_eq!(
            bench.read(register.offset),
            (expected, 0),
            "{}",
            register.name
        );
    }
}

#[test]
fn unknown_and_read_only_registers_answer_with_an_error() {
    let mut bench = Bench::new(32);
    for offset in (0..256).step_by(4) {
        let register = CONTROL_REGISTERS.iter().find(|r| r.offset == offset);
        let read = u32::from(register.is_none()) * 2;
        assert_eq!(bench.read(offset).1, read, "{offset:#x}");
        let writable = register.is_some_and(|r| r.access != Access::Read);
        let written = u32::from(!writable) * 2;
        assert_eq!(bench.write(offset, 0, 15, 0), written, "{offset:#x}");
    }
    assert_eq!(bench.read(0x84), (0, 2));
}

#[test]
fn addresses_are_written_byte_by_byte_in_any_order() {
    for bits in [16, 32, 40, 64] {
        let mut bench = Bench::new(bits);
        let mask = u64::MAX >> (64 - bits);
        let names = ["PROGRAM_LOW", "INPUT_LOW", "RESULT_LOW"];
        for (n, name) in names.into_iter().enumerate() {
            let low = offset(name);
            assert_eq!(bench.write(low, 0x1122_3344, 0b1111, n as i32 - 1), 0);
            assert_eq!(bench.write(low, 0xaabb_ccdd, 0b0101, 3), 0);
            assert_eq!(bench.write(low + 4, 0x5566_7788, 0b1111, -3), 0);
            assert_eq!(bench.write(low + 4, 0, 0b1000, 0), 0);
            let expected = 0x0066_7788_11bb_33dd & mask;
            assert_eq!(
                bench.control.address[n].value().pattern(),
                expected,
                "{bits}"
            );
            let read = [low, low + 4].map(|offset| bench.read(offset).0);
            assert_eq!(u64::from(read[1]) << 32 | u64::from(read[0]), expected);
        }
    }
}

#[test]
fn a_start_is_asked_for_in_one_cycle() {
    let mut bench = Bench::new(32);
    let control = offset("CONTROL");
    let mut asked = 0;
    for (data, strobes) in [(1, 15), (1, 14), (2, 15), (0, 15), (1, 1)] {
        // The request follows the write by a cycle, so it is seen with the response at the latest.
        bench.control.awaddr.set(i64::from(control));
        bench.control.wdata.set(data);
        bench.control.wstrb.set(strobes);
        bench.control.awvalid.set(1);
        bench.control.wvalid.set(1);
        for _ in 0..6 {
            bench.settle();
            asked += bench.control.request.value().number();
            bench.edge();
            bench.control.awvalid.set(0);
            bench.control.wvalid.set(0);
            bench.control.bready.set(1);
        }
        bench.control.bready.set(0);
    }
    assert_eq!(asked, 2);
    assert_eq!(bench.read(control), (0, 0));
}

#[test]
fn status_tells_how_the_last_program_went() {
    let mut bench = Bench::new(32);
    let status = offset("STATUS");
    bench.control.busy.set(1);
    bench.pulse(|c| &c.refused);
    assert_eq!(bench.read(status).0, 0b1001);
    bench.control.busy.set(0);
    bench.pulse(|c| &c.done);
    assert_eq!(bench.read(status).0, 0b1010);
    bench.pulse(|c| &c.start);
    assert_eq!(bench.read(status).0, 0);
    bench.control.fault.set(6);
    bench.pulse(|c| &c.failed);
    assert_eq!(bench.read(status).0, 0x604);
}

#[test]
fn an_interrupt_stays_until_it_is_cleared() {
    let mut bench = Bench::new(32);
    let (enable, pending) = (offset("INTERRUPT_ENABLE"), offset("INTERRUPT_STATUS"));
    bench.pulse(|c| &c.done);
    assert_eq!(bench.control.interrupt.value().number(), 0);
    assert_eq!(bench.read(pending).0, 1);
    bench.write(enable, 3, 1, 0);
    assert_eq!(bench.control.interrupt.value().number(), 1);
    bench.write(pending, 2, 1, 0);
    assert_eq!(bench.control.interrupt.value().number(), 1);
    bench.write(pending, 1, 1, 0);
    assert_eq!(
        (
            bench.control.interrupt.value().number(),
            bench.read(pending).0
        ),
        (0, 0)
    );
    bench.pulse(|c| &c.failed);
    assert_eq!(bench.read(pending).0, 2);
    assert_eq!(bench.read(enable).0, 3);
    bench.write(enable, 1, 1, 0);
    assert_eq!(bench.control.interrupt.value().number(), 0);
}
