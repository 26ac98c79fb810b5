//! What synthesis relies on.

use super::library::is_flip_flop;
use super::read::Group;
use super::units::{Quantity, unit};
use crate::Problem;

/// Cells without an area that are named one by one.
const NAMED: usize = 5;

/// Everything that is wrong with a library, empty if nothing is.
pub(super) fn check(library: &Group, file: &str) -> Vec<Problem> {
    let units = Quantity::ALL.into_iter();
    let mut problems: Vec<Problem> = units
        .filter_map(|quantity| unit(library, quantity, file).err())
        .collect();
    let place = format!("{file}:{}", library.line);
    let cells: Vec<&Group> = library.of_kind("cell").collect();
    if cells.is_empty() {
        problems.push(Problem::new(
            place,
            format!("library ({}) has no cells", library.name()),
            "give a library of standard cells",
        ));
        return problems;
    }
    problems.extend(areas(&cells, file, &place));
    if !cells.iter().any(|cell| is_flip_flop(cell)) {
        problems.push(Problem::new(
            place,
            format!(
                "none of the {} cells is a flip-flop: no `ff` group says what it is `clocked_on`",
                cells.len()
            ),
            "give a library with flip-flops",
        ));
    }
    problems
}

/// Cells whose area is missing, or no area.
fn areas(cells: &[&Group], file: &str, library: &str) -> Vec<Problem> {
    let is_area = |cell: &Group| {
        let area = cell.value("area").and_then(|area| area.parse().ok());
        area.is_some_and(|area: f64| area.is_finite() && area >= 0.0)
    };
    let drives = |cell: &Group| {
        cell.of_kind("pin")
            .any(|pin| pin.value("direction") == Some("output"))
    };
    let bad: Vec<&&Group> = cells
        .iter()
        .filter(|cell| !is_area(cell) && (cell.value("area").is_some() || drives(cell)))
        .collect();
    let fix = "give a library with the area of each cell, in square micrometres";
    if cells.iter().all(|cell| cell.value("area").is_none()) {
        return vec![Problem::new(library, "no cell has an area", fix)];
    }
    let problem = |cell: &&&Group| {
        let line = cell.attribute("area").map_or(cell.line, |area| area.line);
        let what = match cell.value("area") {
            Some(area) => format!("cell ({}): {area:?} is no area", cell.name()),
            None => format!("cell ({}) has no area", cell.name()),
        };
        Problem::new(format!("{file}:{line}"), what, fix)
    };
    let mut problems: Vec<Problem> = bad.iter().take(NAMED).map(problem).collect();
    if let Some(more) = bad.len().checked_sub(NAMED).filter(|&more| more > 0) {
        let what = format!("{more} more cells have no area");
        problems.push(Problem::new(library, what, fix));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::library::tests::{SMALL, library};

    fn refused(text: &str) -> String {
        let error = library(text).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        error.to_string()
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once_with_its_place() {
        let text = SMALL
            .replace("\"1ns\"", "\"1 fortnight\"")
            .replace("(1, ff)", "(1, bushel)")
            .replace("clocked_on", "enabled_on")
            .replace("area : 1.5;", "area : many;")
            .replace("area : 12;", "");
        let error = refused(&text);
        for expected in [
            "small.lib:2: time_unit = \"1 fortnight\" is no unit that is known; write a number",
            "small.lib:2: capacitive_load_unit = \"1bushel\" is no unit",
            "small.lib:3: cell (buf_1): \"many\" is no area",
            "small.lib:9: cell (fa_2) has no area",
            "small.lib:1: none of the 7 cells is a flip-flop",
        ] {
            assert!(error.contains(expected), "{expected}\n{error}");
        }
    }

    #[test]
    fn without_any_area_or_any_cell_that_alone_is_said() {
        let error = refused(&SMALL.replace("area", "size"));
        assert!(error.contains("no cell has an area"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        let error = refused("library (none) { }");
        assert!(error.contains("library (none) has no cells"), "{error}");
    }

    #[test]
    fn a_cell_that_drives_nothing_needs_no_area() {
        assert!(library(&SMALL.replace("area : 3;", "")).is_ok());
    }
}
