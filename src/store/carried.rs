//! What a store holds, one thing at a time, in an order in which it can be put into another store: what is named comes
//! before what names it.
//!
//! Nothing here depends on what the store went through: numbers that were given by the order of changes are told by
//! their rank, so that two stores that hold the same tell the same.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::custom_fields;
use crate::entity::{ContractId, EntityId as _, EntityRef, ManagedEntity};
use crate::error::{Error, Result};
use crate::model::change::Collection;
use crate::model::custom_field::KeyRules;
use crate::model::package::Package;
use crate::model::recorded::{AnyPart, AnyRecord, hexadecimal};
use crate::model::scalar::Time;
use crate::storage::codec::FieldsRow;
use crate::storage::tables::{ID_BYTES, TableId};
use crate::storage::view::{Reader, View};
use crate::storage::{collection, package, past, rows, settled, versions};

/// One thing that a store holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    Key(KeyItem),
    Instance(InstanceItem),
    Part(PartItem),
    Package(Box<Package>),
    /// The values that an instance had until a moment.
    Past(PastItem),
    /// Until when all invoices of a contract that were due are settled.
    Settled(SettledItem),
}

impl Item {
    /// The instance that it belongs to, behind which it stands.
    pub fn belongs_to(&self) -> Option<EntityRef> {
        match self {
            Self::Part(part) => Some(EntityRef { entity: part.of.owner(), id: part.owner }),
            Self::Past(past) => Some(EntityRef { entity: past.entity, id: past.id }),
            Self::Settled(settled) => Some(settled.contract.into()),
            Self::Key(_) | Self::Instance(_) | Self::Package(_) => None,
        }
    }
}

/// Where an item stands among those of its store. Keys stand in the order they were registered, and here by their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Key(ManagedEntity, String),
    /// By the turn of the entity. A package has the turn of the first parts that packages have, and stands before these.
    Of {
        turn: usize,
        is_instance: bool,
        id: Uuid,
        within: Within,
    },
}

/// Where an item stands among those that belong to an instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Within {
    Itself,
    Past(Time),
    Part(usize, Vec<u8>),
    Settled,
}

impl Place {
    pub fn of(item: &Item) -> Self {
        let of = |entity: ManagedEntity, id, within| {
            let turn = ORDER.iter().position(|other| *other == entity).unwrap_or(ORDER.len());
            Self::Of { turn, is_instance: true, id, within }
        };
        match item {
            Item::Key(key) => Self::Key(key.entity, key.key.clone()),
            Item::Instance(instance) => of(instance.entity, instance.id, Within::Itself),
            Item::Past(past) => of(past.entity, past.id, Within::Past(past.until)),
            Item::Part(part) => {
                let turn = Collection::ALL.iter().position(|other| *other == part.of);
                let within = Within::Part(turn.unwrap_or(Collection::ALL.len()), part.key.clone());
                of(part.of.owner(), part.owner, within)
            }
            Item::Settled(settled) => of(ManagedEntity::Contract, settled.contract.uuid(), Within::Settled),
            Item::Package(package) => {
                let turn = ORDER.iter().position(|entity| entity.is_of_a_package()).unwrap_or(ORDER.len());
                Self::Of { turn, is_instance: false, id: package.id.into(), within: Within::Itself }
            }
        }
    }
}

