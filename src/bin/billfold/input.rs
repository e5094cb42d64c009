//! Files that commands read.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::Failure;

/// What is read, and how many bytes it has, where that is known.
pub struct Input {
    pub lines: Box<dyn BufRead>,
    pub bytes: Option<u64>,
}

/// Opens a file, or standard input, which is named -.
pub fn opened(file: &Path) -> Result<Input, Failure> {
    if file == Path::new("-") {
        return Ok(Input { lines: Box::new(io::stdin().lock()), bytes: None });
    }
    let failed = |error: io::Error| Failure::new(format_args!("{}: {error}", file.display()));
    let opened = File::open(file).map_err(failed)?;
    let about = opened.metadata().map_err(failed)?;
    if about.is_dir() {
        return Err(Failure::new(format_args!("{}: it is a folder", file.display())));
    }
    let bytes = about.is_file().then_some(about.len());
    Ok(Input { lines: Box::new(BufReader::new(opened)), bytes })
}
