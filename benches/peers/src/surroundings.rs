//! When, on what and with which versions figures were made.

use std::collections::BTreeMap;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::measure::{nanos, percentile};
use crate::report::human;
use crate::systems::Name;
use crate::work::Unit;

/// The date, the machine and the versions, a line each.
pub fn lines(folder: &Path) -> Result<Vec<String>> {
    let sync = human(sync_nanos(folder)?, Unit::Nanoseconds);
    Ok(vec![
        format!("Made on {} in a {} build.", jiff::Zoned::now().date(), build()),
        format!("{}; 4 KiB are written and synced in {sync}.", machine()?),
        format!("{}.", versions()?.join(", ")),
    ])
}

const fn build() -> &'static str {
    if cfg!(debug_assertions) { "debug" } else { "release" }
}

fn machine() -> Result<String> {
    let value = |path: &str, field: &str| -> Result<String> {
        let text = std::fs::read_to_string(path)?;
        let line = text.lines().find(|line| line.starts_with(field));
        Ok(line.and_then(|line| line.split_once(':')).map_or("?", |(_, value)| value.trim()).to_owned())
    };
    let memory: f64 = value("/proc/meminfo", "MemTotal")?.trim_end_matches("kB").trim().parse()?;
    let cores = std::thread::available_parallelism()?;
    let memory = human(memory * 1024.0, Unit::Bytes);
    Ok(format!("{}, {cores} cores, {memory} of memory", value("/proc/cpuinfo", "model name")?))
}

/// The middle of the times that writing a page and syncing it takes, in the folder where the stores are.
fn sync_nanos(folder: &Path) -> Result<f64> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut taken = Vec::new();
    for _ in 0..200 {
        let start = Instant::now();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        taken.push(nanos(start.elapsed()));
    }
    Ok(percentile(&mut taken, 50))
}

#[derive(Debug, Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// The systems with the versions that this program was built with.
fn versions() -> Result<Vec<String>> {
    let lock: Lock = toml::from_str(include_str!("../Cargo.lock"))?;
    let own = lock.package.iter().find(|package| package.name == env!("CARGO_PKG_NAME"));
    // Where there are several versions of a package, the one that is meant stands behind its name.
    let dependencies = own.context("this package is not in its lock file")?.dependencies.iter();
    let meant: BTreeMap<_, _> = dependencies.filter_map(|it| it.split_once(' ')).collect();
    let version = |name: &str| {
        let only = lock.package.iter().find(|package| package.name == name).map(|package| &*package.version);
        meant.get(name).copied().or(only).with_context(|| format!("{name} is not in the lock file"))
    };
    let lmdb = heed::lmdb_version();
    Name::ALL
        .into_iter()
        .filter(|name| name.is_durable())
        .map(|name| {
            Ok(match name {
                Name::Sqlite => {
                    format!("SQLite {} in rusqlite {}", rusqlite::version(), version("rusqlite")?)
                }
                Name::Lmdb => {
                    let heed = version("heed")?;
                    format!("LMDB {}.{}.{} in heed {heed}", lmdb.major, lmdb.minor, lmdb.patch)
                }
                other => format!("{} {}", other.text(), version(other.text())?),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_the_version_that_it_was_built_with() {
        let versions = versions().unwrap();
        assert_eq!(versions.len(), 6);
        assert!(versions.iter().any(|version| version.starts_with("redb 4.")), "{versions:?}");
    }

    #[test]
    fn date_and_machine_are_told() {
        let lines = lines(&std::env::temp_dir()).unwrap();
        assert!(lines[1].contains("cores"), "{lines:?}");
    }
}
