//! `billfold keys`: which keys are registered.

use billfold::{ArchivedHolders, Comparison, KeyRules, ManagedEntity, Page, Reading as _};
use clap::Args;

use crate::Failure;
use crate::arguments::entity;
use crate::output::Output;
use crate::stores::At;

/// Lists the registered keys, in the order they were registered, with how many instances hold a value for each.
///
/// With --json: {"items":[{"id":...,"entity":...,"key":...,"kind":...,"comparison":...,"archived":...,"added_at":...,
/// "instances":...}],"next":null}.
#[derive(Args)]
#[command(after_help = "\
Example:
  billfold keys customer contract --store billing.redb")]
pub struct Keys {
    /// The entities whose keys are listed; those of all where none is named.
    #[arg(value_name = "ENTITY", value_parser = entity(), hide_possible_values = true)]
    entities: Vec<ManagedEntity>,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl Keys {
    pub fn run(&self) -> Result<(), Failure> {
        let items = self.at.read_only()?.keys(&self.entities).map_err(Failure::new)?;
        let heads = ["entity", "key", "rules", "instances", "added at", "id"];
        self.output.page(&Page { items, next: None }, heads, |key| {
            let rules = KeyRules { kind: key.kind, comparison: key.comparison, archived: key.archived };
            let (entity, instances) = (key.entity.to_string(), key.instances.to_string());
            let (added_at, id) = (key.added_at.to_string(), key.id.to_string());
            [entity, key.key.clone(), described(rules), instances, added_at, id]
        })
    }
}

/// The rules of a key in words; what is as by default goes without saying.
pub fn described(rules: KeyRules) -> String {
    let mut words = vec![rules.kind.to_string()];
    if rules.comparison == Comparison::CaseFolded {
        words.push("case-folded".to_owned());
    }
    if rules.archived == ArchivedHolders::Release {
        words.push("archived holders let go".to_owned());
    }
    words.join(", ")
}
