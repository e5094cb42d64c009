//! Fixtures that call scripts make.

use std::io::BufRead;

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
}
