//! The calls that read contracts, commits and credits, and what follows from them.

use std::collections::{BTreeMap, BTreeSet};

use super::read::sealed::Source;
use super::{
    Snapshot, Store, Transaction, balances, contract_answers, contract_edits, contract_read,
    contract_schedules, contracts, net_balances,
};
use crate::entity::{CommitId, ContractCreditId, ContractId, CustomerId, EntityRef, SubscriptionId};
use crate::error::Result;
use crate::id::ContractEditId;
use crate::model::balance::{BalanceFilter, Commit, Credit};
use crate::model::charge::Charge;
use crate::model::contract::{Contract, ContractFilter, ContractOrigin};
use crate::model::contract_edit::ContractEdit;
use crate::model::contract_rate::{ContractRate, ContractRateSegment, RateQuestion};
use crate::model::net_balance::NetBalanceQuestion;
use crate::model::page::{Page, PageRequest};
use crate::model::rate::RateSelector;
use crate::model::recurring::{Grant, GrantsOf};
use crate::model::scalar::{Amount, Time};
use crate::model::statement::StatementPeriod;
use crate::model::subscription::QuantitySegment;
use crate::model::usage_filter::UsageOf;
use crate::storage::versions::AsOf;

impl ReadingContracts for Store {}
impl ReadingContracts for Snapshot {}
impl ReadingContracts for Transaction<'_> {}

/// The calls that read contracts, commits and credits, and what follows from them: part of
/// [`Reading`](crate::Reading).
///
/// # Errors
/// As [`Reading`](crate::Reading).
pub trait ReadingContracts: Source {
    /// A contract with all of its parts and their values, of one moment.
    ///
    /// # Errors
    /// A refusal where there is no such contract, or it was taken in with nothing but its id.
    fn contract(&self, id: ContractId) -> Result<Contract> {
        self.reading(|reader| contract_read::get(reader, id, AsOf::Now))
    }

    /// A contract as it was at a moment: with the parts it had, as its edits had left them. Values of custom
    /// fields are those of now, because they are no part of edits.
    ///
    /// It is read from the contract's own versions, so that it does not depend on the journal.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let clock = SetClock::default();
    /// clock.set("2025-01-01T00:00:00Z".parse()?);
    /// let store = StoreOptions::new().clock_from(&clock).in_memory()?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let contract = store.create_contract(CreateContract::new(customer, "2024-11-01T00:00:00Z".parse()?))?;
    /// let at_first = store.contract(contract)?;
    /// clock.set("2025-01-01T00:01:00Z".parse()?);
    /// let rename = EditContract { update_contract_name: Some(Some("Enterprise".into())), ..Default::default() };
    /// store.edit_contract(contract, rename)?;
    /// assert_eq!(store.contract_as_of(contract, "2025-01-01T00:00:00Z".parse()?)?, at_first);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`contract`](Self::contract), and where the contract was made later.
    fn contract_as_of(&self, id: ContractId, time: Time) -> Result<Contract> {
        self.reading(|reader| contract_read::as_of(reader, id, time))
    }

    /// Contracts of a customer that a filter lets through, in order of their starts, a page at a time.
    ///
    /// # Errors
    /// A refusal where there is no such customer, where the filter has both dates, where the page's limit is not 1
    /// to 1,000, or where its cursor belongs to another question.
    fn contracts(
        &self,
        customer: CustomerId,
        filter: &ContractFilter,
        page: &PageRequest,
    ) -> Result<Page<Contract>> {
        self.reading(|reader| contracts::page(reader, customer, filter, page))
    }

    /// The edits of a contract, the oldest first, a page at a time: with every change of its end, its usage filter,
    /// and its archiving.
    ///
    /// # Errors
    /// As [`contract`](Self::contract), and where the page's limit is not 1 to 1,000, or its cursor belongs to
    /// another question.
    fn contract_edits(&self, id: ContractId, page: &PageRequest) -> Result<Page<ContractEdit>> {
        self.reading(|reader| contract_edits::page(reader, id, page))
    }

    /// The contract that was made with a uniqueness key; `None` where none was.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let new = CreateContract {
    ///     uniqueness_key: Some("order 7".into()),
    ///     ..CreateContract::new(customer, "2024-11-01T00:00:00Z".parse()?)
    /// };
    /// let contract = store.create_contract(new.clone())?;
    /// assert_eq!(store.create_contract(new).unwrap_err().to_string(), "This uniqueness key has already been used.");
    /// assert_eq!(store.contract_by_key("order 7")?, Some(contract));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Reading`](crate::Reading).
    fn contract_by_key(&self, uniqueness_key: &str) -> Result<Option<ContractId>> {
        self.reading(|reader| contracts::by_key(reader, uniqueness_key))
    }

