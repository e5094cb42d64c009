//! Packages: what programs do with them, what that does to the model, and what can be read.

use std::time::Duration;

use billfold::PackageId;
use billfold::prelude::*;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::compare::{admits, same};
use super::contract_parts::{NewParts, Site};
use super::contracts::{NewContract, UNIQUE, badness, days, key, new_contract, wrong_days};
use super::operation::{Answer, Op, Refusal, at, not_a_value};
use super::part_requests::or;
use super::products::products;
use super::rate_cards::cards;
use super::state::{Model, counted};
use crate::support::every;
use crate::support::template::{item, segment, weeks};

/// A package that is to be made: its contracts have a commit for a week from their second day on, and a charge after
/// two weeks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPackage {
    pub key: Option<String>,
    pub card: Option<RateCardId>,
    pub days: Option<Amount>,
    /// How many days its contracts last.
    pub lasts: Option<u32>,
    pub product: ContractProductId,
    pub amount: i64,
}

/// A package of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    pub new: NewPackage,
    pub revision: u64,
    pub made_at: Time,
    pub archived_at: Option<Time>,
}

/// What is done to the nth package that there is when it is done.
#[derive(Debug, Clone)]
pub enum PackagePlan {
    Archive,
    Contract(Box<NewContract>),
}

fn new_package() -> BoxedStrategy<NewPackage> {
    let of = |bad: bool| {
        let product = or(bad, Just(first_package().product), select(products().collect::<Vec<_>>()));
        let card =
            or(bad, select(vec![first_package().card, None]), select(cards().map(Some).collect::<Vec<_>>()));
        let lasts = or(bad, select(&[None, Some(3), Some(400)]), Just(Some(0)));
        let amount = or(bad, Just(10), Just(-1));
        (key(bad), card, days(bad), lasts, product, amount)
    };
    let made = badness().prop_flat_map(of);
    made.prop_map(|(key, card, days, lasts, product, amount)| NewPackage {
        key,
        card,
        days,
        lasts,
        product,
        amount,
    })
    .boxed()
}

pub fn first_package() -> NewPackage {
    let product = products().nth(5).unwrap();
    NewPackage { key: None, card: cards().next(), days: Some(30.into()), lasts: None, product, amount: 10 }
}

pub fn of_packages() -> BoxedStrategy<Op> {
    let contract = new_contract().prop_map(|new| PackagePlan::Contract(new.bare().into()));
    let plan = prop_oneof![1 => Just(PackagePlan::Archive), 4 => contract];
    prop_oneof![
        2 => new_package().prop_map(Op::CreatePackage),
        5 => (0..5_usize, plan).prop_map(|(nth, plan)| Op::OfPackage(nth, plan)),
    ]
    .boxed()
}

impl NewPackage {
    pub fn request(&self) -> CreatePackage {
        let access = segment(self.amount, RelativeDate::days(1), weeks(1));
        let terms = PackageTerms {
            uniqueness_key: self.key.clone(),
            rate_card: self.card.map(CardChoice::Id),
            duration: self.lasts.map(RelativeDate::days),
            net_payment_terms_days: self.days,
            ..PackageTerms::new("package")
        };
        CreatePackage {
            commits: vec![CreateCommit::prepaid(BalanceTerms::new(self.product), [access].into())],
            scheduled_charges: vec![CreateScheduledCharge::new(self.product, [item(weeks(2), 10)].into())],
            ..CreatePackage::from(terms)
        }
    }

    /// What a contract says of itself, with what the package says.
    fn contract(&self, said: &NewContract) -> NewContract {
        // A start off the hour is a fault of its own; what is dated is not told to be off the hour too.
        let day: Time = format!("{}T00:00:00Z", &said.start.to_string()[..10]).parse().unwrap();
        let start = if said.start.is_on_the_hour() { said.start } else { day };
        let after = |days: u32| start.after(Duration::from_secs(86_400 * u64::from(days)));
        let (starting_at, ending_before) = (after(1), after(8));
        let access = CreateAccessItem { amount: self.amount.into(), starting_at, ending_before };
        let commit = CreateCommit::prepaid(BalanceTerms::new(self.product), [access].into());
        let due = CreateInvoiceItem { timestamp: after(14), price: Amount::from(10).into() };
        let charge = CreateScheduledCharge::new(self.product, [due].into());
        NewContract {
            card: self.card.map(CardChoice::Id),
            // No day at all is a fault of its own, and no more than that.
            end: self.lasts.map(|days| after(days.max(1))),
            days: self.days,
            parts: NewParts {
                commits: vec![(commit, Vec::new())],
                charges: vec![(charge, Vec::new())],
                ..NewParts::default()
            },
            ..said.clone()
        }
    }
}

impl Model {
    fn package(&self, id: PackageId) -> Refusal<&Packed> {
        self.packages.get(&id).ok_or_else(|| vec![Fault::PackageNotFound { package: id }])
    }

    fn package_by_key(&self, key: &str) -> Option<PackageId> {
        self.packages.iter().find(|(_, made)| made.new.key.as_deref() == Some(key)).map(|(id, _)| *id)
    }

