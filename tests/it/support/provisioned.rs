//! A customer with a contract for the year 2025, and what its parts are made of.

use billfold::prelude::*;

use super::catalog::{at, cpu_hours, of_type, usage};

pub struct Provisioned {
    pub store: Store,
    pub clock: SetClock,
    pub customer: CustomerId,
    pub contract: ContractId,
    pub card: RateCardId,
    /// A usage product, tagged `cloud`, for 100 cents.
    pub usage: ContractProductId,
    pub fixed: ContractProductId,
    pub service: ContractProductId,
    /// For 1,000 cents a month.
    pub seats: ContractProductId,
}

/// Midnight of a day of 2025, such as `03-31`.
pub fn day(day: &str) -> Time {
    at(&format!("2025-{day}T00:00:00Z"))
}

pub fn number(text: &str) -> Amount {
    text.parse().unwrap()
}

pub fn provisioned() -> Provisioned {
    provisioned_in(StoreOptions::new())
}

/// In a store with these options. The clock stands at the contract's start.
pub fn provisioned_in(options: StoreOptions) -> Provisioned {
    let clock = SetClock::default();
    clock.set(day("01-01"));
    let store = options.clock_from(&clock).in_memory().unwrap();
    on(store, clock)
}

/// In that store, which goes by that clock.
pub fn on(store: Store, clock: SetClock) -> Provisioned {
    let customer = store.create_customer(CreateCustomer::default()).unwrap();
    let metric = cpu_hours(&store);
    let tagged = CreateProduct { tags: vec!["cloud".into()], ..usage(metric) };
    let product = |request| store.create_product(request).unwrap();
    let (usage, fixed) = (product(tagged), product(of_type(ProductType::Fixed)));
    let service = product(of_type(ProductType::ProService));
    let seats = product(of_type(ProductType::Subscription));
    let card = store.create_rate_card(CreateRateCard::default()).unwrap();
    let monthly = AddRate {
        billing_frequency: Some(BillingFrequency::Monthly),
        ..AddRate::new(seats, day("01-01"), Rate::flat(1_000.into()))
    };
    store.add_rates(card, [AddRate::new(usage, day("01-01"), Rate::flat(100.into())), monthly]).unwrap();
    let contract = store
        .create_contract(CreateContract {
            name: Some("a year".into()),
            rate_card: Some(CardChoice::Id(card)),
            ending_before: Some(at("2026-01-01T00:00:00Z")),
            ..CreateContract::new(customer, day("01-01"))
        })
        .unwrap();
    Provisioned { store, clock, customer, contract, card, usage, fixed, service, seats }
}

pub fn segment(amount: i64, from: Time, to: Time) -> CreateAccessItem {
    CreateAccessItem { amount: amount.into(), starting_at: from, ending_before: to }
}

pub fn charge(amount: i64, timestamp: Time) -> CreateInvoiceItem {
    CreateInvoiceItem { timestamp, price: Amount::from(amount).into() }
}

/// Five percent off from the contract's start on, for products with that tag.
pub fn five_percent_off(tag: &str) -> OverrideTerms {
    OverrideTerms {
        override_type: Some(OverrideType::Multiplier),
        multiplier: Some(number("0.95")),
        applicable_product_tags: vec![tag.into()],
        ..OverrideTerms::new(day("01-01"))
    }
}

impl Provisioned {
    pub fn edit(&self, edit: EditContract) -> Result<ContractEditId, Error> {
        self.store.edit_contract(self.contract, edit)
    }

    pub fn update(&self, updates: PartUpdates) -> Result<ContractEditId, Error> {
        self.edit(EditContract { updates, ..Default::default() })
    }

    pub fn now(&self) -> Contract {
        self.store.contract(self.contract).unwrap()
    }

    pub fn edits(&self) -> Vec<ContractEdit> {
        self.store.contract_edits(self.contract, &PageRequest::first(1_000)).unwrap().items
    }