    /// The edit of a contract that was made with a uniqueness key; `None` where none was.
    ///
    /// # Errors
    /// As [`Reading`](crate::Reading).
    fn contract_edit_by_key(&self, uniqueness_key: &str) -> Result<Option<ContractEditId>> {
        self.reading(|reader| contract_edits::by_key(reader, uniqueness_key))
    }

    /// The commit or credit that was made with a uniqueness key; `None` where none was.
    ///
    /// # Errors
    /// As [`Reading`](crate::Reading).
    fn balance_by_key(&self, uniqueness_key: &str) -> Result<Option<EntityRef>> {
        self.reading(|reader| balances::by_key(reader, uniqueness_key))
    }

    /// A commit, of a customer or of a contract.
    ///
    /// # Errors
    /// A refusal where there is no such commit, or it was taken in with nothing but its id.
    fn commit(&self, id: CommitId) -> Result<Commit> {
        self.reading(|reader| balances::get(reader, id))
    }

    /// A credit, of a customer or of a contract.
    ///
    /// # Errors
    /// A refusal where there is no such credit, or it was taken in with nothing but its id.
    fn credit(&self, id: ContractCreditId) -> Result<Credit> {
        self.reading(|reader| balances::get(reader, id))
    }

    /// Commits of a customer that a filter lets through, in order of their ids, a page at a time.
    ///
    /// # Errors
    /// A refusal where there is no such customer, where the page's limit is not 1 to 1,000, or where its cursor
    /// belongs to another question.
    fn commits(
        &self,
        customer: CustomerId,
        filter: &BalanceFilter,
        page: &PageRequest,
    ) -> Result<Page<Commit>> {
        self.reading(|reader| balances::page(reader, customer, filter, page))
    }

    /// Credits of a customer that a filter lets through, in order of their ids, a page at a time.
    ///
    /// # Errors
    /// As [`commits`](Self::commits).
    fn credits(
        &self,
        customer: CustomerId,
        filter: &BalanceFilter,
        page: &PageRequest,
    ) -> Result<Page<Credit>> {
        self.reading(|reader| balances::page(reader, customer, filter, page))
    }

    /// What a customer's commits and credits give together at this moment, the store's or the snapshot's, in one
    /// credit type: all of them, or those that a filter lets through. Source: `metronome-api.md` §1.10.
    ///
    /// It is what is committed, because nothing is drawn from it here: the amounts of the segments that are open now,
    /// of the customer's own commits and credits and of those of its contracts, and the amounts of the
    /// [grants](Self::grants) of its contracts' recurring ones that can be drawn from now. POSTPAID commits count too,
    /// unless a filter says otherwise. Archived ones do not, nor what archived contracts have, nor what another
    /// customer shares, nor those from which usage takes [units](crate::AccessType::Quantity), which are no amounts of
    /// a credit type. What together needs more than 28 digits is rounded once, to the even one of the two nearest.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use billfold::TimeError;
    ///
    /// let clock = SetClock::default();
    /// clock.set("2024-12-01T00:00:00Z".parse()?);
    /// let store = StoreOptions::new().clock_from(&clock).in_memory()?;
    /// store.add_key(ManagedEntity::ContractCredit, "campaign", KeyKind::Unindexed)?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let product_type = ProductType::Fixed;
    /// let product = store.create_product(CreateProduct { product_type, ..Default::default() })?;
    /// let terms = BalanceTerms { priority: Some(1.into()), ..BalanceTerms::new(product) };
    /// let this_year = |amount: i64| -> Result<CreateAccessSchedule, TimeError> {
    ///     let (starting_at, ending_before) = ("2024-11-01T00:00:00Z".parse()?, "2025-11-01T00:00:00Z".parse()?);
    ///     Ok([CreateAccessItem { amount: amount.into(), starting_at, ending_before }].into())
    /// };
    /// let commit = CreateCommit::prepaid(terms.clone(), this_year(100_000)?);
    /// store.create_commit(CustomerLevel::new(customer), commit)?;
    /// let free_trial = [("campaign", "free-trial")].into();
    /// let credit = CreateCredit { custom_fields: free_trial, ..CreateCredit::new(terms, this_year(2_500)?) };
    /// store.create_credit(CustomerLevel::new(customer), credit)?;
    ///
    /// assert_eq!(store.net_balance(customer, &NetBalanceQuestion::default())?, 102_500.into());
    /// let custom_fields = [("campaign".to_owned(), "free-trial".to_owned())].into();
    /// let free_trials = NetBalanceFilter { custom_fields, ..Default::default() };
    /// let question = NetBalanceQuestion { filters: vec![free_trials], ..Default::default() };
    /// assert_eq!(store.net_balance(customer, &question)?, 2_500.into());
    /// clock.set("2025-11-01T00:00:00Z".parse()?);
    /// assert_eq!(store.net_balance(customer, &question)?, 0.into());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such customer; where a filter names a key that neither commits nor credits have
    /// registered; where there are more than 100 filters, or one has more than 1,000 ids or values; and where the
    /// balance has more than 28 digits before its point.
    fn net_balance(&self, customer: CustomerId, question: &NetBalanceQuestion) -> Result<Amount> {
        let now = self.now();
        self.reading(|reader| net_balances::net_balance(reader, customer, question, now))
    }

