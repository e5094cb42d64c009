//! The table: works down, systems across.

use comfy_table::{Cell, CellAlignment, Table, presets};

use crate::figures::{Figure, Figures, Size};
use crate::systems::Name;
use crate::work::{Unit, WORKS, Work};

/// How a table is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Terminal,
    Markdown,
}

impl Style {
    /// A text under its title, which in Markdown is folded up unless it is to be open.
    pub fn section(self, title: &str, is_open: bool, text: &str) -> String {
        match self {
            Self::Terminal => format!("{title}:\n\n{text}"),
            Self::Markdown => {
                let open = if is_open { " open" } else { "" };
                format!("<details{open}><summary>{title}</summary>\n\n{text}\n\n</details>")
            }
        }
    }
}

/// A number of nanoseconds, bytes or whatever, as people read it.
pub fn human(value: f64, unit: Unit) -> String {
    let (scaled, suffix) = match unit {
        Unit::Nanoseconds => scaled(value, 1e3, &[" ns", " µs", " ms", " s"]),
        Unit::Bytes => scaled(value, 1024.0, &[" B", " KiB", " MiB", " GiB"]),
        Unit::Pages | Unit::Ratio => (value, ""),
    };
    let places = match scaled {
        _ if unit == Unit::Ratio => 2,
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{scaled:.places$}{suffix}")
}

fn scaled(value: f64, step: f64, suffixes: &[&'static str]) -> (f64, &'static str) {
    let mut scaled = value;
    let mut suffixes = suffixes.iter().copied();
    let mut suffix = suffixes.next().unwrap_or_default();
    while let Some(next) = suffixes.next().filter(|_| scaled >= step) {
        (scaled, suffix) = (scaled / step, next);
    }
    (scaled, suffix)
}

/// The middle of the runs, and from where to where they go.
fn cell(figure: &Figure, unit: Unit, asked: u64, style: Style) -> String {
    let line = if style == Style::Markdown { "<br>" } else { "\n" };
    let mut text = human(figure.value(), unit);
    if figure.n != asked {
        text += &format!(" of {}", thousands(figure.n));
    }
    if figure.runs() > 1 {
        text += &format!("{line}{} to {}", human(figure.least(), unit), human(figure.most(), unit));
    }
    text
}

/// How much better billfold is than the best of the others that keep what they are given.
fn against_peers(
    figures: &Figures,
    size: Size,
    work: Work,
    value: impl Fn(&Figure) -> Option<f64>,
) -> String {
    let of = |name| figures.get(size, work, name).filter(|figure| figure.n == size.0).and_then(&value);
    let peers = Name::ALL.into_iter().filter(|name| *name != Name::Billfold && name.is_durable());
    let best = peers.filter_map(of).min_by(f64::total_cmp);
    match (of(Name::Billfold), best) {
        (Some(own), Some(best)) if work.unit != Unit::Ratio => format!("{:.2}", best / own),
        _ => String::new(),
    }
}

/// A number with its thousands apart.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The table of one size.
pub fn table(figures: &Figures, size: Size, style: Style) -> Table {
    let systems: Vec<_> = Name::ALL
        .into_iter()
        .filter(|name| WORKS.iter().any(|work| figures.get(size, *work, *name).is_some()))
        .collect();
    let mut table = Table::new();
    table.load_style(match style {
        Style::Terminal => presets::UTF8_BORDERS_ONLY,
        Style::Markdown => presets::ASCII_MARKDOWN,
    });
    let names = systems.iter().map(|name| name.text());
    table.set_header(["work"].into_iter().chain(names).chain(["best peer by billfold"]));
    for work in WORKS {
        if systems.iter().all(|name| figures.get(size, work, *name).is_none()) {
            continue;
        }
        let value = |name: &Name| {
            figures
                .get(size, work, *name)
                .map_or_else(String::new, |figure| cell(figure, work.unit, size.0, style))
        };
        let ratio = against_peers(figures, size, work, |figure| Some(figure.value()));
        row(&mut table, work.title.to_owned(), systems.iter().map(value), ratio);
        for (part, of) in [("p50", Figure::p50 as fn(&Figure) -> Option<f64>), ("p99", Figure::p99)] {
            let value = |name: &Name| figures.get(size, work, *name).and_then(of);
            if systems.iter().any(|name| value(name).is_some()) {
                let texts = systems.iter().map(|name| value(name).map(|value| human(value, work.unit)));
                let ratio = against_peers(figures, size, work, of);
                row(&mut table, format!("— {part}"), texts.map(Option::unwrap_or_default), ratio);
            }
        }
    }
    table
}

fn row(table: &mut Table, title: String, values: impl Iterator<Item = String>, ratio: String) {
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let cells = values.chain([ratio]).map(right);
    table.add_row([Cell::new(title)].into_iter().chain(cells));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Ids;
    use crate::systems::Variant;
    use crate::task::Sample;
    use crate::work::named;

    #[test]
    fn values_are_told_in_the_unit_that_suits_them() {
        let told = [312.4, 1_402.0, 23_400_000.0, 5e9].map(|value| human(value, Unit::Nanoseconds));
        assert_eq!(told, ["312 ns", "1.40 µs", "23.4 ms", "5.00 s"]);
        assert_eq!(human(3.0 * 1024.0 * 1024.0, Unit::Bytes), "3.00 MiB");
        assert_eq!(human(0.954, Unit::Ratio), "0.95");
        assert_eq!(thousands(1_000_000), "1,000,000");
    }

    #[test]
    fn a_row_tells_how_billfold_stands_to_the_best_peer_and_not_to_the_floor() {
        let mut figures = Figures::default();
        let size = (1_000_000, Ids::Ordered);
        let work = named("find_hit", Variant::Plain).unwrap();
        for (system, value) in [(Name::Billfold, 200.0), (Name::Lmdb, 900.0), (Name::Redb, 1_500.0)] {
            figures.add(size, work, system, size.0, Sample::from(value));
        }
        figures.add(size, work, Name::Hashmap, size.0, Sample::from(100.0));
        figures.add(size, work, Name::NativeDb, 1_000, Sample::from(300.0));
        let table = table(&figures, size, Style::Markdown).to_string();
        let row = table.lines().find(|line| line.contains("there is one")).unwrap();
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        assert_eq!(cells[2..8], ["200 ns", "1.50 µs", "900 ns", "300 ns of 1,000", "100 ns", "4.50"]);
    }

    #[test]
    fn latencies_have_rows_of_their_own() {
        let mut figures = Figures::default();
        let work = named("durable_set_1", Variant::Plain).unwrap();
        let sample = Sample { value: 1e5, p50: Some(9e4), p99: Some(2e5) };
        figures.add((2_000, Ids::Random), work, Name::Billfold, 2_000, sample);
        let table = table(&figures, (2_000, Ids::Random), Style::Terminal).to_string();
        assert!(table.contains("p50") && table.contains("200 µs"), "{table}");
    }
}
