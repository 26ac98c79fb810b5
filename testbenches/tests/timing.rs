//! Random programs through the timing model and the circuit, on the whole accelerator with its buses: every
//! counter, each layer's start and cycles, the cycle in which each word leaves.
//!
//! Values decide no cycle, so the programs compute nothing: all constants and weights are zeros. Unlike a
//! compiled network, they fetch anywhere, give results anywhere, and have layers of any number of tiles.
//!
//! The seeds are fixed and a failure prints its own; `CROMULENT_SEEDS=first..last` runs a longer
//! campaign.

use cromulent::cli::Executor;
use cromulent::executors::{Counters, HardwareRun, Job, MemoryMap, register, rust_hdl};
use cromulent::verification::{Clock, RunTrace, totals};
use cromulent_design::{
    Affine, Command, Design, Direction, Fetch, Header, LayerRegisters, Move, PeKind,
};
use cromulent_engine::program::{Program, ProgramLayer, scratch_bytes};
use cromulent_engine::random::Generator;
use cromulent_engine::timing::{self, Memory, Timing};
use cromulent_number::Format;
use cromulent_testbenches::tools::seeds;

/// A program, and what it runs on.
#[derive(Debug)]
struct Case {
    design: Design,
    steps: Vec<Command>,
    memory: Memory,
}

/// A number of `low..=high`.
fn draw(generator: &mut Generator, low: u32, high: u32) -> u32 {
    generator.range(low.into(), high.into()) as u32
}

/// A small design: its queue of weights holds little more than two tiles.
fn design(generator: &mut Generator, rows: &[u32]) -> Design {
    let rows = *generator.pick(rows);
    let columns = draw(generator, 1, rows.min(5));
    let (format, affine) = *generator.pick(&[
        (Format::L4, Affine::Recentred),
        (Format::R3, Affine::Rectified),
    ]);
    let design = Design {
        image_digits: true,
        max_pool: true,
        bus_bits: *generator.pick(&[32, 64, 128, 256, 512]),
        weight_depth: 2 * rows + draw(generator, 0, 12),
        channel_depth: draw(generator, 2, 4),
        code_depth: 256,
        tile_depth: 64,
        map_side: 16,
        stream_depth: 16,
        batch: *generator.pick(&[1, 1, 2, 3, 5]),
        pe: *generator.pick(&[PeKind::Shift, PeKind::Shift, PeKind::Table]),
        ..Design::new(rows, columns, format, affine)
    };
    design.validate().expect("a valid design");
    design
}

/// A layer of so many column tiles, passes and row tiles. Where it has a single position, `scores` may make
/// its words results.
fn layer(
    generator: &mut Generator,
    design: &Design,
    [column_tiles, passes, row_tiles]: [u32; 3],
    pool: bool,
    scores: bool,
) -> LayerRegisters {
    let most = *generator.pick(&[5, 24]);
    if design.has_batch() {
        return batch(generator, design, [column_tiles, row_tiles], pool, scores);
    }
    let pass_positions = draw(generator, 1, most);
    let last_positions = match passes {
        1 => pass_positions,
        _ => draw(generator, 1, pass_positions),
    };
    let positions = match pool {
        true => 1,
        false => (passes - 1) * pass_positions + last_positions,
    };
    let scores = scores && positions == 1;
    let layer = LayerRegisters {
        output_width: 8,
        pass_positions,
        last_positions,
        passes,
        positions,
        pool,
        ..LayerRegisters::default()
    };
    complete(generator, design, [column_tiles, row_tiles], scores, layer)
}

