//! Names that lead to one thing at a time, handed from one to another.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::error::Result;
use crate::model::alias::ScheduledAlias;
use crate::storage::alias_schedule;
use crate::storage::member::Member;
use crate::storage::tables::TableId;

/// An alias, and what is left of it to its holder.
pub type Cut = (ScheduledAlias, Option<ScheduledAlias>);

/// Has the names of a holder lead to it as they do after, not before, and takes them from others. What others lose is
/// given back by holder, so that each can be written once.
pub fn hand_over(
    member: &Member<'_>,
    table: TableId,
    holder: Uuid,
    before: &[ScheduledAlias],
    after: &[ScheduledAlias],
) -> Result<BTreeMap<Uuid, Vec<Cut>>> {
    for gone in before.iter().filter(|alias| !after.contains(alias)) {
        alias_schedule::take(member, table, gone)?;
    }
    let mut cuts: BTreeMap<Uuid, Vec<Cut>> = BTreeMap::new();
    for new in after.iter().filter(|alias| !before.contains(alias)) {
        for (held, other) in alias_schedule::overlapping(member, table, new)? {
            if other != holder {
                let left = held.cut_by(new);
                alias_schedule::take(member, table, &held)?;
                if let Some(left) = &left {
                    alias_schedule::give(member, table, left, other)?;
                }
                cuts.entry(other).or_default().push((held, left));
            }
        }
        alias_schedule::give(member, table, new, holder)?;
    }
    Ok(cuts)
}

/// What is left of a holder's aliases. One that was cut twice is cut in that order.
pub fn cut(aliases: &mut Vec<ScheduledAlias>, cuts: Vec<Cut>) {
    for (held, left) in cuts {
        if let Some(place) = aliases.iter().position(|alias| *alias == held) {
            aliases.splice(place..=place, left);
        }
    }
}
