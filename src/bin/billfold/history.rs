//! `billfold history`: who changed what, when and why.

use std::collections::BTreeSet;

use billfold::{Change, ChangeKind, ChangedValue, ManagedEntity, ReadingHistory as _, Recorded};
use clap::Args;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::Failure;
use crate::arguments::{Paging, entity};
use crate::found::quoted;
use crate::keys::described;
use crate::output::Output;
use crate::stores::At;

/// Lists the changes of an instance, of its value for one key, or of a key, newest first.
///
/// With an id, those of the instance; with --key too, those of its value for the key; with --key alone, when the key
/// was added, changed and removed.
///
/// With --json: {"items":[{"sequence":...,"at":...,"about":{"actor":...,"reason":...},"subject":...,"before":...,
/// "what":...}],"next":...}.
#[derive(Args)]
#[command(after_help = "\
Examples:
  billfold history customer 99594816-e8a5-4bca-be21-8d1de0f45120 --store billing.redb
  billfold history customer 99594816-e8a5-4bca-be21-8d1de0f45120 --key x_account_id --store billing.redb
  billfold history customer --key x_account_id --store billing.redb")]
pub struct History {
    /// The entity.
    #[arg(value_parser = entity(), hide_possible_values = true)]
    entity: ManagedEntity,
    /// The instance.
    #[arg(required_unless_present = "key")]
    id: Option<Uuid>,
    /// The key.
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl History {
    pub fn run(&self) -> Result<(), Failure> {
        let (entity, page) = (self.entity, self.paging.request());
        let store = self.at.read_only()?;
        let changes = match (self.id, &self.key) {
            (Some(id), Some(key)) => store.history_of_value((entity, id), key, &page),
            (Some(id), None) => store.history((entity, id), &page),
            (None, key) => store.history_of_key(entity, key.as_deref().unwrap_or_default(), &page),
        };
        let heads = ["change", "at", "by", "reason", "what"];
        self.output.page(&changes.map_err(Failure::new)?, heads, |change| {
            let Change { sequence, at, about, what, .. } = change;
            let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            [sequence.to_string(), at.to_string(), said(&about.actor), said(&about.reason), told(what)]
        })
    }
}

/// What a change did, in words.
fn told(what: &ChangeKind) -> String {
    match what {
        ChangeKind::KeyAdded { rules, .. } => format!("key added: {}", described(*rules)),
        ChangeKind::KeyRemoved => "key removed".to_owned(),
        ChangeKind::KeyKind { from, to } => format!("key {to}, was {from}"),
        ChangeKind::Adopted => "taken in".to_owned(),
        ChangeKind::Created { .. } => "made".to_owned(),
        ChangeKind::Record { old, new } => differences(old, new),
        ChangeKind::Values(values) => values.iter().map(moved).collect::<Vec<_>>().join(", "),
        ChangeKind::PastValues { until, .. } => format!("values it had until {until} imported"),
        ChangeKind::Archived { .. } => "archived".to_owned(),
        ChangeKind::Forgotten => "forgotten".to_owned(),
        ChangeKind::Parts { of, changes } => {
            // Its name in JSON is the only one it has.
            let of = serde_json::to_value(of).unwrap_or_default();
            format!("{} changed: {}", of.as_str().unwrap_or("parts").replace('_', " "), changes.len())
        }
        ChangeKind::Settled { until } => format!("invoices due until {until} settled"),
        ChangeKind::Emptied => "of something that was forgotten since".to_owned(),
        _ => "something this tool has no word for; --json has it".to_owned(),
    }
}

/// The fields of a record that are not as they were.
fn differences(old: &Recorded, new: &Recorded) -> String {
    let fields = |record: &Recorded| match serde_json::to_value(record) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let (old, new) = (fields(old), fields(new));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let shown = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), Value::to_string);
    let changed = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    let changed: Vec<_> =
        changed.map(|name| format!("{name}: {} -> {}", shown(old.get(name)), shown(new.get(name)))).collect();
    format!("record changed: {}", changed.join(", "))
}

fn moved(value: &ChangedValue) -> String {
    let ChangedValue { key, old, new } = value;
    let shown = |text: &Option<String>| text.as_deref().map_or_else(|| "none".to_owned(), quoted);
    format!("{key}: {} -> {}", shown(old), shown(new))
}
