//! Whole networks of ImageNet on one core, and the peak of the kernels, in one run.
//!
//! ```text
//! cargo bench -p cromulent-engine --bench networks
//! ```
//!
//! Throughput is in multiply-accumulates as the network counts them: `Gelem/s` reads as GMAC/s. Preparing the
//! image is not measured; everything from pixels to scores is.

mod shapes;

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use cromulent_design::{Affine, Design};
use cromulent_engine::fast::{FastRunner, Path, Workspace};
use cromulent_engine::outline;
use cromulent_kernels::{Grid, Operand, Panels, Patches, Run, tiles};
use cromulent_network::topology;
use cromulent_number::Format;

fn main() {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let mut group = criterion.benchmark_group("peak");
    peak::<i16>(&mut group, "words", 5, -77);
    peak::<u8>(&mut group, "bytes", 5, -77);
    group.finish();
    for name in ["resnet18", "densenet121", "densenet201"] {
        network(&mut criterion, name);
    }
    criterion.final_summary();
}

/// One tile over and over, all of it in the first cache.
fn peak<T: Operand>(
    group: &mut BenchmarkGroup<WallTime>,
    name: &str,
    operand: T,
    weight: T::Weight,
) {
    const INNER: usize = 512;
    const POSITIONS: usize = 12;
    const COLUMNS: usize = 32;
    group.throughput(Throughput::Elements((POSITIONS * COLUMNS * INNER) as u64));
    let values = vec![operand; POSITIONS * INNER];
    let runs = [Run {
        offset: 0,
        length: INNER,
    }];
    let patches = Patches {
        values: &values,
        grid: Grid {
            width: POSITIONS,
            step: INNER,
            row_step: 0,
        },
        runs: &runs,
    };
    for path in Path::all() {
        let weights = vec![weight; INNER * COLUMNS];
        let panels = Panels::<T>::pack(path, COLUMNS, &[INNER], &weights, &[64; INNER]);
        group.bench_function(format!("{name}/{}", path.instructions()), |bencher| {
            bencher.iter(|| {
                tiles(&patches, &panels, 0..POSITIONS, |tile| {
                    std::hint::black_box(tile.sums);
                });
            });
        });
    }
}

/// A network in each form that differs in work, on each path.
fn network(criterion: &mut Criterion, name: &str) {
    let shapes = topology(name).expect("a known network");

    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let one = one.expect("a thread");
    let mut group = criterion.benchmark_group(name);
    let forms = [
        ("R3-rectified", Format::R3, Affine::Rectified),
        ("L4-recentred", Format::L4, Affine::Recentred),
        ("L4-exact", Format::L4, Affine::Exact),
    ];
    for (name, format, affine) in forms {
        let design = design(format, affine);
        let outline = outline(&shapes, &design).expect("a network that runs");
        let image = shapes::image(&outline, &design);
        let macs = image.layers.iter().map(|layer| layer.macs).sum();
        group.throughput(Throughput::Elements(macs));
        let pixels = shapes::pixels(&image);
        for path in Path::all().skip(1) {
            let runner = FastRunner::with_path(&image, path);
            let mut workspace = Workspace::new();
            group.bench_function(format!("{name}/{}", path.instructions()), |bencher| {
                one.install(|| bencher.iter(|| runner.run(&pixels, &mut workspace)));
            });
        }
    }
    group.finish();
}

fn design(format: Format, affine: Affine) -> Design {
    let mut design = Design::new(32, 32, format, affine);
    (design.image_digits, design.max_pool) = (true, true);
    design
}
