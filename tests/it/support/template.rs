//! Packages, and the parts they consist of.

use billfold::prelude::*;

use super::ready::Ready;

/// The entities that packages consist of.
pub const PACKAGE_PARTS: [ManagedEntity; 4] = [
    ManagedEntity::PackageCommit,
    ManagedEntity::PackageCredit,
    ManagedEntity::PackageScheduledCharge,
    ManagedEntity::PackageSubscription,
];

/// A store that is ready for contracts, whose keys parts of packages have too.
pub fn ready() -> Ready {
    let ready = Ready::new();
    with_keys(&ready.store);
    ready
}

/// The keys that parts of contracts have, for those of packages.
pub fn with_keys(store: &Store) {
    for entity in PACKAGE_PARTS {
        store.add_key(entity, "slot", KeyKind::Enforced).unwrap();
        store.add_key(entity, "note", KeyKind::Indexed).unwrap();
    }
}

pub fn weeks(value: u32) -> RelativeDate {
    RelativeDate { value, unit: DurationUnit::Weeks }
}

pub fn segment(amount: i64, from: RelativeDate, lasts: RelativeDate) -> CreateAccessItem<RelativeDate> {
    CreateAccessItem { amount: amount.into(), starting_at: from, ending_before: lasts }
}

pub fn item(when: RelativeDate, amount: i64) -> CreateInvoiceItem<RelativeDate> {
    CreateInvoiceItem { timestamp: when, price: Amount::from(amount).into() }
}

/// Parts of packages, with the products of a store that is ready.
impl Ready {
    /// A prepaid commit for a contract's first year that is not charged.
    pub fn year_long(&self, amount: i64) -> CreateCommit<RelativeDate> {
        let year = segment(amount, RelativeDate::at_start(), RelativeDate::years(1));
        CreateCommit::prepaid(BalanceTerms::new(self.fixed), [year].into())
    }

    /// A credit for a contract's second month.
    pub fn welcome(&self, amount: i64) -> CreateCredit<RelativeDate> {
        let second = segment(amount, RelativeDate::months(1), RelativeDate::months(1));
        CreateCredit::new(BalanceTerms::new(self.fixed), [second].into())
    }

    /// A charge at a contract's start.
    pub fn set_up(&self, amount: i64) -> CreateScheduledCharge<RelativeDate> {
        CreateScheduledCharge::new(self.fixed, [item(RelativeDate::at_start(), amount)].into())
    }

    pub fn subscribed(&self, quantity: i64) -> CreateSubscription<RelativeDate> {
        CreateSubscription::new(SubscriptionTerms::new(self.seats, BillingFrequency::Monthly), quantity)
    }

    /// So much every month from a contract's start on.
    pub fn monthly(&self, amount: i64) -> CreateRecurring<RelativeDate> {
        let amount = RecurringAmount {
            unit_price: amount.into(),
            quantity: Some(1.into()),
            credit_type_id: CreditType::USD_CENTS,
        };
        CreateRecurring::from(RecurringTerms {
            recurrence_frequency: Some(RecurrenceFrequency::Monthly),
            ..RecurringTerms::new(BalanceTerms::new(self.fixed), amount, RelativeDate::at_start())
        })
    }

    /// 5 percent off what is tagged `cloud`.
    pub fn cheaper(&self) -> OverrideTerms<RelativeDate> {
        let cloud = OverrideSpecifier { product_tags: vec!["cloud".into()], ..Default::default() };
        OverrideTerms {
            override_type: Some(OverrideType::Multiplier),
            multiplier: Some("0.95".parse().unwrap()),
            override_specifiers: vec![cloud],
            ..OverrideTerms::new(RelativeDate::at_start())
        }
    }

    /// A package without parts, of contracts with the card.
    pub fn plan(&self, name: &str) -> CreatePackage {
        let rate_card = Some(CardChoice::Id(self.card));
        CreatePackage::from(PackageTerms { rate_card, ..PackageTerms::new(name) })
    }

    /// A package with one part of every kind; those with values have these.
    pub fn full_plan(&self, values: &CustomFields) -> CreatePackage {
        let custom_fields = || values.clone();
        CreatePackage {
            commits: vec![CreateCommit { custom_fields: custom_fields(), ..self.year_long(100) }],
            credits: vec![CreateCredit { custom_fields: custom_fields(), ..self.welcome(200) }],
            scheduled_charges: vec![CreateScheduledCharge {
                custom_fields: custom_fields(),
                ..self.set_up(300)
            }],
            subscriptions: vec![CreateSubscription { custom_fields: custom_fields(), ..self.subscribed(5) }],
            recurring_commits: vec![self.monthly(600)],
            recurring_credits: vec![self.monthly(700)],
            overrides: vec![self.cheaper()],
            ..self.plan("Full plan")
        }
    }

    /// A contract of a package from 1 November 2024 on.
    pub fn of_package(&self, package: PackageId) -> CreateContract {
        CreateContract {
            package: Some(PackageChoice::Id(package)),
            ..CreateContract::new(self.customer, super::catalog::at("2024-11-01T00:00:00Z"))
        }
    }
}
