//! A file that is written beside the place it is for, and has its name only when it is whole.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::Failure;

/// A file that is being written. It is gone where it is not put in its place.
pub struct Beside {
    file: PathBuf,
    /// Whether a file that is there may be replaced.
    force: bool,
    written: NamedTempFile,
}

impl Beside {
    /// Begins a file that is to be there. What is there already is replaced only by force, and never the store.
    pub fn new(file: &Path, force: bool, store: &Path) -> Result<Self, Failure> {
        let refused = |why: &str| Failure::new(format_args!("{}: {why}", file.display()));
        let failed = |error: io::Error| refused(&error.to_string());
        let file = match fs::canonicalize(file) {
            Ok(there) if fs::canonicalize(store).is_ok_and(|store| store == there) => {
                return Err(refused("it is the store itself"));
            }
            Ok(there) if !there.is_file() => return Err(refused("it is no file that could be replaced")),
            Ok(_) if !force => return Err(refused("it is there already; --force replaces it")),
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => file.to_owned(),
            Err(error) => return Err(failed(error)),
        };
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        // What a store holds is its owner's alone, as such files are.
        let written = Builder::new()
            .prefix(".billfold-")
            .suffix(".part")
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map_err(failed)?;
        Ok(Self { file, force, written })
    }

    pub fn writer(&mut self) -> impl Write {
        BufWriter::new(&mut self.written)
    }

    /// Puts what was written in its place, on disk.
    pub fn put(self) -> Result<(), Failure> {
        let Self { file, force, written } = self;
        let failed = |error: io::Error| Failure::new(format_args!("{}: {error}", file.display()));
        written.as_file().sync_all().map_err(failed)?;
        let put = if force { written.persist(&file) } else { written.persist_noclobber(&file) };
        put.map(drop).map_err(|error| failed(error.error))
    }
}
