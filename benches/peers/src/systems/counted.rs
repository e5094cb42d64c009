//! A file that counts the pages written to it.

use std::fs::{File, OpenOptions};
use std::io::Result;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The engine writes a page at a time, so that each write is one.
#[derive(Debug)]
pub struct CountedFile {
    file: File,
    pages: Arc<AtomicU64>,
}

impl CountedFile {
    pub fn open(path: &Path, pages: &Arc<AtomicU64>) -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Self { file, pages: Arc::clone(pages) })
    }

    fn write_page(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.pages.fetch_add(1, Ordering::Relaxed);
        self.file.write_all_at(data, offset)
    }
}

impl billfold::Backend for CountedFile {
    fn len(&self) -> Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.file.read_exact_at(out, offset)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.file.set_len(len)
    }

    fn sync(&self) -> Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.write_page(offset, data)
    }
}

impl redb::StorageBackend for CountedFile {
    fn len(&self) -> Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.file.read_exact_at(out, offset)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.write_page(offset, data)
    }
}
