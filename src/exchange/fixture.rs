//! Fixtures that call scripts and exports make.

use std::io::BufRead;

use super::import::ImportError;
use super::script::{Script, ScriptError};
use crate::model::scalar::Time;
use crate::store::{Fixture, SetClock, StoreOptions};

impl Fixture {
    /// A fixture of what a call script does (see [`Script`]) to an empty store whose clock stands at `now`; a
    /// `now` line in the script moves it. Feature `wire`.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let calls = r#"
    ///     {"path": "/v1/customFields/addKey", "body": {"entity": "customer", "key": "tier", "enforce_uniqueness": true}}
    ///     {"now": "2025-03-01T00:00:00Z"}
    ///     {"path": "/v1/customers", "body": {"name": "WidgetsExpress", "custom_fields": {"tier": "gold"}}}
    /// "#;
    /// let fixture = Fixture::from_script("2025-02-01T00:00:00Z".parse()?, calls.as_bytes())?;
    /// let store = fixture.fork()?;
    /// let id: CustomerId = store.find("tier", "gold")?.unwrap();
    /// assert_eq!(store.customer(id)?.created_at.to_string(), "2025-03-01T00:00:00Z");
    ///
    /// let refused = Fixture::from_script(fixture.now(), &br#"{"path": "/v1/customers", "body": {}}"#[..]);
    /// assert!(refused.unwrap_err().to_string().starts_with("line 1 was refused: "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ScriptError`], whose variants say at which line the script stopped: also where a call was refused.
    pub fn from_script(now: Time, calls: impl BufRead) -> Result<Self, ScriptError> {
        Self::from_script_with(StoreOptions::new(), now, calls)
    }

    /// Like [`from_script`](Self::from_script), with these options, as [`make_with`](Self::make_with) has them: such as
    /// [`adopt_unknown`](StoreOptions::adopt_unknown) for a script that names instances it did not make.
    ///
    /// # Errors
    /// As [`from_script`](Self::from_script).
    pub fn from_script_with(
        options: StoreOptions,
        now: Time,
        calls: impl BufRead,
    ) -> Result<Self, ScriptError> {
        let clock = SetClock::default();
        clock.set(now);
        Self::frozen(options, &clock, |store| Script::new(store).clock(&clock).run(calls, |_| Ok(())))
    }

    /// A fixture of what an [export](crate::Export) says, or lines of the same form that were written by hand (see
    /// [`Import`](crate::Import)). The clock stands at `now`; ids are counted on from those in the lines that are
    /// counted. Feature `wire`.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// let custom_fields = [("tier", "gold")].into();
    /// store.create_customer(CreateCustomer { name: "WidgetsExpress".into(), custom_fields, ..Default::default() })?;
    /// let mut lines = Vec::new();
    /// store.export(&mut lines)?;
    ///
    /// let fixture = Fixture::from_export("2025-02-01T00:00:00Z".parse()?, lines.as_slice())?;
    /// billfold::assert_same(&fixture.fork()?, &store);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ImportError`], whose message names the first line that was bad.
    pub fn from_export(now: Time, lines: impl BufRead) -> Result<Self, ImportError> {
        let clock = SetClock::default();
        clock.set(now);
        Self::frozen(StoreOptions::new(), &clock, |store| store.import(lines).map(drop))
    }
}
