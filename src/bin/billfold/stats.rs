//! `billfold stats`: what takes up how much room.

use billfold::Stats as Figures;
use clap::Args;
use indicatif::{HumanBytes, HumanCount, HumanDuration};

use crate::Failure;
use crate::output::{Output, table};
use crate::stores::At;

/// Shows how many instances and values there are, and what each table of the file takes up.
///
/// It opens the store for writing, as counting pages takes a writer: nobody else can have it open meanwhile. A store
/// that was not closed in good order is repaired by it.
///
/// With --json: {"instances":{...},"values":...,"by_table":[{"name":...,"rows":...,"bytes":...,"dead_bytes":...}],...}.
#[derive(Args)]
#[command(after_help = "\
Example:
  billfold stats --store billing.redb")]
pub struct Stats {
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl Stats {
    pub fn run(&self) -> Result<(), Failure> {
        let store = self.at.existing()?;
        let figures = store.stats().map_err(Failure::new)?;
        store.close().map_err(Failure::new)?;
        self.output.print(&figures, || described(&figures))
    }
}

fn described(figures: &Figures) -> String {
    let count = |number: u64| HumanCount(number).to_string();
    let bytes = |number: u64| HumanBytes(number).to_string();
    let pages = |number: u64| bytes(number * figures.page_bytes);
    let oldest = figures.oldest_snapshot.map(|age| HumanDuration(age).to_string());
    let of_store = [
        ("values", count(figures.values)),
        ("values of removed keys", count(figures.values_of_removed_keys)),
        ("in use", pages(figures.pages_in_use)),
        ("of which tables", pages(figures.pages_of_tables)),
        ("tables", count(figures.tables)),
        ("oldest snapshot held for", oldest.unwrap_or_else(|| "none is held".to_owned())),
    ];
    let of_store = table(["store", ""], of_store.map(|(name, figure)| [name.to_owned(), figure]));
    let instances = figures.instances.iter().map(|(entity, number)| [entity.to_string(), count(*number)]);
    let instances = table(["entity", "instances"], instances);
    let tables = figures
        .by_table
        .iter()
        .map(|table| [table.name.clone(), count(table.rows), bytes(table.bytes), bytes(table.dead_bytes)]);
    let tables = table(["table", "rows", "bytes", "dead space"], tables);
    format!("{of_store}\n\n{instances}\n\n{tables}")
}
