#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| token_introspection_fuzz::key_set::check(data));
