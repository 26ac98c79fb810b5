//! What must not happen: programs that are wrong, a memory that fails, a reset in the middle, a start at the
//! wrong time. Each has its documented end, and the next program runs as if nothing had been.

use cromulent::executors::{
    HardwareRun, Job, Memory, MemoryMap, Record, Status, Step, read, register, start, verilator,
    write,
};
use cromulent_design::{CONTROL_REGISTERS, Command, Design, Direction, Fault, REGISTERS};
use cromulent_engine::program::{Program, Step as Told, input_lines, single};
use cromulent_engine::{Executor, reference, run_network};
use cromulent_testbenches::{small, tools};

/// A program with results, its input, what should come of it, and the simulator of its design.
struct Setting {
    design: Design,
    program: Program,
    input: Vec<u8>,
    results: Vec<i64>,
    simulator: verilator::Simulator,
}

impl Setting {
    /// `None` without Verilator.
    fn new() -> Option<Setting> {
        tools::verilator()?;
        let case = small::scores();
        let design = &case.design;
        let (program, input) = single(design, &case.layer, &case.activations).expect("its input");
        let words = reference::run(design, &case.layer, &case.activations).expect("its input");
        let results = words.iter().map(|word| word.value).collect();
        Some(Setting::of(case.design, program, input, results))
    }

    /// A network that keeps its maps in memory.
    fn moving() -> Option<Setting> {
        tools::verilator()?;
        let case = small::moving();
        let image = &case.image;
        let run = run_network(image, &case.pixels, Executor::Reference).expect("its own image");
        let input = input_lines(image, &case.pixels).expect("its own image");
        let program = Program::of(image);
        Some(Setting::of(case.image.design, program, input, run.results))
    }

    fn of(design: Design, program: Program, input: Vec<u8>, results: Vec<i64>) -> Setting {
        let verilog = verilator::emit(&design).expect("a valid design");
        let simulator = verilator::Simulator::new(&design, verilog, &mut |_| ());
        Setting {
            program,
            input,
            results,
            simulator: simulator.expect("Verilator builds it"),
            design,
        }
    }

    fn job<'a>(&'a self, program: &'a Program) -> Job<'a> {
        let design = &self.design;
        let map = MemoryMap::high(design, &self.program, self.input.len() as u64);
        Job {
            design,
            program,
            input: &self.input,
            map: map.expect("it fits"),
            memory: Memory::default(),
            limit: 60_000,
        }
    }

    /// What each part of a script writes down.
    fn perform(&self, parts: &[Vec<Step>]) -> Vec<Vec<Record>> {
        let steps = parts.concat();
        let mut records = self.simulator.perform(&steps).expect("it runs").into_iter();
        let broken = |record: &Record| matches!(record, Record::Broken(_));
        let parts = parts.iter().map(|part| {
            let count = part.iter().filter(|step| step.records()).count();
            records.by_ref().take(count).collect::<Vec<_>>()
        });
        let parts: Vec<Vec<Record>> = parts.collect();
        let rest: Vec<Record> = records.collect();
        assert!(!rest.iter().any(broken), "{rest:?}");
        assert_eq!(rest, []);
        parts
    }

    /// Runs the right program and sees that its results are right.
    fn assert_right(&self, run: &HardwareRun, what: &str) {
        assert!(!run.hung && run.broken.is_none(), "{what}: {run:?}");
        let done = Status {
            done: true,
            ..Status::default()
        };
        assert_eq!(run.status, done, "{what}");
        assert_eq!(run.results, self.results, "{what}");
    }

    /// Runs a program that must end with this fault, then the right one.
    fn assert_fault(&self, fault: Fault, what: &str, spoil: impl FnOnce(&mut Program), fail: Step) {
        let mut program = self.program.clone();
        spoil(&mut program);
        let (bad, good) = (self.job(&program), self.job(&self.program));
        let none = Step::Fail {
            read: None,
            write: None,
        };
        let parts = [
            [bad.prepare(), vec![fail, start()], bad.finish()].concat(),
            [vec![none], good.prepare(), vec![start()], good.finish()].concat(),
        ];
        let records = self.perform(&parts);
        // The first records answer the writes that prepare.
        let run = bad.gather(&records[0]);
        assert!(!run.hung, "{what}: no interrupt");
        let expected = Status {
            fault: Some(fault),
            ..Status::default()
        };
        assert_eq!(run.status, expected, "{what}");
        self.assert_right(&good.gather(&records[1]), &format!("after {what}"));
    }

    fn assert_refused(&self, fault: Fault, what: &str, spoil: impl FnOnce(&mut Program)) {
        let none = Step::Fail {
            read: None,
            write: None,
        };
        self.assert_fault(fault, what, spoil, none);
    }

    /// Byte of a lane of the LAYER command: header and FETCH lie before it, each of 64 bytes.
    fn layer_lane(lane: usize) -> usize {
        128 + 4 * lane
    }
}