    /// What a contract was made with: whose it is, and what else never changes. Reads nothing of its parts.
    ///
    /// # Errors
    /// A refusal where there is no such contract, or it was taken in with nothing but its id.
    fn contract_origin(&self, id: ContractId) -> Result<ContractOrigin> {
        self.reading(|reader| contract_read::known(reader, id).map(|(_, origin)| origin))
    }

    /// The contracts that usage of a moment counts on, by their starts: those in force then, but for those with a
    /// usage filter that the properties do not pass. Source: the seed "Provision a customer".
    ///
    /// The usage is a customer's, or that of whoever has an ingest alias now; it counts on none where nobody has.
    /// Archived contracts take no usage in.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let ingest_aliases = vec!["team@widgetsexpress.com".to_owned()];
    /// let customer = store.create_customer(CreateCustomer { ingest_aliases, ..Default::default() })?;
    /// let start = "2024-10-01T00:00:00Z".parse()?;
    /// let us = store.create_contract(CreateContract {
    ///     usage_filter: Some(UsageFilter::new("region", ["US"], start)),
    ///     ..CreateContract::new(customer, start)
    /// })?;
    /// let everything = store.create_contract(CreateContract::new(customer, start))?;
    /// let in_region = |region: &str| [("region".to_owned(), region.to_owned())].into();
    /// assert_eq!(store.contracts_for_usage(customer, start, &in_region("US"))?, [us, everything]);
    /// assert_eq!(store.contracts_for_usage("team@widgetsexpress.com", start, &in_region("EU"))?, [everything]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such customer.
    fn contracts_for_usage(
        &self,
        of: impl Into<UsageOf>,
        moment: Time,
        properties: &BTreeMap<String, String>,
    ) -> Result<Vec<ContractId>> {
        self.reading(|reader| contract_answers::for_usage(reader, &of.into(), moment, properties))
    }

    /// What a unit of a product costs on a contract at a moment: the card's rate, and what the contract's
    /// overrides make of it; `None` where the contract or a rate of its card is not in force then.
    /// [`ContractRate`] says which override wins.
    ///
    /// # Errors
    /// A refusal where there is no such contract or product, or the contract was taken in with nothing but its id;
    /// where a price that an override makes needs more than 28 digits before its point.
    fn rate(
        &self,
        contract: ContractId,
        question: &RateQuestion,
        moment: Time,
    ) -> Result<Option<ContractRate>> {
        self.reading(|reader| contract_answers::rate(reader, contract, question, moment))
    }

    /// The rates that are in force on a contract at a moment, of products that are part of it, a page at a time; all
    /// where no selector is given, and those that one of the selectors fits otherwise. A page can hold fewer than
    /// its limit and still have a next one.
    ///
    /// # Errors
    /// As [`rate`](Self::rate), and where the page's limit is not 1 to 1,000, or its cursor belongs to another
    /// question.
    fn contract_rate_schedule(
        &self,
        contract: ContractId,
        moment: Time,
        selectors: &[RateSelector],
        page: &PageRequest,
    ) -> Result<Page<ContractRateSegment>> {
        self.reading(|reader| contract_answers::rates(reader, contract, moment, selectors, page))
    }

    /// The grants of a recurring commit or credit of a contract that begin before a moment, the first one first, a
    /// page at a time.
    ///
    /// A grant goes by the updates that were made before it began. With a subscription behind it, the quantity is
    /// the subscription's at the grant's start.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let product_type = ProductType::Fixed;
    /// let product = store.create_product(CreateProduct { product_type, ..Default::default() })?;
    /// let start = "2025-01-31T00:00:00Z".parse()?;
    /// let hundred_dollars = RecurringAmount {
    ///     unit_price: 10_000.into(),
    ///     quantity: Some(1.into()),
    ///     credit_type_id: CreditType::USD_CENTS,
    /// };
    /// let terms = RecurringTerms {
    ///     recurrence_frequency: Some(RecurrenceFrequency::Monthly),
    ///     ..RecurringTerms::new(BalanceTerms::new(product), hundred_dollars, start)
    /// };
    /// let contract = store.create_contract(CreateContract {
    ///     recurring_credits: vec![CreateRecurring::from(terms)],
    ///     ..CreateContract::new(customer, start)
    /// })?;
    /// let credit = store.contract(contract)?.recurring_credits[0].id;
    /// let grants = store.grants(contract, credit, "2025-05-01T00:00:00Z".parse()?, &PageRequest::default())?;
    /// let starts: Vec<_> = grants.items.iter().map(|grant| grant.starting_at.to_string()).collect();
    /// let month_ends = ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"];
    /// assert_eq!(starts, month_ends.map(|day| format!("{day}T00:00:00Z")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such contract, or no such recurring commit or credit in it; where the page's
    /// limit is not 1 to 1,000, or its cursor belongs to another question.
    fn grants(
        &self,
        contract: ContractId,
        of: impl Into<GrantsOf>,
        before: Time,
        page: &PageRequest,
    ) -> Result<Page<Grant>> {
        self.reading(|reader| contract_schedules::grants(reader, contract, of.into(), before, page))
    }

