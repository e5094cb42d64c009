//! Arguments that several commands take.

use billfold::{Cursor, ManagedEntity, PageRequest};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// Takes the name of an entity, and names all of them where it is none.
pub fn entity() -> impl TypedValueParser<Value = ManagedEntity> {
    let names = ManagedEntity::ALL.map(ManagedEntity::name);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<ManagedEntity>())
}

/// Which page of a list is shown.
#[derive(Args)]
pub struct Paging {
    /// The most items to show.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    limit: u16,
    /// Go on behind a page: the text that stood at its end.
    #[arg(long, value_name = "CURSOR")]
    after: Option<Cursor>,
}

impl Paging {
    pub fn request(&self) -> PageRequest {
        PageRequest { limit: self.limit.into(), after: self.after.clone() }
    }

    /// Whether it is the first page.
    pub fn is_first(&self) -> bool {
        self.after.is_none()
    }
}
