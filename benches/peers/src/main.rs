//! billfold side by side with what a user would pick instead: the same work on each, measured in turn.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml -- --help` tells what can be asked.

mod arguments;
mod child;
mod figures;
mod measure;
mod plan;
mod plot;
mod process;
mod readme;
mod report;
mod round;
mod surroundings;
mod systems;
mod task;
mod work;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Parser as _;

use crate::arguments::Arguments;
use crate::figures::{Figures, Size};
use crate::plan::Ids;
use crate::report::{Style, table, thousands};
use crate::systems::Name;

/// The size that is shown first where there are several.
const MAIN: Size = (1_000_000, Ids::Ordered);

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match &arguments.child {
        Some(setup) => child::run(setup),
        None => compare(&arguments),
    }
}

/// Where the files go.
fn folder() -> PathBuf {
    std::env::var_os("BILLFOLD_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from)
}

fn compare(arguments: &Arguments) -> Result<()> {
    let wanted = arguments.wanted();
    let folder = folder();
    let mut figures = Figures::default();
    for n in arguments.sizes() {
        for ids in arguments.ids() {
            let size = (n, ids);
            wanted.measure(size, &folder, &mut figures)?;
            if arguments.json {
                figures.lines(size)?.iter().for_each(|line| println!("{line}"));
            }
        }
    }
    if !arguments.json {
        println!("{}", told(&figures, &folder, Style::Terminal)?);
    }
    if let Some(path) = &arguments.readme {
        let picture =
            arguments.plot.iter().map(|plot| format!("![The figures drawn]({})\n\n", plot.display()));
        let text = picture.chain([told(&figures, &folder, Style::Markdown)?]).collect::<String>();
        readme::update(path, &arguments.section, &text)?;
    }
    arguments.plot.as_deref().map_or(Ok(()), |path| plot::draw(&figures, path))
}

/// The tables, and what is to be known of them.
fn told(figures: &Figures, folder: &Path, style: Style) -> Result<String> {
    let mut paragraphs = Vec::new();
    let is_one = figures.sizes().count() == 1;
    for size in figures.sizes() {
        let (n, ids) = size;
        let title = format!("{} customers, {} ids", thousands(n), ids.text());
        let table = table(figures, size, style).to_string();
        paragraphs.push(style.section(&title, is_one || size == MAIN, &table));
    }
    let settings = Name::ALL.into_iter().map(|name| format!("- {}: {}.", name.text(), name.settings()));
    paragraphs.push(style.section("Settings", false, &settings.collect::<Vec<_>>().join("\n")));
    paragraphs.push(surroundings::lines(folder)?.join("\n"));
    Ok(paragraphs.join("\n\n"))
}