    /// How many there are of a subscription, and when: from its start to its end, or its contract's.
    ///
    /// # Errors
    /// A refusal where there is no such subscription, or it was taken in with nothing but its id.
    fn subscription_quantities(&self, id: SubscriptionId) -> Result<Vec<QuantitySegment>> {
        self.reading(|reader| contract_schedules::quantities(reader, id))
    }

    /// The seats that a subscription has at a moment; none where a number says how many there are.
    ///
    /// # Errors
    /// As [`subscription_quantities`](Self::subscription_quantities).
    fn subscription_seats(&self, id: SubscriptionId, moment: Time) -> Result<BTreeSet<String>> {
        self.reading(|reader| contract_schedules::seats(reader, id, moment))
    }

    /// The periods of a contract's usage statements that begin before a moment, the first one first, a page at a time.
    /// Source: `metronome-api.md` §6.2.
    ///
    /// They tile the contract: the first one begins with it, or where its usage begins to be invoiced, each other
    /// one where the one before ends, and the last one ends with it.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let contract = store.create_contract(CreateContract {
    ///     usage_statement_schedule: Some(CreateStatementSchedule {
    ///         day: StatementDay::CustomDate,
    ///         billing_anchor_date: Some("2024-09-10T00:00:00Z".parse()?),
    ///         ..Default::default()
    ///     }),
    ///     ..CreateContract::new(customer, "2024-09-15T00:00:00Z".parse()?)
    /// })?;
    /// let before = "2024-11-01T00:00:00Z".parse()?;
    /// let periods = store.statement_periods(contract, before, &PageRequest::default())?.items;
    /// let ends: Vec<_> = periods.iter().map(|period| period.ending_before.to_string()).collect();
    /// assert_eq!(ends, ["2024-10-10T00:00:00Z", "2024-11-10T00:00:00Z"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`contract`](Self::contract), and where the page's limit is not 1 to 1,000, or its cursor belongs to
    /// another question.
    fn statement_periods(
        &self,
        contract: ContractId,
        before: Time,
        page: &PageRequest,
    ) -> Result<Page<StatementPeriod>> {
        self.reading(|reader| contract_schedules::statement_periods(reader, contract, before, page))
    }

    /// What a measured quantity of a product comes to on a contract at a moment: converted and rounded as the
    /// product says then, at the [rate](Self::rate) in force; `None` where there is none, or the product is no part of
    /// the contract then. Of a share, the quantity is what it is a share of.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let product_type = ProductType::Fixed;
    /// let product = store.create_product(CreateProduct { product_type, ..Default::default() })?;
    /// let card = store.create_rate_card(CreateRateCard::default())?;
    /// let start = "2025-01-01T00:00:00Z".parse()?;
    /// let first_hundred = Tier { size: Some(100.into()), price: 10.into() };
    /// let rate = Rate::tiered([first_hundred, Tier { size: None, price: 5.into() }]);
    /// store.add_rate(card, AddRate::new(product, start, rate))?;
    /// let contract = store.create_contract(CreateContract {
    ///     rate_card: Some(CardChoice::Id(card)),
    ///     ..CreateContract::new(customer, start)
    /// })?;
    /// let charge = store.charge(contract, &RateQuestion::new(product), 150.into(), start)?.ok_or("no rate")?;
    /// assert_eq!(charge.total, 1_250.into());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`rate`](Self::rate); where the quantity is negative, the amount has more than 28 digits before its point,
    /// or the rate is CUSTOM or TIERED_PERCENTAGE, whose amount is for the caller to say.
    fn charge(
        &self,
        contract: ContractId,
        question: &RateQuestion,
        raw: Amount,
        moment: Time,
    ) -> Result<Option<Charge>> {
        self.reading(|reader| contract_answers::charge(reader, contract, question, raw, moment))
    }
}
