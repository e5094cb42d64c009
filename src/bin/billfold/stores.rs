//! Which store a command works on, and how it is opened.

use std::path::PathBuf;

use billfold::{Error, Store};
use clap::Args;

use crate::Failure;

/// The variable that names the store where no option does.
const VARIABLE: &str = "BILLFOLD_STORE";

/// Where the store is.
#[derive(Args)]
pub struct At {
    /// The store's file. Where it is not given, BILLFOLD_STORE names it.
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
}

impl At {
    /// The store's file, if it is named. An empty variable names none.
    pub fn named(&self) -> Option<PathBuf> {
        let by_variable = || std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        self.store.clone().or_else(by_variable)
    }

    /// The store's file.
    pub fn path(&self) -> Result<PathBuf, Failure> {
        let unnamed =
            || Failure::wrong_use(format_args!("which store? Give --store PATH, or set {VARIABLE}"));
        self.named().ok_or_else(unnamed)
    }

    /// The store that is there, to be read: others may read it at the same time.
    pub fn read_only(&self) -> Result<Store, Failure> {
        let path = self.path()?;
        Store::open_read_only(path).map_err(|error| match error {
            Error::NotClosedCleanly { .. } => Failure::new(format_args!("{error}, as billfold stats does")),
            _ => Failure::new(error),
        })
    }

    /// The store that is there, to be written.
    pub fn existing(&self) -> Result<Store, Failure> {
        let path = self.path()?;
        // What opens for writing makes a store where none is, and what opens for reading says so.
        match Store::open_read_only(&path).map(drop) {
            Ok(()) | Err(Error::NotClosedCleanly { .. }) => Store::open(path).map_err(Failure::new),
            Err(error) => Err(Failure::new(error)),
        }
    }
}
