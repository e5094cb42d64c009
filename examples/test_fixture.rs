//! A fixture in a test: what all tests begin with is made once, and each test has a store of its own.
//!
//! `cargo test --example test_fixture` runs the tests below; `cargo run --example test_fixture` shows what they rest on.

use billfold::prelude::*;

/// What every test begins with: a customer, with a contract that came of the opportunity `opp_01`.
fn sold() -> Result<Fixture, Error> {
    Fixture::make(Time::UNIX_EPOCH, |store| {
        store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
        store.add_key(ManagedEntity::Contract, "sfdc_opportunity_id", KeyKind::Enforced)?;
        let customer = store.create_customer(CreateCustomer {
            name: "WidgetsExpress".into(),
            custom_fields: [("x_account_id", "KyVnHhSBWl7eY2bl")].into(),
            ..CreateCustomer::default()
        })?;
        let contract = store.create_contract(CreateContract::new(customer, Time::UNIX_EPOCH))?;
        store.set_values(contract, [("sfdc_opportunity_id", "opp_01")]).map(drop)
    })
}

/// The application's own code, which the tests try: gives the contract of one opportunity to another.
fn reassign(store: &Store, from: &str, to: &str) -> Result<Option<ContractId>, Error> {
    store.write(|tx| {
        let contract: Option<ContractId> = tx.find("sfdc_opportunity_id", from)?;
        if let Some(contract) = contract {
            tx.set_values(contract, [("sfdc_opportunity_id", to)])?;
        }
        Ok(contract)
    })
}

fn main() -> Result<(), Error> {
    let fixture = sold()?;
    let [one, other] = [fixture.fork()?, fixture.fork()?];
    reassign(&one, "opp_01", "opp_02")?;
    for (name, store) in [("the fork that was written to", &one), ("another one", &other)] {
        for opportunity in ["opp_01", "opp_02"] {
            let contract: Option<ContractId> = store.find("sfdc_opportunity_id", opportunity)?;
            let contract = contract.map_or_else(|| "nothing".to_owned(), |contract| contract.to_string());
            println!("{name}: {opportunity} leads to {contract}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    static SOLD: LazyLock<Fixture> = LazyLock::new(|| sold().unwrap());

    #[test]
    fn the_contract_goes_to_the_new_opportunity() {
        let store = SOLD.fork().unwrap();
        let contract = reassign(&store, "opp_01", "opp_02").unwrap();
        assert_eq!(contract.unwrap().to_string(), "00000000-0000-7000-8000-000000000004");
        assert_eq!(store.find("sfdc_opportunity_id", "opp_02").unwrap(), contract);
        assert_eq!(store.find::<ContractId>("sfdc_opportunity_id", "opp_01").unwrap(), None);
    }

    /// Two forks of one fixture hold the same ids and times, so that all that two ways to do a thing leave can be
    /// compared. With the feature `wire`.
    #[cfg(feature = "wire")]
    #[test]
    fn a_contract_that_goes_there_and_back_is_as_it_was_before() {
        let (moved, untouched) = (SOLD.fork().unwrap(), SOLD.fork().unwrap());
        reassign(&moved, "opp_01", "opp_02").unwrap();
        assert_eq!(
            billfold::difference(&moved, &untouched).unwrap().to_string(),
            "contract 00000000-0000-7000-8000-000000000004: \
             custom_fields.sfdc_opportunity_id: \"opp_02\" / \"opp_01\""
        );
        reassign(&moved, "opp_02", "opp_01").unwrap();
        billfold::assert_same(&moved, &untouched);
    }

    #[test]
    fn an_unknown_opportunity_changes_nothing() {
        let store = SOLD.fork().unwrap();
        assert_eq!(reassign(&store, "opp_03", "opp_02").unwrap(), None);
        assert!(store.find::<ContractId>("sfdc_opportunity_id", "opp_01").unwrap().is_some());
        #[cfg(feature = "wire")]
        billfold::assert_same(&store, &SOLD.fork().unwrap());
    }
}
