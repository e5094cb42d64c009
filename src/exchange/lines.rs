//! Text files of one thing a line, read with a limit on each.

use std::io::{self, BufRead, Read as _};

/// Why a line is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadText(pub String);

/// The lines of a reader, one at a time in the same memory.
pub struct Lines<R> {
    from: R,
    most: usize,
    line: Vec<u8>,
    /// How many lines were read.
    pub number: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl<R: BufRead> Lines<R> {
    /// Lines of at most so many bytes.
    pub const fn new(from: R, most: usize) -> Self {
        Self { from, most, line: Vec::new(), number: 0, bytes: 0 }
    }

    /// Reads the next line. False at the end.
    pub fn advance(&mut self) -> io::Result<bool> {
        // A line that is too long is read to its end only by whoever goes on behind it: it may have none.
        if self.is_too_long() && self.line.last() != Some(&b'\n') {
            self.bytes += self.pass_over()?;
        }
        self.line.clear();
        let most = u64::try_from(self.most).unwrap_or(u64::MAX).saturating_add(2);
        let read = self.from.by_ref().take(most).read_until(b'\n', &mut self.line)?;
        self.bytes += u64::try_from(read).unwrap_or(u64::MAX);
        if read == 0 {
            return Ok(false);
        }
        self.number += 1;
        Ok(true)
    }

    fn is_too_long(&self) -> bool {
        self.line.strip_suffix(b"\n").unwrap_or(&self.line).len() > self.most
    }

    /// Reads to the end of the line and keeps nothing of it.
    fn pass_over(&mut self) -> io::Result<u64> {
        let mut passed = 0;
        loop {
            let some = self.from.fill_buf()?;
            let end = some.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(some.len(), |end| end + 1);
            if length == 0 {
                return Ok(passed);
            }
            self.from.consume(length);
            passed += u64::try_from(length).unwrap_or(u64::MAX);
            if end.is_some() {
                return Ok(passed);
            }
        }
    }

    /// How the line begins: all of it, where it is not too long.
    pub fn beginning(&self) -> &[u8] {
        &self.line
    }

    /// The text of the line, without the spaces around it.
    pub fn text(&self) -> Result<&str, BadText> {
        if self.is_too_long() {
            return Err(too_long(self.most));
        }
        let line = std::str::from_utf8(&self.line)
            .map_err(|error| BadText(format!("it is not UTF-8 from byte {} on", error.valid_up_to())))?;
        Ok(line.trim_matches([' ', '\t', '\r', '\n']))
    }
}

pub fn too_long(most: usize) -> BadText {
    BadText(format!("it has more than {most} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_the_next_one_read() {
        let text = format!("ab\n{}\n cd \r\n\u{fe}", "x".repeat(40_000));
        let mut bytes = text.into_bytes();
        bytes.extend([b'\n', 0xFF]);
        let length = bytes.len();
        let mut lines = Lines::new(io::BufReader::with_capacity(7, bytes.as_slice()), 8);
        let mut seen = Vec::new();
        while lines.advance().unwrap() {
            seen.push((lines.number, lines.text().map(str::to_owned).map_err(|bad| bad.0)));
        }
        let bad = |what: &str| Err(what.to_owned());
        assert_eq!(
            seen,
            [
                (1, Ok("ab".to_owned())),
                (2, bad("it has more than 8 bytes")),
                (3, Ok("cd".to_owned())),
                (4, Ok("\u{fe}".to_owned())),
                (5, bad("it is not UTF-8 from byte 0 on")),
            ]
        );
        assert_eq!(lines.bytes, u64::try_from(length).unwrap());
    }
}
