//! Files that cannot be opened: what the error says, and where.

use billfold::prelude::*;

#[test]
fn a_file_that_was_cut_off_or_garbled_is_damaged_and_named_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("billing.redb");
    let store = Store::open(&path).unwrap();
    store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed).unwrap();
    store.close().unwrap();
    let whole = std::fs::read(&path).unwrap();
    let mut garbled = whole.clone();
    garbled[9..].fill(0xAB);
    let cut = |len: usize| whole[..len].to_vec();
    for bytes in [cut(9), cut(64), cut(400), cut(4096), cut(whole.len() - 1), garbled] {
        std::fs::write(&path, &bytes).unwrap();
        let error = Store::open(&path).unwrap_err();
        assert!(matches!(error, Error::Corrupt(_)), "{} bytes: {error:?}", bytes.len());
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        // A reader cannot tell a cut from a crash.
        let error = Store::open_read_only(&path).unwrap_err();
        let told = matches!(error, Error::Corrupt(_) | Error::NotClosedCleanly { .. });
        assert!(
            told && error.to_string().contains(path.to_str().unwrap()),
            "{} bytes: {error:?}",
            bytes.len()
        );
        assert!(std::fs::read(&path).unwrap() == bytes, "{} bytes were touched", bytes.len());
    }
}