    /// 1,000 dollars, paid at the start and to be drawn from in two halves of the year.
    pub fn commit(&self) -> CreateCommit {
        let halves = [
            segment(50_000, day("01-01"), day("07-01")),
            segment(50_000, day("07-01"), at("2026-01-01T00:00:00Z")),
        ];
        let charges = [charge(40_000, day("01-01")), charge(40_000, day("07-01"))];
        CreateCommit {
            invoice_schedule: Some(charges.into()),
            ..CreateCommit::prepaid(BalanceTerms::new(self.fixed), halves.into())
        }
    }

    /// 10 dollars, as the commit's halves.
    pub fn credit(&self) -> CreateCredit {
        CreateCredit::new(BalanceTerms::new(self.fixed), self.commit().access_schedule)
    }

    /// 100 dollars every month.
    pub fn monthly(&self) -> RecurringTerms {
        let amount = RecurringAmount {
            unit_price: 10_000.into(),
            quantity: Some(1.into()),
            credit_type_id: CreditType::USD_CENTS,
        };
        RecurringTerms {
            recurrence_frequency: Some(RecurrenceFrequency::Monthly),
            ..RecurringTerms::new(BalanceTerms::new(self.fixed), amount, day("01-01"))
        }
    }

    /// 7 dollars each quarter.
    pub fn quarterly(&self) -> CreateScheduledCharge {
        let dates = ["01-01", "04-01", "07-01", "10-01"].map(|date| charge(700, day(date)));
        CreateScheduledCharge::new(self.fixed, dates.into())
    }

    pub fn professional(&self) -> CreateProfessionalService {
        let service = ProfessionalService {
            product_id: self.service,
            description: None,
            unit_price: 5_000.into(),
            quantity: 2.into(),
            max_amount: 20_000.into(),
            netsuite_sales_order_id: None,
        };
        CreateProfessionalService { service, custom_fields: CustomFields::default() }
    }

    /// Three seats, every month.
    pub fn subscription(&self) -> CreateSubscription {
        CreateSubscription::new(SubscriptionTerms::new(self.seats, BillingFrequency::Monthly), 3)
    }

    /// An edit that adds one of every kind of part.
    pub fn one_of_each(&self) -> EditContract {
        EditContract {
            add_commits: vec![self.commit()],
            add_credits: vec![self.credit()],
            add_recurring_commits: vec![self.monthly().into()],
            add_recurring_credits: vec![self.monthly().into()],
            add_overrides: vec![five_percent_off("cloud")],
            add_scheduled_charges: vec![self.quarterly()],
            add_discounts: vec![self.quarterly()],
            add_professional_services: vec![self.professional()],
            add_subscriptions: vec![self.subscription()],
            ..Default::default()
        }
    }

    /// Everything that an edit could change, and figures of the file.
    pub fn everything(&self) -> String {
        let all =
            BalanceFilter { include_contract_balances: true, include_archived: true, ..Default::default() };
        let page = PageRequest::first(1_000);
        let store = &self.store;
        let balances = (
            store.commits(self.customer, &all, &page).unwrap(),
            store.credits(self.customer, &all, &page).unwrap(),
        );
        let all = ContractFilter { include_archived: true, ..Default::default() };
        let contracts = store.contracts(self.customer, &all, &page).unwrap();
        let stats = store.stats().unwrap();
        let rates = store.contract_rate_schedule(self.contract, day("02-01"), &[], &page).unwrap();
        let rows = super::catalog::everything(store);
        format!("{:?} {balances:?} {contracts:?} {rates:?} {stats:?} {rows}", self.edits())
    }
}

/// The fields that the faults of a call are about, which must have been refused.
#[track_caller]
pub fn fields<T: std::fmt::Debug>(result: Result<T, Error>) -> Vec<String> {
    let field = |fault: Fault| match fault {
        Fault::Field { field, .. }
        | Fault::ReferenceNotFound { field, .. }
        | Fault::ReferenceArchived { field, .. }
        | Fault::NameNotFound { field, .. } => field,
        other => other.to_string(),
    };
    super::faults(result).into_iter().map(field).collect()
}
