//! What fuzzing began with and what it ever found is read again in each run; so are many small changes to it.

use std::time::{Duration, Instant};

use decoders::{TARGETS, corpus, run, seeds};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

#[test]
fn every_decoder_reads_its_whole_corpus_and_takes_what_is_right() {
    for (name, decoder) in TARGETS {
        let mut taken = 0;
        for entry in std::fs::read_dir(corpus(name)).unwrap_or_else(|e| panic!("no corpus of {name}: {e}")) {
            let (path, began) = (entry.unwrap().path(), Instant::now());
            taken += usize::from(decoder(&std::fs::read(&path).unwrap()));
            assert!(began.elapsed() < Duration::from_secs(2), "{path:?} takes {:?}", began.elapsed());
        }
        assert!(taken > 0, "nothing in the corpus of {name} is right: it shows nothing");
    }
}

#[test]
fn the_corpus_is_that_of_this_format() {
    for (target, name, bytes) in seeds() {
        let path = corpus(target).join(name);
        // A workbook bears the day on which it was made.
        if target != "workbook" {
            assert!(std::fs::read(&path).is_ok_and(|kept| kept == bytes), "{path:?}: cargo xtask fuzz --seeds");
        }
    }
}

/// A byte changed, a piece taken out, doubled, or put in from elsewhere: what a damaged stick or a stranger may bring.
fn spoilt(bytes: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut below = |end: usize| usize::try_from(rng.next_u64() % (end.max(1) as u64)).unwrap();
    for _ in 0..=below(3) {
        let (at, len) = (below(bytes.len()), below(40));
        let end = (at + len).min(bytes.len());
        match below(6) {
            0 if !bytes.is_empty() => bytes[at] = u8::try_from(below(256)).unwrap(),
            1 if !bytes.is_empty() => bytes[at] ^= 1 << below(8),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => bytes.truncate(at),
            // The largest and the smallest numbers of every width of CBOR.
            _ => {
                let odd = [0x1b, 0x3b, 0x5b, 0x7b, 0x9b, 0xbb, 0x9f, 0xff, 0x1a, 0xfb][below(10)];
                let wide = [odd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
                bytes.splice(at..end.min(at + 9), wide);
            }
        }
    }
    bytes
}

#[test]
fn no_small_change_to_a_paper_makes_a_decoder_fall() {
    for (number, (target, name, bytes)) in seeds().into_iter().enumerate() {
        let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
        for _ in 0..if target == "workbook" { 60 } else { 250 } {
            let (bytes, began) = (spoilt(&bytes, &mut rng), Instant::now());
            run(target, &bytes);
            assert!(began.elapsed() < Duration::from_secs(5), "{target} {name}: {:?}", began.elapsed());
        }
    }
}