fn set_lane(program: &mut Program, byte: usize, lane: u32) {
    program.bytes[byte..byte + 4].copy_from_slice(&lane.to_le_bytes());
}

#[test]
fn wrong_programs_end_with_their_fault() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let set = |byte, lane| move |program: &mut Program| set_lane(program, byte, lane);
    setting.assert_refused(Fault::NotAProgram, "no program", set(0, 0));
    setting.assert_refused(Fault::Version, "another version", set(4, 1));
    setting.assert_refused(Fault::OtherDesign, "another design", set(8, 7));
    setting.assert_refused(Fault::OtherDesign, "another design, high half", set(12, 7));
    setting.assert_refused(Fault::UnknownCommand, "an unknown command", set(64, 9));
    let beats = setting.program.beats();
    for left in [8, 9, 20, beats / 2, beats - 9, beats - 1] {
        let what = format!("{left} beats of {beats}");
        setting.assert_refused(Fault::Truncated, &what, set(16, left));
    }
}

#[test]
fn fields_out_of_range_end_the_program() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let lane = |byte: usize| {
        let bytes = &setting.program.bytes[byte..byte + 4];
        u32::from_le_bytes(bytes.try_into().expect("four bytes"))
    };
    let widths = cromulent_design::register_bits(&setting.design);
    for (field, width) in REGISTERS.iter().zip(widths) {
        let byte = Setting::layer_lane(field.lane);
        let own = width.1;
        if own < field.bits {
            let high = lane(byte) | 1 << (field.low + own);
            let what = format!("{} too large", field.name);
            setting.assert_refused(Fault::OutOfRange, &what, |p| set_lane(p, byte, high));
        }
        if field.counts_in(&setting.design) {
            let mask = (((1u64 << field.bits) - 1) << field.low) as u32;
            let zero = lane(byte) & !mask;
            let what = format!("{} = 0", field.name);
            setting.assert_refused(Fault::OutOfRange, &what, |p| set_lane(p, byte, zero));
        }
    }
}

#[test]
fn memory_errors_end_the_program() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let map = setting.job(&setting.program).map;
    let nothing = |_: &mut Program| ();
    for (what, address) in [
        ("the header", map.program.address),
        ("a weight", map.program.address + map.program.bytes / 2),
        ("the input", map.input.address + map.input.bytes / 2),
    ] {
        let fail = Step::Fail {
            read: Some(address),
            write: None,
        };
        let what = format!("a read error at {what}");
        setting.assert_fault(Fault::ReadError, &what, nothing, fail);
    }
    for offset in [0, map.result.bytes - 1] {
        let fail = Step::Fail {
            read: None,
            write: Some(map.result.address + offset),
        };
        let what = format!("a write error at byte {offset}");
        setting.assert_fault(Fault::WriteError, &what, nothing, fail);
    }
}

/// Whatever the cycle: while the header is read, in the layer, while results are written.
#[test]
fn after_a_reset_in_the_middle_the_next_run_is_right() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let job = setting.job(&setting.program);
    for cycles in (1..400).step_by(23) {
        let parts = [
            [job.prepare(), vec![start(), Step::Run { cycles }]].concat(),
            vec![
                Step::Reset { cycles: 1 },
                read("STATUS"),
                Step::Run { cycles: 3 },
            ],
            [job.prepare(), vec![start()], job.finish()].concat(),
        ];
        let records = setting.perform(&parts);
        let idle = Record::Value {
            data: 0,
            response: 0,
        };
        assert_eq!(records[1], [idle], "reset after {cycles} cycles");
        let what = format!("after a reset in cycle {cycles}");
        setting.assert_right(&job.gather(&records[2]), &what);
    }
}

/// Byte of the command of the first move this way.
fn move_at(program: &Program, direction: Direction) -> usize {
    let wanted = |told: &&Told| matches!(told, Told::Move(to) if to.direction == direction);
    let told = program.steps.iter().find(wanted).expect("such a move");
    let lanes = told
        .to_lanes()
        .iter()
        .flat_map(|lane| lane.to_le_bytes())
        .collect::<Vec<_>>();
    let mut places = program.bytes.windows(lanes.len());
    places
        .position(|bytes| bytes == lanes)
        .expect("in the program")
}

