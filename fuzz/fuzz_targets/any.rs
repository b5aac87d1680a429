//! One decoder under the fuzzer: the one whose name this program bears.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    decoders::run(env!("CARGO_BIN_NAME"), bytes);
});
