//! Chances that can be had again.

use proptest::prelude::RngExt as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// Which chances a test takes, where not those that it always takes.
const VARIABLE: &str = "BILLFOLD_SEED";

/// The seed of a test. Whoever fails says it, so that the same can be had again.
pub fn seed() -> u64 {
    std::env::var(VARIABLE).map_or(0, |seed| seed.parse().unwrap())
}

/// Numbers below the one that is asked for, the same for each seed.
pub fn chances(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    move |below| rng.random_range(0..below)
}
