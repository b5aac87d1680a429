//! As many hostile pictures as fit into so many seconds: `cargo run -p niangjia-qr --example hostile [seconds] [seed]`,
//! unoptimised so that sums that overflow are noticed too. A panic ends it; the seed that it printed last finds it again.

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{Dice, hostile};
use niangjia_qr::{Luma, read, read_frame};

fn main() {
    let mut words = std::env::args().skip(1).map(|word| word.parse::<u64>().expect("a number"));
    let until = Instant::now() + Duration::from_secs(words.next().unwrap_or(60));
    let first = words.next().unwrap_or(0);
    let (mut seed, mut texts, mut slowest) = (first, 0, Duration::ZERO);
    while Instant::now() < until {
        let (width, height, points) = hostile::any(&mut Dice::new(seed));
        if seed % 1_000 == 0 {
            println!("seed {seed}");
        }
        if let Ok(picture) = Luma::new(width, height, &points) {
            let start = Instant::now();
            let from_frame = read_frame(&picture);
            let all = read(&picture);
            slowest = slowest.max(start.elapsed());
            texts += usize::from(from_frame.is_some() || !all.is_empty());
        }
        seed += 1;
    }
    println!("{} pictures, {texts} with a text, the slowest {slowest:?}", seed - first);
}
