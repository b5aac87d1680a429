//! The decoders under the fuzzer: one program for all, as linking one for each takes longer than fuzzing it. Which one,
//! says the environment.

#![no_main]

use std::sync::LazyLock;

static DECODER: LazyLock<decoders::Decoder> = LazyLock::new(|| {
    let name = std::env::var("NIANGJIA_DECODER").expect("NIANGJIA_DECODER names a decoder");
    decoders::named(&name).expect("a decoder of that name")
});

libfuzzer_sys::fuzz_target!(init: { LazyLock::force(&DECODER); }, |bytes: &[u8]| {
    DECODER(bytes);
});
