//! How far an export or an import has come: a bar where a person watches, plain lines otherwise.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use billfold::Progress;
use indicatif::{
    HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle,
};

/// So long nothing is said between two plain lines.
const EVERY: Duration = Duration::from_secs(3);

/// Of what it is known how much there is, for the time that is left.
#[derive(Clone, Copy)]
pub enum Whole {
    Lines(u64),
    Bytes(u64),
    Unknown,
}

/// Tells of progress on standard error.
pub enum Telling {
    Bar(ProgressBar, Whole),
    Plain(Plain),
    Quiet,
}

impl Telling {
    pub fn new(whole: Whole, quiet: bool) -> Self {
        if quiet {
            Self::Quiet
        } else if io::stderr().is_terminal() {
            Self::Bar(bar(whole), whole)
        } else {
            Self::Plain(Plain::new(whole, Instant::now()))
        }
    }

    pub fn tell(&mut self, progress: Progress) {
        match self {
            Self::Bar(bar, whole) => {
                bar.set_message(format!("{} lines", HumanCount(progress.lines)));
                bar.set_position(whole.done(progress));
            }
            Self::Plain(plain) => {
                if let Some(line) = plain.line(progress, Instant::now()) {
                    // Where nobody listens, the work goes on.
                    let _ = writeln!(io::stderr(), "billfold: {line}");
                }
            }
            Self::Quiet => {}
        }
    }

    /// Takes the bar away, so that what is said next stands alone.
    pub fn end(&self) {
        if let Self::Bar(bar, _) = self {
            bar.finish_and_clear();
        }
    }
}

impl Whole {
    fn of(self) -> Option<u64> {
        match self {
            Self::Lines(whole) | Self::Bytes(whole) => Some(whole),
            Self::Unknown => None,
        }
    }

    /// How much of it is done.
    fn done(self, progress: Progress) -> u64 {
        match self {
            Self::Lines(_) => progress.lines,
            Self::Bytes(_) | Self::Unknown => progress.bytes,
        }
    }
}

fn bar(whole: Whole) -> ProgressBar {
    let template = match whole {
        Whole::Lines(_) => "{wide_bar} {msg} of {human_len}, {rate} lines a second, {eta} left",
        Whole::Bytes(_) => "{wide_bar} {msg}, {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left",
        Whole::Unknown => "{spinner} {msg}, {bytes}, {binary_bytes_per_sec}",
    };
    let bar = ProgressBar::with_draw_target(whole.of(), ProgressDrawTarget::stderr());
    // Whole lines; what is made in the library has fractions.
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        let _ = write!(out, "{:.0}", state.per_sec());
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.with_key("rate", rate)),
        Err(_) => bar,
    }
}

/// Plain lines, one every few seconds.
pub struct Plain {
    whole: Whole,
    began: Instant,
    said: Instant,
}

impl Plain {
    fn new(whole: Whole, now: Instant) -> Self {
        Self { whole, began: now, said: now }
    }

    /// What is to be said now, if anything is.
    fn line(&mut self, progress: Progress, now: Instant) -> Option<String> {
        if now.duration_since(self.said) < EVERY {
            return None;
        }
        self.said = now;
        let took = now.duration_since(self.began);
        let done = self.whole.done(progress);
        let left = self.whole.of().filter(|_| done > 0).map(|whole| {
            let share = u128::from(whole.saturating_sub(done)) * took.as_millis() / u128::from(done);
            Duration::from_millis(u64::try_from(share).unwrap_or(u64::MAX))
        });
        let rate = u128::from(progress.lines) * 1_000 / took.as_millis().max(1);
        let (lines, bytes) = (HumanCount(progress.lines), HumanBytes(progress.bytes));
        let rate = HumanCount(u64::try_from(rate).unwrap_or(u64::MAX));
        let left = left.map(|left| format!(", {} left", HumanDuration(left))).unwrap_or_default();
        Some(format!("{lines} lines, {bytes}, {rate} lines a second{left}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lines: u64) -> Progress {
        let mut progress = Progress::default();
        (progress.lines, progress.bytes) = (lines, lines * 100);
        progress
    }

    #[test]
    fn a_plain_line_comes_every_few_seconds_with_the_rate_and_the_time_left() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut plain = Plain::new(Whole::Lines(100_000), start);
        assert_eq!(plain.line(at(1_000), after(1)), None);
        let said = plain.line(at(20_000), after(4)).unwrap();
        assert_eq!(said, "20,000 lines, 1.91 MiB, 5,000 lines a second, 16 seconds left");
        assert_eq!(plain.line(at(25_000), after(5)), None);
        assert!(plain.line(at(40_000), after(8)).unwrap().ends_with("12 seconds left"));
    }

    #[test]
    fn where_the_end_is_not_known_no_time_left_is_made_up() {
        let start = Instant::now();
        let mut plain = Plain::new(Whole::Unknown, start);
        let said = plain.line(at(3_000), start + EVERY).unwrap();
        assert_eq!(said, "3,000 lines, 292.97 KiB, 1,000 lines a second");
        let mut plain = Plain::new(Whole::Bytes(400), start);
        assert!(!plain.line(at(0), start + EVERY).unwrap().contains("left"));
    }

    #[test]
    fn every_bar_can_be_drawn() {
        for whole in [Whole::Lines(10), Whole::Bytes(10), Whole::Unknown] {
            let mut telling = Telling::Bar(bar(whole), whole);
            telling.tell(at(5));
            let Telling::Bar(bar, _) = &telling else { unreachable!() };
            assert_eq!((bar.length(), bar.message().as_str()), (whole.of(), "5 lines"));
            telling.end();
        }
    }
}
