//! An exploration as text.

use serde_json::Value;

use super::Run;

/// Points of a front that are printed.
const SHOWN: usize = 20;

pub(super) fn incomplete(run: &Run, left: usize) -> String {
    format!(
        "{} points measured; {left} of {} are left, for other shards: give the same command with --resume when these have ended",
        run.measured,
        run.points.len()
    )
}

pub(super) fn complete(run: &Run, results: &Value) -> String {
    let folder = run.folder.path().display();
    let mut lines = vec![format!(
        "{} points, {} measured now; {} cannot be built or do not run their network: {folder}/results.csv says why",
        run.points.len(),
        run.measured,
        results["skipped"]
    )];
    let objectives = results["objectives"].as_array().into_iter().flatten();
    let objectives: Vec<&str> = objectives.filter_map(Value::as_str).collect();
    for network in results["networks"].as_array().into_iter().flatten() {
        lines.push(format!(
            "{}: no other point is better in {}",
            network["name"].as_str().unwrap_or_default(),
            objectives.join(", ")
        ));
        lines.push(HEAD.to_owned());
        let front = network["front"].as_array().map_or(&[][..], Vec::as_slice);
        let points = results["points"].as_array().into_iter().flatten();
        let mut points: Vec<&Value> = points
            .filter(|point| front.contains(&point["key"]))
            .collect();
        points.sort_by(|a, b| {
            number(a, "cycles_per_image").total_cmp(&number(b, "cycles_per_image"))
        });
        lines.extend(points.iter().take(SHOWN).map(|point| line(point)));
        if points.len() > SHOWN {
            let more = points.len() - SHOWN;
            lines.push(format!(
                "  … and {more} more: those with front = true in {folder}/results.csv"
            ));
        }
    }
    lines.push(format!(
        "a page with plots: cromulent report {folder} --out report.html"
    ));
    lines.join("\n")
}

const HEAD: &str = "  point      array     format affine     pe        cycles an image    busy  DRAM bytes        energy  top-1";

fn number(point: &Value, key: &str) -> f64 {
    point[key].as_f64().unwrap_or(f64::NAN)
}

fn line(point: &Value) -> String {
    let design = &point["design"];
    let word = |key: &str| design[key].as_str().unwrap_or_default();
    let energy = match number(point, "energy_pj_per_image") {
        energy if energy.is_nan() => "-".to_owned(),
        energy => format!("{:.3} uJ", energy / 1e6),
    };
    let top1 = point["top1"].as_f64();
    format!(
        "  {:<10} {:<9} {:<6} {:<10} {:<9} {:>15.0} {:>5.1} % {:>11.0} {:>13} {:>6}",
        point["key"]
            .as_str()
            .and_then(|key| key.get(..8))
            .unwrap_or_default(),
        format!("{}x{}", design["rows"], design["columns"]),
        word("format"),
        word("affine"),
        word("pe"),
        number(point, "cycles_per_image"),
        100.0 * number(point, "utilization"),
        number(point, "dram_bytes_per_image"),
        energy,
        top1.map_or("-".to_owned(), |top1| format!("{top1:.2}"))
    )
}
