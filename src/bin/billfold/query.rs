//! `billfold query`: which instances a condition is true of.

use billfold::{ArchiveFilter, Condition, ManagedEntity, Query as Question, ReadingQueries as _};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::Failure;
use crate::arguments::{Paging, entity};
use crate::found;
use crate::output::Output;
use crate::stores::At;

/// Finds the instances that a condition is true of, in order of their ids
///
/// A condition is JSON, an object with one name:
///   {"equals":{"key":"tier","value":"gold"}}      {"one_of":{"key":"tier","values":["gold","iron"]}}
///   {"exists":{"key":"tier"}}                     {"absent":{"key":"tier"}}
///   {"prefix":{"key":"region","text":"EU-"}}      {"range":{"key":"signed_on","at_least":"2025","below":"2026"}}
///   {"all":[...]}                                 {"any":[...]}
///   {"not":...}                                   with above and at_most, too, for a range
///
/// With --json: {"items":[{"entity":...,"id":...,"custom_fields":{...}}],"next":...}, or {"count":...}.
#[derive(Args)]
#[command(verbatim_doc_comment)]
#[command(after_help = "\
Examples:
  billfold query customer '{\"equals\":{\"key\":\"tier\",\"value\":\"gold\"}}' --store billing.redb
  billfold query customer '{\"not\":{\"exists\":{\"key\":\"tier\"}}}' --archived all --count --store billing.redb")]
pub struct Query {
    /// The entity.
    #[arg(value_parser = entity(), hide_possible_values = true)]
    entity: ManagedEntity,
    /// What has to be true, in JSON.
    #[arg(value_parser = condition)]
    condition: Condition,
    /// Whether instances in use are asked for, archived ones, or all.
    #[arg(long, value_enum, default_value_t = Which::NotArchived)]
    archived: Which,
    /// Print how many there are, and none of them.
    #[arg(long, conflicts_with_all = ["limit", "after"])]
    count: bool,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Which {
    NotArchived,
    Archived,
    All,
}

impl From<Which> for ArchiveFilter {
    fn from(archived: Which) -> Self {
        match archived {
            Which::NotArchived => Self::NotArchived,
            Which::Archived => Self::Archived,
            Which::All => Self::All,
        }
    }
}

fn condition(text: &str) -> Result<Condition, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl Query {
    pub fn run(&self) -> Result<(), Failure> {
        let question = Question::new(self.entity, self.condition.clone()).showing(self.archived.into());
        let store = self.at.read_only()?;
        if self.count {
            let count = store.count(&question).map_err(Failure::new)?;
            return self.output.print(&json!({"count": count}), || count.to_string());
        }
        let page = store.query(&question, &self.paging.request()).map_err(Failure::new)?;
        found::print(&self.output, &store, page)
    }
}
