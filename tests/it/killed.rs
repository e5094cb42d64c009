//! A program that writes from several threads is killed at any moment, and again and again: whatever it had been told is
//! there. And one whose file may not grow any further.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use billfold::Import;
use billfold::prelude::*;

use crate::support::{customer, whole};

/// How often the program is killed.
const VARIABLE: &str = "BILLFOLD_KILLS";
/// After so many kills there is a new store, so that what one takes to be looked at stays within bounds.
const STORES: usize = 50;
/// The store of the program that is to be killed, and what it does besides writing.
const STORE: &str = "BILLFOLD_TEST_STORE";
const BESIDE: &str = "BILLFOLD_TEST_BESIDE";
/// Longer no program is waited for to say anything.
const PATIENCE: Duration = Duration::from_secs(300);
const WRITERS: u128 = 3;
const BESIDES: [&str; 7] = ["nothing", "backup", "compact", "load", "import", "rebuild", "reopen"];

fn options() -> StoreOptions {
    StoreOptions::new().adopt_unknown(true).cache_bytes(1 << 20)
}

/// Tells the parent, at once.
fn tell(what: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what}").unwrap();
    out.flush().unwrap();
}

/// What is killed: it runs in a process of its own, which a test starts.
#[test]
#[ignore = "it writes until it is killed"]
fn the_program() {
    let Ok(path) = std::env::var(STORE) else { return };
    let beside = std::env::var(BESIDE).unwrap_or_default();
    let path = Path::new(&path);
    let mut store = options().open(path).unwrap();
    if store.keys(&[]).unwrap().is_empty() {
        store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
    }
    if beside == "reopen" {
        loop {
            written(&store, 1);
            store.close().unwrap();
            store = options().open(path).unwrap();
        }
    }
    std::thread::scope(|scope| {
        for writer in 1..=WRITERS {
            let store = &store;
            scope.spawn(move || while written(store, writer) {});
        }
        // Of each program others, that are not there yet.
        let first = u128::from(std::process::id()) << 64;
        for number in 0_u128.. {
            match &*beside {
                "backup" => {
                    let copy = path.with_extension(format!("{}-{number}", std::process::id()));
                    store.backup(&copy).unwrap();
                    tell(format_args!("copy {}", copy.display()));
                }
                "compact" => drop(store.compact()),
                "rebuild" => drop(store.rebuild_indexes()),
                "load" => {
                    let some = (0..50).map(|n| (customer(first + number * 50 + n), CustomFields::default()));
                    if store.load(some).is_err() {
                        return;
                    }
                }
                "import" => {
                    let ids = (0..50).map(|n| customer(first + (1 << 32) + number * 50 + n));
                    let lines =
                        ids.map(|id| format!(r#"{{"instance":{{"entity":"customer","id":"{id}"}}}}"#));
                    let lines = lines.collect::<Vec<_>>().join("\n");
                    if Import::into(&store).read(lines.as_bytes()).is_err() {
                        return;
                    }
                }
                _ => return,
            }
        }
    });
}

/// Adds one to what a writer holds, and tells so; false where the store has failed.
fn written(store: &Store, writer: u128) -> bool {
    let next = count(store, writer) + 1;
    match store.set_values(customer(writer), [("slot", format!("{writer} {next}"))]) {
        Ok(_) => tell(format_args!("ack {writer} {next}")),
        Err(error) => {
            tell(format_args!("failed {:?}", error.kind()));
            return false;
        }
    }
    true
}

fn count(store: &Store, writer: u128) -> u64 {
    let value = if store.exists(customer(writer)).unwrap() {
        store.value(customer(writer), "slot").unwrap()
    } else {
        None
    };
    value.map_or(0, |value| value.split_once(' ').unwrap().1.parse().unwrap())
}

fn started(shell: &str, path: &Path, beside: &str) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{shell} exec \"$0\" --ignored --exact killed::the_program --nocapture")]);
    command.arg(program).env(STORE, path).env(BESIDE, beside);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What a program said before it ended.
#[derive(Default)]
struct Said {
    acknowledged: BTreeMap<u128, u64>,
    copies: Vec<String>,
    failures: usize,
    /// How often programs were killed since it was last looked at what there is.
    kills: u64,
}

impl Said {
    fn add(&mut self, lines: impl Iterator<Item = String>) {
        for line in lines {
            match *line.split(' ').collect::<Vec<_>>() {
                ["ack", writer, count] => {
                    self.acknowledged.insert(writer.parse().unwrap(), count.parse().unwrap());
                }
                ["copy", path] => self.copies.push(path.to_owned()),
                ["failed", _] => self.failures += 1,
                // What the test harness says, and a line that was cut off.
                _ => {}
            }
        }
    }
}

