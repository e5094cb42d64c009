//! A store with a customer, a rate card and products, that is ready for contracts.

use billfold::prelude::*;

use super::catalog::{at, cpu_hours, of_type, usage};

/// When everything is made here.
pub const MADE: &str = "2024-10-15T12:00:00Z";

/// A store that is ready for contracts, with a clock that stands still.
pub struct Ready {
    pub store: Store,
    pub clock: SetClock,
    /// WidgetsExpress.
    pub customer: CustomerId,
    /// `base_usage_products`: it has rates for `cloud`, and monthly ones for `seats`, from 2024 on.
    pub card: RateCardId,
    pub fixed: ContractProductId,
    pub cloud: ContractProductId,
    pub seats: ContractProductId,
    pub service: ContractProductId,
}

/// The entities that contracts consist of.
pub const PARTS: [ManagedEntity; 6] = [
    ManagedEntity::Commit,
    ManagedEntity::ContractCredit,
    ManagedEntity::ScheduledCharge,
    ManagedEntity::Discount,
    ManagedEntity::ProfessionalService,
    ManagedEntity::Subscription,
];

impl Ready {
    pub fn new() -> Self {
        let clock = SetClock::default();
        clock.set(at(MADE));
        let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
        for entity in PARTS.into_iter().chain([ManagedEntity::Contract]) {
            store.add_key(entity, "slot", KeyKind::Enforced).unwrap();
            store.add_key(entity, "note", KeyKind::Indexed).unwrap();
        }
        Self::on(store, clock, at("2024-01-01T00:00:00Z"), [30, 2_000])
    }

    /// In that store, which goes by that clock, with rates from a moment on: so much for `cloud`, and a month for
    /// `seats`.
    pub fn on(store: Store, clock: SetClock, since: Time, [cloud_price, seat_price]: [i64; 2]) -> Self {
        let widgets = CreateCustomer { name: "WidgetsExpress".into(), ..Default::default() };
        let customer = store.create_customer(widgets).unwrap();
        let metric = cpu_hours(&store);
        let cloud = CreateProduct { tags: vec!["cloud".into()], ..usage(metric) };
        let cloud = store.create_product(cloud).unwrap();
        let make = |product_type| store.create_product(of_type(product_type)).unwrap();
        let (fixed, seats, service) =
            (make(ProductType::Fixed), make(ProductType::Subscription), make(ProductType::ProService));
        let card = CreateRateCard { aliases: vec!["base_usage_products".into()], ..Default::default() };
        let card = store.create_rate_card(card).unwrap();
        let monthly = AddRate {
            billing_frequency: Some(BillingFrequency::Monthly),
            ..AddRate::new(seats, since, Rate::flat(seat_price.into()))
        };
        store.add_rates(card, [AddRate::new(cloud, since, Rate::flat(cloud_price.into())), monthly]).unwrap();
        Self { store, clock, customer, card, fixed, cloud, seats, service }
    }

    /// A contract from 1 November 2024 on, with the card and nothing else.
    pub fn plain(&self) -> CreateContract {
        CreateContract {
            rate_card: Some(CardChoice::Id(self.card)),
            ..CreateContract::new(self.customer, at("2024-11-01T00:00:00Z"))
        }
    }

    /// A prepaid commit for the year from 1 November 2024 on that is not charged.
    pub fn commit(&self, amount: i64) -> CreateCommit {
        CreateCommit::prepaid(BalanceTerms::new(self.fixed), year(amount))
    }

    pub fn credit(&self, amount: i64) -> CreateCredit {
        CreateCredit::new(BalanceTerms::new(self.fixed), year(amount))
    }

    /// A charge or discount on 1 November 2024.
    pub fn charge(&self, amount: i64) -> CreateScheduledCharge {
        CreateScheduledCharge::new(self.fixed, [item("2024-11-01T00:00:00Z", amount)].into())
    }

    pub fn professional_service(&self) -> CreateProfessionalService {
        CreateProfessionalService {
            service: ProfessionalService {
                product_id: self.service,
                description: None,
                unit_price: 5_000.into(),
                quantity: 10.into(),
                max_amount: 50_000.into(),
                netsuite_sales_order_id: None,
            },
            custom_fields: CustomFields::default(),
        }
    }

    pub fn subscription(&self, quantity: i64) -> CreateSubscription {
        CreateSubscription::new(SubscriptionTerms::new(self.seats, BillingFrequency::Monthly), quantity)
    }

