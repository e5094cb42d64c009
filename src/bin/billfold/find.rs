//! `billfold find`: who holds a value.

use billfold::{ManagedEntity, Reading as _};
use clap::Args;

use crate::Failure;
use crate::arguments::{Paging, entity};
use crate::found::{self, quoted};
use crate::output::Output;
use crate::stores::At;

/// Finds the instances that hold a value, archived or not.
///
/// One at the most where the key is enforced, any number where it is indexed. Where nobody holds the value, the exit
/// code is 1.
///
/// With --json: {"items":[{"entity":...,"id":...,"custom_fields":{...}}],"next":...}.
#[derive(Args)]
#[command(after_help = "\
Example:
  billfold find customer x_account_id KyVnHhSBWl7eY2bl --store billing.redb")]
pub struct Find {
    /// The entity.
    #[arg(value_parser = entity(), hide_possible_values = true)]
    entity: ManagedEntity,
    /// The key.
    key: String,
    /// The value, whole.
    #[arg(allow_hyphen_values = true)]
    value: String,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl Find {
    pub fn run(&self) -> Result<(), Failure> {
        let Self { entity, key, value, .. } = self;
        let store = self.at.read_only()?;
        let page = store.find_all_ref(*entity, key, value, &self.paging.request()).map_err(Failure::new)?;
        if page.items.is_empty() && self.paging.is_first() {
            let (key, value) = (quoted(key), quoted(value));
            return Err(Failure::new(format_args!("no {entity} holds {value} for the key {key}")));
        }
        found::print(&self.output, &store, page)
    }
}
