//! Values that an error has and does not show.

use std::fmt;
use std::ops::Deref;

/// A value of a custom field that whoever made the call did not pass in. It can be read, and is withheld from what is written
/// about the error, by `Debug` too: a log is no place for what customers' fields hold.
///
/// ```
/// use billfold::Withheld;
///
/// let value = Withheld::from("sfdc1001".to_owned());
/// assert_eq!(&*value, "sfdc1001");
/// assert_eq!(format!("{value:?}"), "(withheld)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Withheld(String);

impl Withheld {
    /// The value.
    #[must_use]
    pub fn into_inner(self) -> String {
        self.0
    }
}

impl From<String> for Withheld {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl Deref for Withheld {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(withheld)")
    }
}
