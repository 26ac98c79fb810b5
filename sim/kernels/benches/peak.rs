//! The peak of each path: one panel and one tile after another, all in the first cache.
//!
//! ```text
//! cargo bench -p cromulent-kernels --bench peak
//! ```
//!
//! Throughput is in multiply-accumulates: `Gelem/s` reads as GMAC/s.

use criterion::{Criterion, Throughput};
use cromulent_kernels::{Grid, Operand, Panels, Patches, Path, Run, tiles};

/// Operands of a position.
const INNER: usize = 512;
/// Positions: one tile of every path.
const POSITIONS: usize = 12;
/// Columns: one panel of every path.
const COLUMNS: usize = 32;

fn peak<T: Operand>(criterion: &mut Criterion, name: &str, operand: T, weight: T::Weight) {
    let mut group = criterion.benchmark_group(name);
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
        group.bench_function(path.instructions().name(), |bencher| {
            bencher.iter(|| {
                tiles(&patches, &panels, 0..POSITIONS, |tile| {
                    std::hint::black_box(tile.sums);
                });
            });
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    peak::<i16>(&mut criterion, "words", 5, -77);
    peak::<u8>(&mut criterion, "bytes", 5, -77);
    criterion.final_summary();
}
