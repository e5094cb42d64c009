//! Which store a command works on, and how it is opened.

use std::path::PathBuf;

use billfold::{Error, Store, StoreOptions};
use clap::Args;

use crate::Failure;

/// The variable that names the store where no option does.
const VARIABLE: &str = "BILLFOLD_STORE";

/// Where the store is.
#[derive(Args)]
pub struct Place {
    /// The store's file. Where it is not given, BILLFOLD_STORE names it.
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
}

/// Where the store is, and whether it is looked at before it is opened.
#[derive(Args)]
pub struct At {
    #[command(flatten)]
    place: Place,
    /// Do not look first whether the store is whole.
    #[arg(long)]
    no_verify: bool,
}

impl Place {
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
    pub fn read_only(&self, options: StoreOptions) -> Result<Store, Failure> {
        options.open_read_only(self.path()?).map_err(|error| match error {
            Error::NotClosedCleanly { .. } => Failure::new(format_args!("{error}, as billfold stats does")),
            _ => Failure::new(error),
        })
    }

    /// The store that is there, to be written.
    pub fn existing(&self, options: StoreOptions) -> Result<Store, Failure> {
        let path = self.path()?;
        // What opens for writing makes a store where none is, and what opens for reading says so.
        match Store::open_read_only(&path).map(drop) {
            Ok(()) | Err(Error::NotClosedCleanly { .. }) => options.open(path).map_err(Failure::new),
            Err(error) => Err(Failure::new(error)),
        }
    }
}

impl At {
    pub fn named(&self) -> Option<PathBuf> {
        self.place.named()
    }

    pub fn path(&self) -> Result<PathBuf, Failure> {
        self.place.path()
    }

    /// What a store is opened with.
    pub fn options(&self) -> StoreOptions {
        StoreOptions::new().verify_on_open(!self.no_verify)
    }

    pub fn read_only(&self) -> Result<Store, Failure> {
        self.place.read_only(self.options())
    }

    pub fn existing(&self) -> Result<Store, Failure> {
        self.place.existing(self.options())
    }
}