/// A layer of several images: a pass may end anywhere in one of them, if it does not pool.
fn batch(
    generator: &mut Generator,
    design: &Design,
    tiles: [u32; 2],
    pool: bool,
    scores: bool,
) -> LayerRegisters {
    let images = design.batch;
    let scores = scores && generator.chance(2, 3);
    let mut side = |most| match scores && !pool {
        true => 1,
        false => draw(generator, 1, most),
    };
    let (output_width, output_height) = (side(4), side(3));
    let image = output_width * output_height;
    let all = images * image;
    let pass_positions = match pool {
        true => image * draw(generator, 1, images),
        false => draw(generator, all.div_ceil(3), all),
    };
    let passes = all.div_ceil(pass_positions);
    let layer = LayerRegisters {
        output_width,
        output_height,
        image_step: 64,
        pass_positions,
        last_positions: all - (passes - 1) * pass_positions,
        passes,
        positions: if pool { images } else { all },
        pool,
        ..LayerRegisters::default()
    };
    complete(generator, design, tiles, scores, layer)
}

/// The rest of a layer of these positions and passes.
fn complete(
    generator: &mut Generator,
    design: &Design,
    [column_tiles, row_tiles]: [u32; 2],
    scores: bool,
    layer: LayerRegisters,
) -> LayerRegisters {
    let beats = *generator.pick(&[1, 1, 1, 4]);
    let (largest, spacing) = design.codes_of(design.format).unwrap_or_default();
    let layer = LayerRegisters {
        largest,
        spacing,
        height: 8,
        width: 8,
        stride: 1,
        y_step: 8,
        beats,
        row_tiles,
        column_tiles,
        output_plane: layer.positions,
        last_columns: draw(generator, 1, design.columns),
        tile_lines: layer.passes * row_tiles * design.rows,
        digits: beats == 4,
        raw: scores,
        codes: !scores,
        scores,
        ..layer
    };
    layer.validate(design).expect("a valid layer");
    layer
}

/// A max-pool. Its row words are zeros, so no row idles, and all its windows lie on the map.
fn max_pool(generator: &mut Generator, design: &Design) -> LayerRegisters {
    let planes = draw(generator, 1, 3);
    let (output_width, rows) = match design.has_batch() {
        true => (draw(generator, 1, 3), draw(generator, 1, 3)),
        false => (4, 0),
    };
    let positions = match rows {
        0 => draw(generator, 1, 12),
        rows => design.batch * rows * output_width,
    };
    let layer = LayerRegisters {
        height: 16,
        width: 16,
        stride: draw(generator, 1, 3),
        output_width,
        output_height: rows,
        image_step: if rows > 0 { 32 } else { 0 },
        y_step: 16,
        pass_positions: positions,
        last_positions: positions,
        passes: 1,
        beats: *generator.pick(&[1, 2, 3]),
        row_tiles: 1,
        column_tiles: planes,
        output_address: 96,
        output_plane: positions,
        last_columns: 1,
        positions,
        tile_lines: design.rows,
        codes: true,
        max_pool: true,
        ..LayerRegisters::default()
    };
    layer.validate(design).expect("a valid layer");
    layer
}

/// A fetch, or a layer of any kind.
fn step(generator: &mut Generator, design: &Design) -> Command {
    if generator.chance(1, 4) {
        let offset = design.bus_bits / 8 * draw(generator, 0, 20);
        let lines = draw(generator, 1, 30);
        return Command::Fetch(Fetch::new(design, 3, lines, offset));
    }
    if generator.chance(1, 4) {
        return Command::Layer(max_pool(generator, design));
    }
    if generator.chance(1, 5) {
        return moves(generator, design);
    }
    let pool = generator.chance(1, 3);
    let most = [3, if pool { 1 } else { 3 }, 4];
    let tiles = most.map(|most| draw(generator, 1, most));
    let scores = generator.chance(3, 4);
    Command::Layer(layer(generator, design, tiles, pool, scores))
}

/// A move of maps.
fn moves(generator: &mut Generator, design: &Design) -> Command {
    let direction = *generator.pick(&[Direction::Store, Direction::Fetch]);
    let offset = design.bus_bits / 8 * draw(generator, 0, 20);
    let most = *generator.pick(&[4, 40, 200]);
    let lines = draw(generator, 1, most);
    Command::Move(Move::new(design, direction, 5, lines, offset))
}

