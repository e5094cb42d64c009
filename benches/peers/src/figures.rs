//! The figures: what every run gave, and the middle of it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::plan::Ids;
use crate::systems::Name;
use crate::task::Sample;
use crate::work::{WORKS, Work};

/// The customers that figures are of: how many were asked for, and their ids.
pub type Size = (u64, Ids);

/// The samples of one work on one system.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figure {
    /// How many customers there were, which can be fewer than were asked for.
    pub n: u64,
    samples: Vec<Sample>,
}

impl Figure {
    pub fn value(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.value)).unwrap_or(f64::NAN)
    }

    pub fn p50(&self) -> Option<f64> {
        median(self.samples.iter().filter_map(|sample| sample.p50))
    }

    pub fn p99(&self) -> Option<f64> {
        median(self.samples.iter().filter_map(|sample| sample.p99))
    }

    pub fn least(&self) -> f64 {
        self.samples.iter().map(|sample| sample.value).fold(f64::INFINITY, f64::min)
    }

    pub fn most(&self) -> f64 {
        self.samples.iter().map(|sample| sample.value).fold(f64::NEG_INFINITY, f64::max)
    }

    pub fn runs(&self) -> usize {
        self.samples.len()
    }
}

/// The middle of some values, or the mean of the two in the middle.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied();
    let upper = at(values.len() / 2)?;
    let lower = at(values.len().saturating_sub(1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

/// All figures, by size, work and system.
#[derive(Debug, Default)]
pub struct Figures(BTreeMap<Size, BTreeMap<(usize, Name), Figure>>);

impl Figures {
    /// Adds what one run gave, of `n` customers where so many are of that size.
    pub fn add(&mut self, size: Size, work: Work, system: Name, n: u64, sample: Sample) {
        let Some(place) = WORKS.iter().position(|known| *known == work) else { return };
        let figure = self.0.entry(size).or_default().entry((place, system)).or_default();
        figure.n = n;
        figure.samples.push(sample);
    }

    pub fn sizes(&self) -> impl Iterator<Item = Size> {
        self.0.keys().copied()
    }

    pub fn get(&self, size: Size, work: Work, system: Name) -> Option<&Figure> {
        let place = WORKS.iter().position(|known| *known == work)?;
        self.0.get(&size)?.get(&(place, system))
    }

    /// The figures of a size, work by work.
    pub fn of(&self, size: Size) -> impl Iterator<Item = (Work, Name, &Figure)> {
        let figures = self.0.get(&size).into_iter().flatten();
        figures.filter_map(|((place, system), figure)| Some((*WORKS.get(*place)?, *system, figure)))
    }

    /// The figures of a size as lines of JSON.
    pub fn lines(&self, size: Size) -> serde_json::Result<Vec<String>> {
        self.of(size)
            .map(|(work, system, figure)| serde_json::to_string(&Line::new(work, system, figure, size.1)))
            .collect()
    }
}

/// A figure as a line of JSON, its fields in this order.
#[derive(Debug, Serialize)]
struct Line {
    work: &'static str,
    system: &'static str,
    n: u64,
    value: f64,
    unit: &'static str,
    ids: Ids,
    min: f64,
    max: f64,
    runs: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    p50: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p99: Option<f64>,
}

impl Line {
    fn new(work: Work, system: Name, figure: &Figure, ids: Ids) -> Self {
        // A thousandth of a nanosecond is more than a clock can tell.
        let short = |value: f64| (value * 1e3).round() / 1e3;
        Self {
            work: work.name,
            system: system.text(),
            n: figure.n,
            value: short(figure.value()),
            unit: work.unit.name(),
            ids,
            min: short(figure.least()),
            max: short(figure.most()),
            runs: figure.runs(),
            p50: figure.p50().map(short),
            p99: figure.p99().map(short),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::Variant;
    use crate::work::named;

    fn figures(samples: &[Sample]) -> Vec<String> {
        let mut figures = Figures::default();
        let work = named("find_hit", Variant::Plain).unwrap();
        for sample in samples {
            figures.add((1_000_000, Ids::Ordered), work, Name::Billfold, 1_000_000, *sample);
        }
        figures.lines((1_000_000, Ids::Ordered)).unwrap()
    }

    #[test]
    fn a_line_begins_as_whoever_reads_it_expects() {
        let lines = figures(&[310.0.into(), 400.0.into(), 312.0.into()]);
        assert_eq!(
            lines,
            ["{\"work\":\"find_hit\",\"system\":\"billfold\",\"n\":1000000,\"value\":312.0,\"unit\":\"ns\",\
              \"ids\":\"ordered\",\"min\":310.0,\"max\":400.0,\"runs\":3}"]
        );
    }

    #[test]
    fn latencies_stand_at_the_end_of_a_line() {
        let sample = Sample { value: 1.0, p50: Some(2.0), p99: Some(3.0) };
        assert!(figures(&[sample]).concat().ends_with("\"runs\":1,\"p50\":2.0,\"p99\":3.0}"));
    }

    #[test]
    fn the_middle_of_an_even_number_is_between_two() {
        assert_eq!(median([4.0, 1.0, 2.0, 9.0].into_iter()), Some(3.0));
        assert_eq!(median(std::iter::empty()), None);
    }
}