    /// So much from 1 November 2024 on, as often as that.
    pub fn recurring(&self, amount: i64, often: RecurrenceFrequency) -> CreateRecurring {
        let amount = RecurringAmount {
            unit_price: amount.into(),
            quantity: Some(1.into()),
            credit_type_id: CreditType::USD_CENTS,
        };
        let terms = BalanceTerms::new(self.fixed);
        CreateRecurring::from(RecurringTerms {
            recurrence_frequency: Some(often),
            ..RecurringTerms::new(terms, amount, at("2024-11-01T00:00:00Z"))
        })
    }

    /// 5 percent off everything.
    pub fn discounted(&self) -> OverrideTerms {
        OverrideTerms {
            override_type: Some(OverrideType::Multiplier),
            multiplier: Some("0.95".parse().unwrap()),
            ..OverrideTerms::new(at("2024-11-01T00:00:00Z"))
        }
    }

    /// A contract with one part of every kind; the parts with values have `slot` and `note`.
    pub fn with_every_part(&self, slot: &str) -> CreateContract {
        let values = || CustomFields::from([("slot", slot), ("note", "told")]);
        CreateContract {
            commits: vec![CreateCommit { custom_fields: values(), ..self.commit(100) }],
            credits: vec![CreateCredit { custom_fields: values(), ..self.credit(200) }],
            scheduled_charges: vec![CreateScheduledCharge { custom_fields: values(), ..self.charge(300) }],
            discounts: vec![CreateScheduledCharge { custom_fields: values(), ..self.charge(-400) }],
            professional_services: vec![CreateProfessionalService {
                custom_fields: values(),
                ..self.professional_service()
            }],
            subscriptions: vec![CreateSubscription { custom_fields: values(), ..self.subscription(5) }],
            recurring_commits: vec![self.recurring(600, RecurrenceFrequency::Monthly)],
            recurring_credits: vec![self.recurring(700, RecurrenceFrequency::Monthly)],
            overrides: vec![self.discounted()],
            custom_fields: values(),
            ..self.plain()
        }
    }

    /// Everything that making a contract, commit or credit can change, and how many tables there are.
    pub fn everything(&self) -> String {
        let page = PageRequest::first(1_000);
        let mut all = everything(&self.store);
        for entity in PARTS.into_iter().chain([ManagedEntity::Contract]) {
            all += &format!("{:?}\n", self.store.find_ref(entity, "slot", "A").unwrap());
            all += &format!("{:?}\n", self.store.find_all_ref(entity, "note", "told", &page).unwrap());
        }
        all
    }

    /// The faults of a call that must have been refused and must have changed nothing, as text.
    #[track_caller]
    pub fn refused<T: std::fmt::Debug>(&self, call: impl FnOnce(&Store) -> Result<T, Error>) -> Vec<String> {
        let before = self.everything();
        let faults = super::faults(call(&self.store));
        assert_eq!(self.everything(), before, "a refused call changed something");
        faults.iter().map(ToString::to_string).collect()
    }
}

/// Everything that a call about contracts, commits or credits can change, and figures of the file.
pub fn everything(store: &Store) -> String {
    let page = PageRequest::first(1_000);
    let mut all = super::catalog::everything(store);
    let contracts = ContractFilter { include_archived: true, ..Default::default() };
    let balances =
        BalanceFilter { include_archived: true, include_contract_balances: true, ..Default::default() };
    for customer in store.entities(ManagedEntity::Customer, &page).unwrap().items {
        let customer = CustomerId::try_from(customer.id).unwrap();
        let contracts = store.contracts(customer, &contracts, &page).unwrap();
        for contract in &contracts.items {
            all += &format!("{:?}\n", store.contract_edits(contract.id, &page).unwrap());
        }
        all += &format!("{contracts:?}\n");
        all += &format!("{:?}\n", store.commits(customer, &balances, &page).unwrap());
        all += &format!("{:?}\n", store.credits(customer, &balances, &page).unwrap());
    }
    // But for what is in memory, which comes in because it was asked for.
    let stats = store.stats().unwrap();
    all + &format!("{:?} {:?} {:?}\n", stats.instances, (stats.values, stats.pages_in_use), stats.by_table)
}

/// That amount, to be drawn from in the year from 1 November 2024 on.
pub fn year(amount: i64) -> CreateAccessSchedule {
    [segment(amount, "2024-11-01T00:00:00Z", "2025-11-01T00:00:00Z")].into()
}

pub fn segment(amount: i64, from: &str, to: &str) -> CreateAccessItem {
    super::provisioned::segment(amount, at(from), at(to))
}

pub fn item(when: &str, amount: i64) -> CreateInvoiceItem {
    super::provisioned::charge(amount, at(when))
}

/// What the faults are told of: what stands in front of the first colon and space.
pub fn fields(faults: &[String]) -> Vec<&str> {
    faults.iter().map(|fault| fault.split_once(": ").map_or(fault.as_str(), |(field, _)| field)).collect()
}
