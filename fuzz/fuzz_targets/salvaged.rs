#![no_main]

#[allow(dead_code)]
#[path = "../bodies.rs"]
mod bodies;

// Panics of the engine are caught and turned into errors: the fuzzer's own hook would end the process at once, and after this
// one it does so where a panic gets out.
libfuzzer_sys::fuzz_target!(init: drop(std::panic::take_hook()), |data: &[u8]| bodies::salvaged(data));
