//! A row as a hand writes it for a store of bytes: a length and a text for each value.

use anyhow::{Context as _, Result};

use super::Values;
use crate::plan::{ACCOUNT, FIELDS, Fields};

/// The values of a row, in the order of their keys.
pub struct Record<'a>([&'a str; 4]);

impl<'a> Record<'a> {
    pub fn new(account: &'a str, [tier, region, owner]: &'a Fields) -> Self {
        Self([account, tier, region, owner])
    }

    /// The row in these bytes, behind a header.
    pub fn decode(row: &'a [u8], header: usize) -> Result<Self> {
        let mut rest = row.get(header..).context("a row shorter than its header")?;
        let mut texts = [""; 4];
        for text in &mut texts {
            let (len, behind) = rest.split_first().context("a row without its texts")?;
            let (bytes, behind) = behind.split_at_checked(usize::from(*len)).context("a row cut off")?;
            *text = std::str::from_utf8(bytes)?;
            rest = behind;
        }
        Ok(Self(texts))
    }

    pub const fn account(&self) -> &'a str {
        self.0[0]
    }

    pub const fn fields(&self) -> [&'a str; 3] {
        let [_, tier, region, owner] = self.0;
        [tier, region, owner]
    }

    /// Writes the row over `out`, behind a header of so many zeroes.
    pub fn encode(&self, header: usize, out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        out.resize(header, 0);
        for text in self.0 {
            out.push(u8::try_from(text.len())?);
            out.extend_from_slice(text.as_bytes());
        }
        Ok(())
    }

    pub fn values(&self) -> Values {
        let keys = [ACCOUNT].into_iter().chain(FIELDS);
        keys.zip(self.0).map(|(key, text)| (key.to_owned(), text.to_owned())).collect()
    }
}

/// The key of an index row of a value that many may hold: the value, an end, the holder.
pub fn listed(value: &str, id: &[u8; 16]) -> Vec<u8> {
    [value.as_bytes(), &[0], id].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Ids, Plan};

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let row = Plan { n: 1, ids: Ids::Ordered }.row(0);
        let mut bytes = vec![9; 3];
        Record::new(&row.account, &row.fields).encode(12, &mut bytes).unwrap();
        let read = Record::decode(&bytes, 12).unwrap();
        assert_eq!(read.account(), row.account);
        assert_eq!(read.values().len(), 4);
        assert_eq!(read.values()["owner"], "owner 0");
        assert!(Record::decode(&bytes[..20], 12).is_err());
    }
}