/// Each writer has what it was told of, and at most one more for each time that it was killed since. From now on it has been
/// told of what is there.
fn assert_kept(path: &Path, said: &mut Said, how: &str) {
    let store = options().verify_on_open(true).open(path).unwrap_or_else(|error| panic!("{how}: {error}"));
    whole(&store);
    let kills = std::mem::take(&mut said.kills);
    for (writer, told) in &mut said.acknowledged {
        let found = count(&store, *writer);
        assert!(
            (*told..=*told + kills).contains(&found),
            "{how}: writer {writer} was told of {told}; there is {found}"
        );
        let holder = store.find("slot", &format!("{writer} {found}")).unwrap();
        assert_eq!(holder, Some(customer(*writer)), "{how}");
        *told = found;
    }
    store.close().unwrap();
}

/// Kills a program at a moment of its own: after some time, which may be while it starts; or after it has said some things,
/// which may take it long. What it said.
fn killed(mut child: Child, kill: usize, beside: &str, how: &str) -> Vec<String> {
    let chance = kill * 7_919 % 160;
    let out = BufReader::new(child.stdout.take().unwrap());
    let (teller, told) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        out.lines().map_while(Result::ok).take_while(|line| teller.send(line.clone()).is_ok()).for_each(drop);
    });
    let mut lines: Vec<String> = Vec::new();
    if kill.is_multiple_of(2) {
        std::thread::sleep(Duration::from_millis(5 + chance as u64));
    } else {
        let is_enough = |lines: &[String]| {
            let of = |what: &str| lines.iter().filter(|line| line.starts_with(what)).count();
            of("ack ") > chance / 4 && (beside != "backup" || of("copy ") > 0)
        };
        while !is_enough(&lines) {
            // Where it ended by itself, what it complains of is seen below.
            let Ok(line) = told.recv_timeout(PATIENCE) else { break };
            lines.push(line);
        }
    }
    child.kill().unwrap();
    let status = child.wait().unwrap();
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert!(!status.success() && complaint.is_empty(), "{how}: {complaint}");
    reader.join().unwrap();
    lines.extend(told);
    lines
}

#[test]
fn a_program_that_is_killed_again_and_again_loses_nothing_it_was_told_of() {
    let kills = std::env::var(VARIABLE).map_or(STORES, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (mut said, mut copies, mut changes) = (Said::default(), 0, 0);
    for kill in 0..kills {
        let beside = BESIDES[kill % BESIDES.len()];
        let how = format!("kill {kill}, beside {beside}");
        let lines = killed(started("", &path, beside), kill, beside, &how);
        said.kills += 1;
        let before: u64 = said.acknowledged.values().sum();
        said.add(lines.into_iter());
        changes += said.acknowledged.values().sum::<u64>() - before;
        if path.exists() && kill % 3 != 0 {
            // Else whoever comes next has to repair it, and may be killed at that.
            assert_kept(&path, &mut said, &how);
        }
        for copy in said.copies.drain(..) {
            whole(&options().open_read_only(&copy).unwrap());
            fs::remove_file(copy).unwrap();
            copies += 1;
        }
        if (kill + 1) % STORES == 0 || kill + 1 == kills {
            assert_kept(&path, &mut said, &how);
            fs::remove_file(&path).unwrap();
            said = Said::default();
        }
    }
    for left in fs::read_dir(folder.path()).unwrap() {
        // A copy that was not told of may be there; one that has its name is whole.
        let left = left.unwrap().path();
        let hidden = left.file_name().unwrap().to_str().unwrap().starts_with('.');
        if !hidden && left != path {
            whole(&options().open_read_only(&left).unwrap());
        }
    }
    println!("{kills} kills; {changes} changes and {copies} copies acknowledged, none lost");
    assert!(changes > kills as u64 && copies > 0, "{changes} changes, {copies} copies");
}

#[test]
fn a_file_that_may_not_grow_closes_the_store_and_loses_nothing() {
    for kilobytes in [1_300, 1_800, 2_500] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        // Blocks of 512 bytes; a write that goes too far is an error, and no signal.
        let limit = format!("ulimit -f {}; trap '' XFSZ;", kilobytes * 2);
        let mut child = started(&limit, &path, "load");
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut said = Said::default();
        said.add(out.lines().map_while(Result::ok));
        child.wait().unwrap();
        said.kills += 1;
        assert!(said.failures > 0, "{kilobytes} KB: nothing failed");
        assert_kept(&path, &mut said, &format!("{kilobytes} KB"));
    }
}