/// A registered key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyItem {
    pub entity: ManagedEntity,
    pub key: String,
    pub rules: KeyRules,
    pub id: Uuid,
    pub added_at: Time,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceItem {
    pub entity: ManagedEntity,
    pub id: Uuid,
    pub archived_at: Option<Time>,
    pub record: Option<AnyRecord>,
    pub custom_fields: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartItem {
    #[serde(serialize_with = "collection_name")]
    pub of: Collection,
    pub owner: Uuid,
    /// The part's key behind its owner's id.
    #[serde(serialize_with = "hexadecimal")]
    pub key: Vec<u8>,
    pub part: AnyPart,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PastItem {
    pub entity: ManagedEntity,
    pub id: Uuid,
    pub until: Time,
    pub custom_fields: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettledItem {
    pub contract: ContractId,
    pub until: Time,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn collection_name<S: Serializer>(of: &Collection, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(of.name())
}

/// The entities in an order in which each comes behind those that its records name. Packages come before contracts.
pub const ORDER: [ManagedEntity; ManagedEntity::ALL.len()] = [
    ManagedEntity::Customer,
    ManagedEntity::BillableMetric,
    ManagedEntity::Product,
    ManagedEntity::Charge,
    ManagedEntity::ContractProduct,
    ManagedEntity::RateCard,
    ManagedEntity::PackageCommit,
    ManagedEntity::PackageCredit,
    ManagedEntity::PackageScheduledCharge,
    ManagedEntity::PackageSubscription,
    ManagedEntity::Contract,
    ManagedEntity::Commit,
    ManagedEntity::ContractCredit,
    ManagedEntity::ScheduledCharge,
    ManagedEntity::Discount,
    ManagedEntity::ProfessionalService,
    ManagedEntity::Subscription,
    ManagedEntity::Invoice,
    ManagedEntity::Alert,
];

/// Calls `visit` with everything that a store holds of some entities: keys first, then instances with all that belongs
/// to them. Packages are told with the entities that their parts are.
pub fn each(
    view: &View,
    wanted: impl Fn(ManagedEntity) -> bool,
    mut visit: impl FnMut(Item) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut telling = Telling { view, visit: &mut visit, over: false };
    telling.keys(&wanted)?;
    let mut packages = wanted(ManagedEntity::PackageCommit)
        || wanted(ManagedEntity::PackageCredit)
        || wanted(ManagedEntity::PackageScheduledCharge)
        || wanted(ManagedEntity::PackageSubscription);
    for entity in ORDER {
        if entity.is_of_a_package() && std::mem::take(&mut packages) {
            telling.packages()?;
        }
        if wanted(entity) {
            telling.instances(entity)?;
        }
    }
    Ok(())
}

/// The most items that [`each`] tells of; exactly as many where all entities are wanted. Costs the same however many.
pub fn most(view: &View, wanted: impl Fn(ManagedEntity) -> bool) -> Result<u64> {
    let keys = view.with_catalog(|catalog| catalog.keys().filter(|key| wanted(key.entity)).count() as u64);
    let mut tables = vec![TableId::PastValues];
    tables.extend(ManagedEntity::ALL.into_iter().filter(|entity| wanted(*entity)).map(TableId::Fields));
    tables.extend(Collection::ALL.into_iter().filter(|of| wanted(of.owner())).map(TableId::Parts));
    if ManagedEntity::ALL.into_iter().any(|entity| entity.is_of_a_package() && wanted(entity)) {
        tables.push(TableId::Package);
    }
    if wanted(ManagedEntity::Contract) {
        tables.push(TableId::SettledUntil);
    }
    tables.into_iter().try_fold(keys, |items, table| Ok(items + view.len(table)?))
}

struct Telling<'a, V> {
    view: &'a View,
    visit: &'a mut V,
    /// Nothing more is wanted.
    over: bool,
}

impl<V: FnMut(Item) -> Result<ControlFlow<()>>> Telling<'_, V> {
    fn tell(&mut self, item: Item) -> Result<ControlFlow<()>> {
        if !self.over {
            self.over = (self.visit)(item)?.is_break();
        }
        Ok(if self.over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn keys(&mut self, wanted: impl Fn(ManagedEntity) -> bool) -> Result<()> {
        let keys = self.view.with_catalog(|catalog| catalog.keys().cloned().collect::<Vec<_>>());
        for key in keys.into_iter().filter(|key| wanted(key.entity)) {
            let (entity, rules, id, added_at) = (key.entity, key.rules(), key.id, key.added_at);
            let _ =
                self.tell(Item::Key(KeyItem { entity, key: key.name.to_string(), rules, id, added_at }))?;
        }
        Ok(())
    }

    fn packages(&mut self) -> Result<()> {
        let view = self.view;
        let mut after: Option<[u8; ID_BYTES]> = None;
        loop {
            let mut next = None;
            package::scan(view, after.as_ref().map(<[u8; ID_BYTES]>::as_slice), |package| {
                next = Some(package);
                ControlFlow::Break(())
            })?;
            let Some(package) = next else { return Ok(()) };
            after = Some(Uuid::from(package.id).into_bytes());
            if self.tell(Item::Package(Box::new(package)))?.is_break() {
                return Ok(());
            }
        }
    }

    fn instances(&mut self, entity: ManagedEntity) -> Result<()> {
        let mut failed = Ok(());
        rows::scan_fields(self.view, entity, None, |id, row| {
            self.instance(EntityRef { entity, id }, row).unwrap_or_else(|error| {
                failed = Err(error);
                ControlFlow::Break(())
            })
        })?;
        failed
    }

    fn instance(&mut self, target: EntityRef, row: FieldsRow) -> Result<ControlFlow<()>> {
        let EntityRef { entity, id } = target;
        let item = InstanceItem {
            entity,
            id,
            archived_at: row.archived_at,
            record: AnyRecord::get(self.view, target)?,
            custom_fields: custom_fields::named(self.view, row),
        };
        let _ = self.tell(Item::Instance(item))?;
        for (until, values) in past::all(self.view, target)? {
            let row = FieldsRow { archived_at: None, revision: 0, values };
            let custom_fields = custom_fields::named(self.view, row);
            let _ = self.tell(Item::Past(PastItem { entity, id, until, custom_fields }))?;
        }
        belonging(self.view, target, |item| self.tell(item))?;
        Ok(if self.over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

/// Calls `visit` with what belongs to an instance besides its record and values.
pub fn belonging(
    view: &impl Reader,
    target: EntityRef,
    mut visit: impl FnMut(Item) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let owned = |of: &Collection| of.owner() == target.entity;
    let ranks =
        if target.entity == ManagedEntity::Contract { Ranks::of(view, target.id)? } else { Ranks::default() };
    for of in Collection::ALL.into_iter().filter(owned) {
        collection::scan_any(view, of, target.id, |key, part| {
            let (key, part) = ranks.applied(key, part);
            visit(Item::Part(PartItem { of, owner: target.id, key, part }))
        })?;
    }
    let contract = ContractId::from(target.id);
    if target.entity == ManagedEntity::Contract
        && let Some(until) = settled::until(view, contract)?
    {
        visit(Item::Settled(SettledItem { contract, until })).map(drop)?;
    }
    Ok(())
}

/// The revisions that a contract's versions and edits bear, by their rank.
#[derive(Default)]
struct Ranks(BTreeMap<u64, u64>);

impl Ranks {
    fn of(view: &impl Reader, contract: Uuid) -> Result<Self> {
        // What a contract is made with bears this one.
        let mut revisions = BTreeSet::from([0]);
        for of in [Collection::ContractParts, Collection::ContractEdits] {
            collection::scan_any(view, of, contract, |key, part| {
                revisions.extend(revision(key, &part)?);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(Self((0..).zip(revisions).map(|(rank, revision)| (revision, rank)).collect()))
    }

    /// A part of a contract with ranks in place of revisions.
    fn applied(&self, key: &[u8], mut part: AnyPart) -> (Vec<u8>, AnyPart) {
        let rank = |revision: u64| self.0.get(&revision).copied().unwrap_or(revision);
        let key = match &mut part {
            AnyPart::ContractParts(version) => {
                version.revision = rank(version.revision);
                versions::renumbered(key, version.revision)
            }
            AnyPart::ContractEdits(_) => match key.try_into().map(u64::from_be_bytes) {
                Ok(revision) => rank(revision).to_be_bytes().to_vec(),
                Err(_) => key.to_vec(),
            },
            _ => key.to_vec(),
        };
        (key, part)
    }
}

/// The revision that a part of a contract bears.
pub fn revision(key: &[u8], part: &AnyPart) -> Result<Option<u64>> {
    match part {
        AnyPart::ContractParts(version) => Ok(Some(version.revision)),
        AnyPart::ContractEdits(_) => {
            let revision = key.try_into().map(u64::from_be_bytes);
            revision.map(Some).map_err(|_| Error::corrupt("table contract.edits: a key without a revision"))
        }
        _ => Ok(None),
    }
}
