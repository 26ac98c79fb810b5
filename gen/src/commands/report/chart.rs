//! Figures as SVG: narrow enough for a phone, in colours that the page's style exchanges in the dark.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::numbers::short;
use crate::Error;

/// Texts and axes; [`super::page`] has what it is in the dark.
pub(super) const INK: RGBColor = RGBColor(0x11, 0x11, 0x11);

/// Lines of a grid.
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xde);

/// Colours that are told apart in print and by most eyes (Okabe and Ito), and on a dark ground.
pub(super) const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(148, 103, 189),
    RGBColor(127, 127, 127),
];

/// Pixels across.
const WIDTH: u32 = 420;

/// A point of two costs, and whether it is marked.
pub(super) type Point = (f64, f64, bool);

/// Points of two costs.
pub(super) struct Scatter {
    /// What the axes are, and how their numbers read.
    pub axes: [Axis; 2],
    /// The points of each series.
    pub series: Vec<(String, Vec<Point>)>,
    /// A line, such as a roof; it may be empty.
    pub line: Vec<(f64, f64)>,
}

/// An axis.
pub(super) struct Axis {
    pub name: String,
    /// Whether equal distances are equal ratios.
    pub ratio: bool,
}

/// Bars beside names, each of parts.
pub(super) struct Bars {
    /// What is along the bars.
    pub axis: String,
    /// Names of the parts; none are told apart if there is one.
    pub parts: Vec<String>,
    /// A name and, for each part, where it begins and ends.
    pub rows: Vec<(String, Vec<(f64, f64)>)>,
    /// Where the axis ends, if not with the longest bar.
    pub end: Option<f64>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), String>;

fn svg(height: u32, draw: impl FnOnce(&Area) -> Drawn) -> Result<String, Error> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
    let drawn = draw(&area).and_then(|()| area.present().map_err(text));
    drop(area);
    drawn.map(|()| svg).map_err(|what| Error::ToolFailed {
        tool: "the plot".to_owned(),
        what: format!("could not be drawn: {what}"),
        output: String::new(),
    })
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn style(size: i32, colour: &RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(colour)
}

/// Names of series under one another's colour, in rows, from this height on; the height behind them.
fn legend(area: &Area, names: &[String], mut y: i32) -> Result<i32, String> {
    let mut x = 8;
    for (number, name) in names.iter().enumerate() {
        let width = 26 + 7 * name.chars().count() as i32;
        if x + width > WIDTH as i32 && x > 8 {
            (x, y) = (8, y + 18);
        }
        let colour = COLOURS[number % COLOURS.len()];
        area.draw(&Rectangle::new(
            [(x, y - 5), (x + 10, y + 5)],
            colour.filled(),
        ))
        .map_err(text)?;
        let at = style(13, &INK).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(name.clone(), (x + 15, y), at))
            .map_err(text)?;
        x += width;
    }
    Ok(y + 14)
}

impl Bars {
    pub fn svg(&self) -> Result<String, Error> {
        // Names of many layers are in the table; here every tenth has its number.
        let named = self.rows.len() <= 40;
        let step = if named { 18 } else { 7 };
        let legends = if self.parts.len() > 1 {
            22 + 18 * (self.parts.len() as i32 / 5)
        } else {
            4
        };
        let height = legends + step * self.rows.len() as i32 + 44;
        svg(height as u32, |area| self.draw(area, named, step))
    }

    fn draw(&self, area: &Area, named: bool, step: i32) -> Drawn {
        let top = match self.parts.len() > 1 {
            true => legend(area, &self.parts, 12)?,
            false => 6,
        };
        let bottom = top + step * self.rows.len() as i32;
        let longest = self
            .rows
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0);
        let left = if named {
            14 + 6 * longest.min(24) as i32
        } else {
            40
        };
        let ends = self
            .rows
            .iter()
            .flat_map(|(_, parts)| parts)
            .map(|part| part.1);
        let end = self.end.unwrap_or_else(|| ends.fold(0.0, f64::max));
        let step_of_axis = nice(end);
        let ticks = (end / step_of_axis - 1e-9).ceil().max(1.0) as i32;
        let end = f64::from(ticks) * step_of_axis;
        let room = WIDTH as i32 - left - 22;
        let at = |value: f64| left + (f64::from(room) * (value / end).min(1.0)).round() as i32;
        for tick in 0..=ticks {
            let value = step_of_axis * f64::from(tick);
            let line = PathElement::new(vec![(at(value), top), (at(value), bottom)], GRID);
            area.draw(&line).map_err(text)?;
            let style = style(12, &INK).pos(Pos::new(HPos::Center, VPos::Top));
            area.draw(&Text::new(short(value), (at(value), bottom + 4), style))
                .map_err(text)?;
        }
        for (number, (name, parts)) in self.rows.iter().enumerate() {
            let y = top + step * number as i32;
            for (part, &(from, to)) in parts.iter().enumerate().filter(|(_, (from, to))| to > from)
            {
                // What is there can be seen.
                let corners = [(at(from), y + 1), (at(to).max(at(from) + 1), y + step - 2)];
                let colour = COLOURS[part % COLOURS.len()];
                area.draw(&Rectangle::new(corners, colour.filled()))
                    .map_err(text)?;
            }
            let label = match named {
                true => shortened(name),
                false if number % 10 == 0 => (number + 1).to_string(),
                false => continue,
            };
            let style = style(12, &INK).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(label, (left - 6, y + step / 2), style))
                .map_err(text)?;
        }
        let middle = (left + room / 2, bottom + 22);
        let style = style(13, &INK).pos(Pos::new(HPos::Center, VPos::Top));
        area.draw(&Text::new(self.axis.clone(), middle, style))
            .map_err(text)
    }
}

