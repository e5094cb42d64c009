//! What commands print: one JSON document, or a table for people.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use billfold::Page;
use clap::Args;
use comfy_table::{Table, presets};
use serde::Serialize;
use serde_json::json;

use crate::Failure;

/// In which form a command answers.
#[derive(Args)]
pub struct Output {
    /// Print one JSON document, on one line, in place of a table.
    #[arg(long)]
    json: bool,
}

impl Output {
    /// Prints an answer in the form that is asked for.
    pub fn print(&self, answer: &impl Serialize, for_people: impl FnOnce() -> String) -> Result<(), Failure> {
        let text =
            if self.json { serde_json::to_string(answer).map_err(Failure::new)? } else { for_people() };
        said(writeln!(io::stdout(), "{}", text.trim_end()))
    }

    /// Prints a page: {"items":[...],"next":...}, or a table with the cursor of the next page below it.
    pub fn page<T: Serialize, const N: usize>(
        &self,
        page: &Page<T>,
        heads: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) -> Result<(), Failure> {
        self.print(&json!({"items": page.items, "next": page.next}), || {
            let mut text = table(heads, page.items.iter().map(row));
            if let Some(next) = &page.next {
                // A string takes all that is written to it.
                let _ = write!(text, "\nmore: --after {next}");
            }
            text
        })
    }
}

/// What came of writing to standard output. Where nobody reads on, the command has nothing more to say.
pub fn said(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format_args!("the answer cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// A table of rows with a head over each column; "none" where there is no row. Long texts are shown whole.
pub fn table<const N: usize>(heads: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(heads);
    for row in rows {
        table.add_row(row.map(|text| shown(&text)));
    }
    if table.is_empty() {
        return "none".to_owned();
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// A text as a cell has it: on one line, and with nothing in it that a terminal acts on.
pub fn shown(text: &str) -> String {
    if text.is_empty() {
        return "\"\"".to_owned();
    }
    let mut cell = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => cell.extend(character.escape_default()),
            _ if character.is_control() || turns_text(character) => cell.extend(character.escape_unicode()),
            _ => cell.push(character),
        }
    }
    cell
}

/// Whether it changes the direction of the text, or breaks the line, without being a control character.
fn turns_text(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_escaped_and_nothing_else() {
        assert_eq!(shown("a\tb\nc\u{1b}[31m\u{9b}\u{202e}x"), "a\\tb\\nc\\u{1b}[31m\\u{9b}\\u{202e}x");
        assert_eq!(shown("Straße 金 \\ \"x\""), "Straße 金 \\ \"x\"");
        assert_eq!(shown(""), "\"\"");
    }

    #[test]
    fn columns_are_as_wide_as_their_text_looks() {
        let rows = [["金".to_owned(), "x".to_owned()], ["tier".to_owned(), String::new()]];
        assert_eq!(table(["key", "value"], rows), "key   value\n金    x\ntier  \"\"");
        assert_eq!(table(["key"], []), "none");
        let long = "x".repeat(200);
        assert!(table(["key"], [[long.clone()]]).lines().any(|line| line == long));
    }
}
