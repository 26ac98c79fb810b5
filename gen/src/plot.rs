//! Line charts as SVG. No font is needed to draw them: texts stay texts, and whoever shows the picture sets them.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Error;

/// A chart.
#[derive(Clone, PartialEq, Debug)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// Name of the horizontal axis.
    pub x: String,
    /// Name of the vertical axis, with its unit.
    pub y: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Whether points are marked.
    pub marks: bool,
    /// Names of places 0, 1, 2 … of the horizontal axis; numbers if there are none.
    pub ticks: Vec<String>,
}

/// One line of a chart.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Its points, left to right; a point that is no number parts the line.
    pub points: Vec<(f64, f64)>,
}

/// Pixels of a picture.
const SIZE: (u32, u32) = (900, 520);

/// Room on the right for names.
const LEGEND: i32 = 170;

/// Colours that are told apart in print and by most eyes (Okabe and Ito), then again, thinner.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// Draws a chart.
///
/// # Errors
/// The drawing fails, which is a fault of ours.
pub fn lines(chart: &Chart) -> Result<String, Error> {
    let mut svg = String::new();
    draw(chart, &mut svg).map_err(|what| Error::ToolFailed {
        tool: "the plot".to_owned(),
        what: format!("could not be drawn: {what}"),
        output: String::new(),
    })?;
    Ok(svg)
}

fn draw(chart: &Chart, svg: &mut String) -> Result<(), String> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    area.fill(&WHITE).map_err(|e| failed(&e))?;
    let (left, legend) = area.split_horizontally(SIZE.0 as i32 - LEGEND);
    let ((x0, x1), (y0, y1)) = (range(chart, |p| p.0), range(chart, |p| p.1));
    let margin = 0.05 * (y1 - y0);
    let mut axes = ChartBuilder::on(&left)
        .caption(&chart.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(48)
        .y_label_area_size(72)
        .build_cartesian_2d(x0..x1, (y0 - margin).max(y0.min(0.0))..y1 + margin)
        .map_err(|e| failed(&e))?;
    let tick = |x: &f64| match chart.ticks.get(x.round() as usize) {
        Some(name) if (x - x.round()).abs() < 1e-6 => name.clone(),
        _ if chart.ticks.is_empty() => format!("{x:.0}"),
        _ => String::new(),
    };
    axes.configure_mesh()
        .light_line_style(WHITE)
        .x_desc(&chart.x)
        .y_desc(&chart.y)
        .x_labels(if chart.ticks.is_empty() {
            10
        } else {
            chart.ticks.len()
        })
        .x_label_formatter(&tick)
        .label_style(("sans-serif", 14))
        .draw()
        .map_err(|e| failed(&e))?;
    for (number, line) in chart.lines.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let style = colour.stroke_width(if number < COLOURS.len() { 2 } else { 1 });
        for part in line.points.split(|point| !point.1.is_finite()) {
            axes.draw_series(LineSeries::new(part.iter().copied(), style))
                .map_err(|e| failed(&e))?;
        }
        if chart.marks {
            let points = line.points.iter().filter(|point| point.1.is_finite());
            let marks = points.map(|&point| Circle::new(point, 3, colour.filled()));
            axes.draw_series(marks).map_err(|e| failed(&e))?;
        }
        let y = 50 + 18 * number as i32;
        let text = TextStyle::from(("sans-serif", 13)).pos(Pos::new(HPos::Left, VPos::Center));
        legend
            .draw(&PathElement::new(vec![(0, y), (18, y)], style))
            .and_then(|()| legend.draw(&Text::new(line.name.clone(), (24, y), text)))
            .map_err(|e| failed(&e))?;
    }
    drop(axes);
    area.present().map_err(|e| failed(&e))
}

/// The ends of an axis, never the same.
fn range(chart: &Chart, of: impl Fn(&(f64, f64)) -> f64) -> (f64, f64) {
    let all = chart.lines.iter().flat_map(|line| &line.points).map(of);
    let (low, high) = all
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
    match (low.is_finite(), low < high) {
        (true, true) => (low, high),
        (true, false) => (low - 0.5, high + 0.5),
        _ => (0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_a_picture_with_its_names_also_without_points() {
        let line = |points: Vec<(f64, f64)>| Line {
            name: "first <one>".to_owned(),
            points,
        };
        for points in [
            vec![(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)],
            vec![],
            vec![(1.0, 1.0)],
        ] {
            let chart = Chart {
                title: "title".to_owned(),
                x: "x".to_owned(),
                y: "y".to_owned(),
                lines: vec![line(points)],
                marks: true,
                ticks: vec!["a".to_owned(), "b".to_owned()],
            };
            let svg = lines(&chart).unwrap();
            assert!(
                svg.starts_with("<svg") && svg.contains("first &lt;one&gt;"),
                "{svg}"
            );
            assert_eq!(svg, lines(&chart).unwrap());
        }
    }
}
