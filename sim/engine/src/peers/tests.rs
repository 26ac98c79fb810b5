use std::fs;
use std::path::{Path, PathBuf};

use cromulent_design::{Affine, Design};
use cromulent_number::Format;

use super::{compare, read_topology, scale_sim};
use crate::timing::Memory;

/// The folder of other simulators' figures, if there is one.
fn peers() -> Option<PathBuf> {
    let data = std::env::var_os("CROMULENT_DATA");
    if data.is_none() {
        eprintln!(
            "SKIPPED: CROMULENT_DATA is not set, so SCALE-Sim's own figures are not compared"
        );
    }
    data.map(|data| Path::new(&data).join("peers"))
}

fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("net.csv");
    fs::write(&path, text).expect("a file");
    (folder, path)
}

const HEADER: &str = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n";

fn design(side: u32) -> Design {
    Design {
        map_side: 256,
        bus_bits: 512,
        ..Design::new(side, side, Format::L4, Affine::Recentred)
    }
}

const FAST: Memory = Memory {
    latency: 1,
    interval: 1,
};

/// "Compute cycles" of SCALE-Sim 3.0.0 itself, by layer.
fn published(path: &Path) -> Vec<(String, u64, u64)> {
    let mut reader = csv::Reader::from_path(path).expect("figures");
    let row = |row: csv::StringRecord| {
        let number = |at: usize| row[at].parse().expect("a number");
        (row[0].to_owned(), number(2), number(3))
    };
    reader
        .records()
        .map(|record| row(record.expect("a row")))
        .collect()
}

#[test]
fn cycles_are_those_scale_sim_reports() {
    let Some(folder) = peers() else {
        return;
    };
    for (network, layers) in [("resnet18", 21), ("densenet121", 121)] {
        let shapes =
            read_topology(&folder.join(format!("{network}_exact.csv"))).expect("a topology");
        let figures = published(&folder.join(format!("scalesim-v3-{network}-32x32-ws.csv")));
        assert_eq!((shapes.len(), figures.len()), (layers, layers));
        for (shape, (name, folds, cycles)) in shapes.iter().zip(figures) {
            let counted = scale_sim(32, 32, &shape.geometry);
            assert_eq!(
                (&shape.name, counted.folds, counted.cycles),
                (&name, folds, cycles)
            );
        }
    }
}

#[test]
fn the_terms_make_up_the_difference() {
    let lines = "a, 58, 58, 3, 3, 64, 64, 1,\nb, 9, 9, 3, 3, 40, 70, 2\nc, 1, 1, 1, 1, 512, 1000, 1,\nd, 30, 30, 7, 7, 3, 16, 2,\n";
    let (_folder, path) = written(&format!("{HEADER}{lines}"));
    let shapes = read_topology(&path).expect("a topology");
    for side in [4, 8, 32] {
        for row in compare(&design(side), &shapes, FAST) {
            let difference = row.scale_sim.cycles.cast_signed() - row.cycles.cast_signed();
            assert_eq!(row.terms.sum(), difference, "{side} {row:?}");
        }
    }
    let rows = compare(&design(32), &shapes, FAST);
    // 18 row tiles of full rows: nothing but the overhead is between the two.
    assert_eq!((rows[0].terms.tiles, rows[0].scale_sim.folds), (0, 36));
    // Three channels fill no row tile, and an image comes in four digits.
    let image = [shapes[3].clone()];
    let design = Design {
        image_digits: true,
        ..design(32)
    };
    let row = &compare(&design, &image, FAST)[0];
    assert_eq!(row.terms.digits, -3 * 5 * 144, "{row:?}");
    assert_eq!(
        row.terms.sum(),
        row.scale_sim.cycles.cast_signed() - row.cycles.cast_signed()
    );
    // A pixel for each tile: our array waits for weights as well.
    assert!(rows[2].terms.weights < -10_000, "{:?}", rows[2]);
}

#[test]
fn every_field_that_is_wrong_is_named() {
    let text = format!(
        "{HEADER}a, 8, 8, 3, 3, 0, 4, 1,\nb, 8, 8, x, 3, 4, 99999999999999999999, 1,\nc, 8, 8,\nd, 4, 4, 5, 5, 1, 1, 1,\n"
    );
    let (_folder, path) = written(&text);
    let problems = read_topology(&path)
        .expect_err("four bad lines")
        .to_string();
    for part in [
        "net.csv:2, field `Channels`: is 0",
        "net.csv:3, field `Filter Height`: `x` is no whole number",
        "net.csv:3, field `Num Filter`: `99999999999999999999` is no whole number",
        "net.csv:4: there are 3 fields",
        "net.csv:5: a 5×5 kernel does not fit",
    ] {
        assert!(problems.contains(part), "{part} in {problems}");
    }
}

#[test]
fn a_file_that_is_no_topology_is_refused() {
    let refused = |text: &str| {
        let (_folder, path) = written(text);
        read_topology(&path).expect_err("no topology").to_string()
    };
    assert!(refused("a,b,c\n1,2,3\n").contains("the columns are `a, b, c`"));
    assert!(refused(HEADER).contains("has no layers"));
    assert!(refused("").contains("has no layers"));
    assert!(read_topology(Path::new("/nowhere.csv")).is_err());
}