    /// The operation that a plan for the nth package comes to; now and then one for a package that there is not.
    pub fn resolved_of_package(&self, nth: usize, plan: &PackagePlan) -> Op {
        let known = self.packages.keys().nth(nth % self.packages.len().max(1)).filter(|_| nth < 4);
        let id = known.copied().unwrap_or_else(|| PackageId::from(counted(1)));
        match plan {
            PackagePlan::Archive => Op::ArchivePackage(id),
            PackagePlan::Contract(new) => {
                Op::CreateContract(Box::new(NewContract { package: Some(id), ..(**new).clone() }))
            }
        }
    }

    /// A contract is judged that starts on the day of the call; ids are issued for it, which nothing has then.
    pub fn create_package(&mut self, new: &NewPackage) -> Refusal<Answer> {
        let holder = new.key.as_deref().and_then(|key| self.package_by_key(key));
        let mut faults = self.wrong_key(new.key.as_ref(), holder.map(Into::into));
        let now = self.now();
        let today = format!("{}T00:00:00Z", &now.to_string()[..10]).parse().unwrap();
        let customer = CustomerId::from(Uuid::nil());
        let made = new.contract(&NewContract::new(customer, today));
        faults.extend((new.lasts == Some(0)).then(|| at("duration.value", not_a_value(&0))));
        faults.extend(wrong_days("net_payment_terms_days", made.days));
        let found = self.card_of(made.card.as_ref(), today, &mut faults);
        let (card_known, card) = (found.is_ok(), found.unwrap_or_default());
        let site = Site { customer, card, card_known, start: today, end: made.end, prefix: "" };
        self.additions(&site, &made.parts, &mut faults);
        self.issued += 1;
        let id = PackageId::from(counted(self.issued));
        let parts = [ManagedEntity::PackageCommit, ManagedEntity::PackageScheduledCharge];
        let parts = parts.map(|entity| self.fresh(entity));
        if !faults.is_empty() {
            return Err(faults);
        }
        for part in parts {
            self.adopt(part);
        }
        let revision = self.next(0);
        let packed = Packed { new: new.clone(), revision, made_at: now, archived_at: None };
        self.packages.insert(id, packed);
        Ok(Answer::Package(id))
    }

    pub fn archive_package(&mut self, id: PackageId) -> Refusal<Answer> {
        let before = self.package(id)?;
        if before.archived_at.is_some() {
            return Err(vec![Fault::PackageArchived { package: id }]);
        }
        let (revision, archived_at) = (self.next(before.revision), Some(self.now()));
        let packed = self.packages.get_mut(&id).unwrap();
        (packed.revision, packed.archived_at) = (revision, archived_at);
        Ok(Answer::Done)
    }

    /// A contract with what its package says.
    pub fn filled_in(&self, said: &NewContract, faults: &mut Vec<Fault>) -> NewContract {
        let Some(id) = said.package else { return said.clone() };
        match self.package(id) {
            Ok(package) => {
                faults.extend(package.archived_at.map(|_| at("package_id", not_a_value(&id))));
                package.new.contract(said)
            }
            Err(missing) => {
                faults.extend(missing);
                said.clone()
            }
        }
    }
}

/// Compares packages one by one, in lists and by key, and the lists of their contracts.
pub fn compare_packages(from: &impl Reading, model: &Model) {
    for filter in [ArchiveFilter::All, ArchiveFilter::NotArchived, ArchiveFilter::Archived] {
        let found: Vec<_> =
            every(2, |page| from.packages(filter, page)).into_iter().map(|made| made.id).collect();
        let known = model.packages.iter().filter(|(_, made)| admits(filter, made.archived_at.is_some()));
        assert_eq!(found, known.map(|(id, _)| *id).collect::<Vec<_>>());
    }
    for (id, made) in &model.packages {
        let package = from.package(*id).unwrap();
        let request = made.new.request();
        assert_eq!(package.terms, request.terms);
        assert_eq!(package.commits[0].part, request.commits[0]);
        assert_eq!(package.scheduled_charges[0].part, request.scheduled_charges[0]);
        assert_eq!((package.created_at, package.archived_at), (made.made_at, made.archived_at));
        for include_archived in [false, true] {
            let filter = ContractFilter { include_archived, ..ContractFilter::default() };
            let found = every(2, |page| from.package_contracts(*id, &filter, page));
            let found: Vec<_> = found.into_iter().map(|made| (made.contract_id, made.customer_id)).collect();
            let own = model.contracts().filter(|(contract, made)| {
                made.package == Some(*id)
                    && (include_archived || !model.instances[&(*contract).into()].archived)
            });
            assert_eq!(found, own.map(|(contract, made)| (contract, made.customer)).collect::<Vec<_>>());
        }
    }
    let missing = PackageId::from(counted(1));
    same(from.package(missing).map(drop), model.package(missing).map(drop));
    for key in UNIQUE {
        assert_eq!(from.package_by_key(key).unwrap(), model.package_by_key(key));
    }
}