/// Rows of most designs.
const ROWS: [u32; 5] = [1, 2, 3, 4, 5];

/// Moves of maps, back and forth, on designs with more rows too: there a narrow bus takes several beats for a
/// line of codes.
fn moving(seed: u64) -> Case {
    let generator = &mut Generator::new(seed);
    let design = design(generator, &[1, 2, 3, 5, 9, 17]);
    let count = draw(generator, 1, 8);
    let mut steps: Vec<_> = (0..count)
        .map(|_| match generator.chance(1, 4) {
            true => step(generator, &design),
            false => moves(generator, &design),
        })
        .collect();
    steps.push(Command::End);
    let memory = Memory {
        latency: *generator.pick(&[1, 2, 9, 60]),
        interval: *generator.pick(&[1, 1, 2, 5]),
    };
    Case {
        design,
        steps,
        memory,
    }
}

/// A few steps of any kind.
fn mixed(seed: u64) -> Case {
    let generator = &mut Generator::new(seed);
    let design = design(generator, &ROWS);
    let count = draw(generator, 0, 5);
    let mut steps: Vec<_> = (0..count).map(|_| step(generator, &design)).collect();
    steps.push(Command::End);
    let memory = Memory {
        latency: draw(generator, 1, 30),
        interval: *generator.pick(&[1, 1, 2, 3, 7]),
    };
    Case {
        design,
        steps,
        memory,
    }
}

/// Two layers of many results, and a memory so slow to take them that their queue fills.
fn heavy(seed: u64) -> Case {
    let generator = &mut Generator::new(seed);
    let design = design(generator, &ROWS);
    let mut results = || {
        let column_tiles = draw(generator, 10, 40);
        let layer = layer(generator, &design, [column_tiles, 1, 1], true, true);
        Command::Layer(layer)
    };
    let steps = vec![results(), results(), Command::End];
    let memory = Memory {
        latency: draw(generator, 60, 300),
        interval: *generator.pick(&[1, 1, 2, 3, 7]),
    };
    Case {
        design,
        steps,
        memory,
    }
}

impl Case {
    /// The layers of the program, in order.
    fn layers(&self) -> impl Iterator<Item = &LayerRegisters> {
        self.steps.iter().filter_map(|step| match step {
            Command::Layer(layer) => Some(layer),
            _ => None,
        })
    }

    /// Beats of the lines behind a command.
    fn line_beats(&self, step: &Command) -> u32 {
        let Command::Layer(layer) = step else {
            return 0;
        };
        let beats = |bits| self.design.beats(bits);
        let tile_lines = layer.tile_lines * beats(self.design.tile_line_bits());
        layer.column_tiles * (beats(self.design.constant_line_bits()) + tile_lines)
    }

    /// The bytes of the program.
    fn bytes(&self) -> Vec<u8> {
        let beat = self.design.bus_bits as usize / 8;
        let mut body = vec![];
        for step in &self.steps {
            body.extend(step.to_lanes().iter().flat_map(|lane| lane.to_le_bytes()));
            body.resize(body.len() + beat * self.line_beats(step) as usize, 0);
        }
        let beats = self.design.command_beats() + (body.len() / beat) as u32;
        let header = Header::new(&self.design, beats).to_lanes();
        let header = header.iter().flat_map(|lane| lane.to_le_bytes());
        header.chain(body).collect()
    }

    fn program(&self) -> Program {
        let scores = self.layers().filter(|layer| layer.scores);
        let words = scores
            .map(|layer| (layer.column_tiles - 1) * self.design.columns + layer.last_columns)
            .sum::<u32>()
            * self.design.batch;
        let layer = |registers: &LayerRegisters| ProgramLayer {
            name: String::new(),
            registers: *registers,
        };
        Program {
            bytes: self.bytes(),
            layers: self.layers().map(layer).collect(),
            fetch: None,
            result_words: words as usize,
            scratch_bytes: scratch_bytes(&self.design, &self.steps),
            steps: self.steps.clone(),
        }
    }