/// A round distance that three to five of reach so far.
fn nice(end: f64) -> f64 {
    if !end.is_finite() || end <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf((end / 5.0).log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * power);
    let fits = steps.into_iter().find(|step| end / step <= 5.0 + 1e-9);
    fits.unwrap_or(10.0 * power)
}

/// A name of 24 letters at most.
fn shortened(name: &str) -> String {
    let count = name.chars().count();
    match count > 24 {
        true => format!("…{}", name.chars().skip(count - 23).collect::<String>()),
        false => name.to_owned(),
    }
}

impl Scatter {
    pub fn svg(&self) -> Result<String, Error> {
        svg(360, |area| self.draw(area))
    }

    fn draw(&self, area: &Area) -> Drawn {
        let names: Vec<String> = self.series.iter().map(|(name, _)| name.clone()).collect();
        let top = if names.len() > 1 {
            legend(area, &names, 12)?
        } else {
            4
        };
        let (_, chart) = area.split_vertically(top);
        let place = |axis: usize, value: f64| match self.axes[axis].ratio {
            true => value.max(f64::MIN_POSITIVE).log10(),
            false => value,
        };
        let points = self
            .series
            .iter()
            .flat_map(|(_, points)| points)
            .map(|&(x, y, _)| (x, y));
        let all: Vec<(f64, f64)> = points
            .chain(self.line.iter().copied())
            .map(|(x, y)| (place(0, x), place(1, y)))
            .collect();
        let ends = [ends(all.iter().map(|p| p.0)), ends(all.iter().map(|p| p.1))];
        let mut axes = ChartBuilder::on(&chart)
            .margin(8)
            .margin_right(20)
            .x_label_area_size(42)
            .y_label_area_size(62)
            .build_cartesian_2d(ends[0].0..ends[0].1, ends[1].0..ends[1].1)
            .map_err(text)?;
        let label = |axis: usize| {
            move |value: &f64| match self.axes[axis].ratio {
                true => short(10f64.powf(*value)),
                false => short(*value),
            }
        };
        axes.configure_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(INK)
            .x_labels(5)
            .y_labels(6)
            .x_desc(&self.axes[0].name)
            .y_desc(&self.axes[1].name)
            .x_label_formatter(&label(0))
            .y_label_formatter(&label(1))
            .label_style(style(12, &INK))
            .axis_desc_style(style(13, &INK))
            .draw()
            .map_err(text)?;
        let line = self.line.iter().map(|&(x, y)| (place(0, x), place(1, y)));
        axes.draw_series(LineSeries::new(line, INK.stroke_width(2)))
            .map_err(text)?;
        // What is marked lies on top.
        for marked in [false, true] {
            for (number, (_, points)) in self.series.iter().enumerate() {
                let colour = COLOURS[number % COLOURS.len()];
                for &(x, y, _) in points.iter().filter(|point| point.2 == marked) {
                    let at = (place(0, x), place(1, y));
                    let size = if marked { 5 } else { 3 };
                    let fill = if marked {
                        colour.filled()
                    } else {
                        colour.mix(0.45).filled()
                    };
                    axes.draw_series([Circle::new(at, size, fill)])
                        .map_err(text)?;
                    if marked {
                        axes.draw_series([Circle::new(at, size + 1, INK)])
                            .map_err(text)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// From a little below the least to a little above the most.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
    match (low.is_finite(), low < high) {
        (true, true) => (low - 0.06 * (high - low), high + 0.06 * (high - low)),
        (true, false) => (low - 0.5, high + 0.5),
        _ => (0.0, 1.0),
    }
}