#[test]
fn wrong_moves_end_with_their_fault() {
    let Some(setting) = Setting::moving() else {
        return;
    };
    for direction in [Direction::Store, Direction::Fetch] {
        let at = move_at(&setting.program, direction);
        let lane = |n: usize| {
            let bytes = &setting.program.bytes[at + 4 * n..][..4];
            u32::from_le_bytes(bytes.try_into().expect("four bytes"))
        };
        for (what, n, value) in [
            ("no lines", 2, 0),
            ("no beats", 5, 0),
            ("an address beyond the banks", 1, 1 << 20),
            ("more lines than a bank has", 2, 1 << 20),
            ("a beat too few", 5, lane(5) - 1),
            ("a beat too many", 5, lane(5) + 1),
        ] {
            let what = format!("{direction:?} of {what}");
            let set = |program: &mut Program| set_lane(program, at + 4 * n, value);
            setting.assert_refused(Fault::OutOfRange, &what, set);
        }
        let unknown = Command::STORE + 1;
        let set = |program: &mut Program| set_lane(program, at, unknown);
        setting.assert_refused(Fault::UnknownCommand, "an unknown command", set);
    }
}

#[test]
fn memory_errors_in_the_middle_of_a_move_end_the_program() {
    let Some(setting) = Setting::moving() else {
        return;
    };
    let map = setting.job(&setting.program).map;
    let beat = u64::from(setting.design.bus_bits / 8);
    let nothing = |_: &mut Program| ();
    for told in &setting.program.steps {
        let Told::Move(to) = told else { continue };
        for number in [0, to.beats / 2, to.beats - 1] {
            let address = map.scratch.address + u64::from(to.offset) + u64::from(number) * beat;
            let (fault, read, write) = match to.direction {
                Direction::Store => (Fault::WriteError, None, Some(address)),
                Direction::Fetch => (Fault::ReadError, Some(address), None),
            };
            let what = format!("{fault:?} in beat {number} of {to:?}");
            setting.assert_fault(fault, &what, nothing, Step::Fail { read, write });
        }
    }
}

#[test]
fn after_a_reset_in_the_middle_of_a_move_the_next_run_is_right() {
    let Some(setting) = Setting::moving() else {
        return;
    };
    let mut job = setting.job(&setting.program);
    for (seed, cycles) in (200..1500).step_by(41).enumerate() {
        job.memory.seed = seed as u64 % 3;
        job.memory.latency = 1 + seed as u64 % 9;
        let parts = [
            [job.prepare(), vec![start(), Step::Run { cycles }]].concat(),
            vec![Step::Reset { cycles: 1 }, Step::Run { cycles: 3 }],
            [job.prepare(), vec![start()], job.finish()].concat(),
        ];
        let records = setting.perform(&parts);
        let what = format!("after a reset in cycle {cycles}");
        setting.assert_right(&job.gather(&records[2]), &what);
    }
}

#[test]
fn a_start_while_busy_is_refused_and_changes_nothing() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let job = setting.job(&setting.program);
    let again = vec![
        Step::Run { cycles: 30 },
        write("CONTROL", 1),
        read("STATUS"),
    ];
    let parts = [
        [job.prepare(), vec![start()]].concat(),
        again,
        job.finish(),
        [job.prepare(), vec![start()], job.finish()].concat(),
    ];
    let records = setting.perform(&parts);
    let busy_and_refused = Record::Value {
        data: 0b1001,
        response: 0,
    };
    assert_eq!(records[1], [Record::Response(0), busy_and_refused]);
    let mut run = job.gather(&records[2]);
    assert!(run.status.refused, "the bit stays until the next start");
    run.status.refused = false;
    setting.assert_right(&run, "the run that was not disturbed");
    setting.assert_right(&job.gather(&records[3]), "the next one");
}

/// Every register answers as its row of the table says; nothing else does.
#[test]
fn control_registers_answer_as_documented() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let design: &Design = &setting.design;
    let strobed = |register, data, strobes| Step::Write {
        register,
        data,
        strobes,
    };
    let low = register("PROGRAM_LOW");
    let parts = [
        CONTROL_REGISTERS
            .iter()
            .map(|r| Step::Read { register: r.offset })
            .collect(),
        vec![
            strobed(low, 0x4433_2211, 15),
            strobed(low, 0xffff_ff00, 0b0001),
            read("PROGRAM_LOW"),
        ],
        vec![
            write("ID", 1),
            write("CYCLES", 1),
            strobed(0x84, 1, 15),
            Step::Read { register: 0xf0 },
        ],
    ];
    let records = setting.perform(&parts);
    let value = |data| Record::Value { data, response: 0 };
    let fingerprint = design.fingerprint();
    let identity = [
        u32::from_le_bytes(*b"CROM"),
        cromulent_design::PROGRAM_VERSION,
        fingerprint as u32,
        (fingerprint >> 32) as u32,
    ];
    let (first, rest) = records[0].split_at(identity.len());
    assert_eq!(first, identity.map(value));
    let zero = |record: &Record| *record == value(0);
    assert!(rest.iter().all(zero), "after reset: {rest:?}");
    assert_eq!(records[1][2], value(0x4433_2200), "one byte was written");
    let error = |data| Record::Value { data, response: 2 };
    let refused = [
        Record::Response(2),
        Record::Response(2),
        Record::Response(2),
        error(0),
    ];
    assert_eq!(records[2], refused);
}