    /// What the circuit does, if it takes no more cycles than these.
    fn simulate(&self, limit: u64) -> Result<HardwareRun, cromulent::Error> {
        let program = self.program();
        // The input is what the memory holds where nobody wrote.
        let job = Job {
            design: &self.design,
            program: &program,
            input: &[],
            map: MemoryMap::high(&self.design, &program, 0)?,
            memory: cromulent::executors::Memory {
                latency: self.memory.latency.into(),
                interval: self.memory.interval.into(),
                seed: 0,
            },
            limit,
        };
        rust_hdl::Simulator::new(&self.design)?.run(&job, &mut |_| ())
    }
}

/// All counters, as the model has them.
fn counters(timing: &Timing) -> Counters {
    let totals = totals(timing, 0);
    let results = ("result_beats", timing.result_beats);
    let mut all: Vec<(&str, u64)> = totals.all().chain([results]).collect();
    all.sort_by_key(|(name, _)| register(&name.to_uppercase()));
    let all = all.into_iter();
    Counters::new(all.map(|(name, value)| (name.to_owned(), value)))
}

fn clocks(run: &RunTrace) -> Vec<Option<&Clock>> {
    let clocks = run.layers.iter().map(|layer| layer.clock.as_ref());
    clocks.collect()
}

/// Fails where model and circuit differ; gives what the model says.
fn assert_equal(case: &Case, what: &str) -> Timing {
    let timing = timing::run(&case.design, &case.steps, case.memory);
    let run = case.simulate(2 * timing.cycles + 1000);
    let run = run.unwrap_or_else(|e| panic!("{what}: {e}"));
    let circuit = RunTrace::of_hardware(Executor::RustHdl, run, true);
    assert_eq!(circuit.failure, None, "{what}: {case:?}");
    let words = circuit.layers.iter().map(|layer| layer.words.clone());
    let mut model = RunTrace::of_engine(Executor::Model, words.collect(), vec![]);
    model.set_timing(&timing, counters(&timing));
    assert_eq!(model.failure, None, "{what}: {case:?}");
    assert_eq!(model.totals, circuit.totals, "{what}: {case:?}");
    assert_eq!(clocks(&model), clocks(&circuit), "{what}: {case:?}");
    timing
}

#[test]
fn the_model_is_the_circuit_on_random_programs() {
    let mut several = 0;
    for seed in seeds(0..60) {
        let timing = assert_equal(&mixed(seed), &format!("seed {seed}"));
        several += usize::from(timing.layers.len() > 1 && timing.input_beats > 0);
    }
    if std::env::var_os("CROMULENT_SEEDS").is_none() {
        assert!(several > 5, "{several} programs of layers and fetches");
    }
}

#[test]
fn the_model_is_the_circuit_where_maps_move() {
    let mut long = 0;
    for seed in seeds(0..40) {
        let timing = assert_equal(&moving(seed), &format!("moving seed {seed}"));
        long += usize::from(timing.stored_beats.min(timing.fetched_beats) > 16);
    }
    if std::env::var_os("CROMULENT_SEEDS").is_none() {
        assert!(long > 2, "{long} programs store and fetch several bursts");
    }
}

#[test]
fn the_model_is_the_circuit_where_results_wait() {
    let mut roomy = vec![];
    for seed in seeds(0..4) {
        let timing = assert_equal(&heavy(seed), &format!("heavy seed {seed}"));
        roomy.extend((timing.causes.stall_output == 0).then_some(seed));
    }
    if std::env::var_os("CROMULENT_SEEDS").is_none() {
        assert!(roomy.len() < 2, "seeds whose results never wait: {roomy:?}");
    }
}
