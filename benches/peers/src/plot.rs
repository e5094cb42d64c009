//! The picture: a panel for each work, a bar for each system, on a logarithmic scale.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::chart::ChartBuilder;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::{PathElement, Rectangle, Text};
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, IntoFont as _, RGBColor, TextStyle};

use crate::figures::{Figures, Size};
use crate::report::{human, thousands};
use crate::systems::Name;
use crate::work::{WORKS, Work};

/// The works that are drawn, where they were measured.
const DRAWN: [&str; 12] = [
    "find_hit",
    "find_miss",
    "find_fresh",
    "values",
    "durable_set_1",
    "durable_set_64",
    "bulk_load",
    "file_bytes",
    "file_bytes_updated",
    "open_clean",
    "open_killed",
    "peak_memory",
];
const COLUMNS: usize = 3;
const WIDTH: u32 = 1_080;
const PANEL_HEIGHT: u32 = 186;
const HEAD_HEIGHT: u32 = 44;

/// On a ground of its own, so that it can be read where pages are dark and where they are light.
const GROUND: RGBColor = RGBColor(250, 250, 248);
const INK: RGBColor = RGBColor(38, 38, 38);
const GRID: RGBColor = RGBColor(218, 218, 214);
const OWN: RGBColor = RGBColor(11, 110, 153);
const PEER: RGBColor = RGBColor(158, 163, 168);
const FLOOR: RGBColor = RGBColor(206, 186, 140);

/// Where bars begin and end in a panel that is 1 wide; names stand before them, and values have room behind them.
const BARS: std::ops::Range<f64> = 0.19..0.80;

/// A panel: the work, and what each system took.
type Panel = (Work, Vec<(Name, f64)>);

/// Draws the figures of one size to a file.
pub fn draw(figures: &Figures, path: &Path) -> Result<()> {
    let size = chosen(figures).ok_or_else(|| anyhow!("there are no figures to draw"))?;
    let panels = panels(figures, size);
    let rows = panels.len().div_ceil(COLUMNS).max(1);
    let height = HEAD_HEIGHT + PANEL_HEIGHT * u32::try_from(rows)?;
    // What the backend says of a failure borrows the picture, which is gone by then.
    drawn(&panels, size, rows, path, height).map_err(|problem| anyhow!("{}: {problem}", path.display()))
}

/// A million customers with ids in order, or the first size that there is.
fn chosen(figures: &Figures) -> Option<Size> {
    figures.sizes().find(|(n, _)| *n == 1_000_000).or_else(|| figures.sizes().next())
}

fn panels(figures: &Figures, size: Size) -> Vec<Panel> {
    let drawn = WORKS.into_iter().filter(|work| DRAWN.contains(&work.name));
    let of = |work: Work| {
        let whole = |name| figures.get(size, work, name).filter(|figure| figure.n == size.0);
        let bars = Name::ALL.into_iter().filter_map(|name| Some((name, whole(name)?.value())));
        (work, bars.collect::<Vec<_>>())
    };
    drawn.map(of).filter(|(_, bars)| !bars.is_empty()).collect()
}

fn drawn(
    panels: &[Panel],
    (n, ids): Size,
    rows: usize,
    path: &Path,
    height: u32,
) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    root.fill(&GROUND)?;
    let (head, body) = root.split_vertically(HEAD_HEIGHT);
    let title =
        format!("{} customers, {} ids: less is better; each scale is logarithmic", thousands(n), ids.text());
    head.draw(&Text::new(title, (8, 24), text(17.0, HPos::Left)))?;
    for (area, (work, bars)) in body.split_evenly((rows, COLUMNS)).iter().zip(panels) {
        panel(area, *work, bars)?;
    }
    Ok(root.present()?)
}

fn text(size: f64, side: HPos) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK).pos(Pos::new(side, VPos::Center))
}

fn panel(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    work: Work,
    bars: &[(Name, f64)],
) -> Result<(), Box<dyn std::error::Error>> {
    let lines = Name::ALL.len() as f64;
    let mut chart = ChartBuilder::on(area).margin(8).build_cartesian_2d(0.0..1.0, lines..-1.4)?;
    chart.draw_series([Text::new(work.title, (0.0, -0.9), text(14.0, HPos::Left))])?;
    let scale = Scale::of(bars);
    for tenfold in scale.tenfolds() {
        chart.draw_series([PathElement::new([(tenfold, -0.4), (tenfold, bars.len() as f64)], GRID)])?;
    }
    for ((name, value), line) in bars.iter().zip(0_u8..) {
        let middle = f64::from(line) + 0.5;
        let (begin, end) = (BARS.start, scale.place(*value));
        let color = match name {
            Name::Billfold => OWN,
            Name::Hashmap => FLOOR,
            _ => PEER,
        };
        let bar = Rectangle::new([(begin, middle - 0.36), (end, middle + 0.36)], color.filled());
        chart.draw_series([bar])?;
        let labels = [
            Text::new(name.text().to_owned(), (begin - 0.015, middle), text(12.0, HPos::Right)),
            Text::new(human(*value, work.unit), (end + 0.012, middle), text(12.0, HPos::Left)),
        ];
        chart.draw_series(labels)?;
    }
    Ok(())
}

/// From the power of ten below the least value to the greatest one.
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    fn of(bars: &[(Name, f64)]) -> Self {
        let logs = || bars.iter().map(|(_, value)| value.log10());
        let least = (logs().fold(f64::INFINITY, f64::min) - 0.15).floor();
        Self { least, most: logs().fold(least + 1.0, f64::max) }
    }

    fn place(&self, value: f64) -> f64 {
        let part = (value.log10() - self.least) / (self.most - self.least);
        BARS.start + part * (BARS.end - BARS.start)
    }

    /// Where the powers of ten are.
    fn tenfolds(&self) -> impl Iterator<Item = f64> {
        let powers = std::iter::successors(Some(self.least), |power| Some(power + 1.0));
        powers.take_while(|power| *power <= self.most).map(|power| self.place(10_f64.powf(power)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Ids;
    use crate::task::Sample;

    #[test]
    fn a_bar_is_longer_by_the_same_for_each_tenfold() {
        let bars = [(Name::Billfold, 200.0), (Name::Redb, 2e3), (Name::Sqlite, 2e4)];
        let scale = Scale::of(&bars);
        let [first, second, third] = bars.map(|(_, value)| scale.place(value));
        assert!((third - second - (second - first)).abs() < 1e-9);
        assert!((third - BARS.end).abs() < 1e-9 && first > BARS.start);
        assert_eq!(scale.tenfolds().count(), 3);
    }

    #[test]
    fn a_picture_names_works_and_systems() {
        let mut figures = Figures::default();
        for work in WORKS {
            for (name, value) in Name::ALL.into_iter().zip(1_u8..) {
                let sample = Sample::from(f64::from(value) * 1_000.0);
                figures.add((2_000, Ids::Random), work, name, 2_000, sample);
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("speed.svg");
        draw(&figures, &path).unwrap();
        let picture = std::fs::read_to_string(path).unwrap();
        for told in ["2,000 customers", "native_db", "find, there is one", "1.00 µs"] {
            assert!(picture.contains(told), "{told}");
        }
        assert!(draw(&Figures::default(), &folder.path().join("none.svg")).is_err());
    }
}
