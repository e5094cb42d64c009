//! `billfold get`: one instance.

use billfold::{EntityRef, ManagedEntity, Reading as _};
use clap::Args;
use serde_json::json;
use uuid::Uuid;

use crate::Failure;
use crate::arguments::entity;
use crate::output::{Output, table};
use crate::record;
use crate::stores::At;

/// Shows an instance: its values, and what else there is of it.
///
/// Of a customer, billable metric, contract_product, rate card, contract or invoice it shows what the API's own call
/// answers; of others there is nothing by itself, or of one that was taken in with nothing but its id.
///
/// With --json: {"entity":...,"id":...,"archived":...,"revision":...,"custom_fields":{...},"record":{...} or null}.
#[derive(Args)]
#[command(after_help = "\
Example:
  billfold get customer 99594816-e8a5-4bca-be21-8d1de0f45120 --store billing.redb")]
pub struct Get {
    /// The entity.
    #[arg(value_parser = entity(), hide_possible_values = true)]
    entity: ManagedEntity,
    /// The instance.
    id: Uuid,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl Get {
    pub fn run(&self) -> Result<(), Failure> {
        let target = EntityRef::from((self.entity, self.id));
        let store = self.at.read_only()?;
        let values = store.values(target).map_err(Failure::new)?;
        let archived = store.is_archived(target).map_err(Failure::new)?;
        let revision = store.revision(target).map_err(Failure::new)?;
        let record = record::of(&store, target)?;
        let EntityRef { entity, id } = target;
        let answer = json!({
            "entity": entity, "id": id, "archived": archived, "revision": revision, "custom_fields": values,
            "record": record,
        });
        self.output.print(&answer, || {
            let state = if archived { "archived" } else { "in use" };
            let about = [entity.to_string(), id.to_string(), state.to_owned(), revision.to_string()];
            let about = table(["entity", "id", "state", "last change"], [about]);
            let fields = values.iter().map(|(key, value)| [key.clone(), value.clone()]);
            let fields = table(["custom field", "value"], fields);
            let fields = if values.is_empty() { "no custom fields" } else { &fields };
            let record = record.map(|record| {
                let rows = record.iter().map(|(name, value)| [name.clone(), record::told(value)]);
                format!("\n\n{}", table(["record", "value"], rows))
            });
            format!("{about}\n\n{fields}{}", record.unwrap_or_default())
        })
    }
}
