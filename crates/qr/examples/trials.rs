//! The trials in full: `cargo run --release -p niangjia-qr --example trials [how many]`. Prints for each scene how many of
//! so many frames were read, what that cost in CPU time, and what a frame costs that shows no code. Ends with a failure
//! where the card's own trial is read in fewer than 99 of 100, or where any text that comes out is not the one drawn.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{
    Dice,
    scene::{CARD, Scene},
};
use cpu_time::ThreadTime;
use niangjia_qr::{Luma, draw, read, read_frame, read_picture};

/// Milliseconds of CPU, and the outcome.
fn timed<T>(act: impl FnOnce() -> T) -> (f64, T) {
    let start = ThreadTime::now();
    let outcome = act();
    (start.elapsed().as_secs_f64() * 1e3, outcome)
}

/// Mean and the value that 95 of 100 stay below.
fn mean_and_p95(mut times: Vec<f64>) -> (f64, f64) {
    if times.is_empty() {
        return (0.0, 0.0);
    }
    times.sort_by(f64::total_cmp);
    (times.iter().sum::<f64>() / times.len() as f64, times[(times.len() - 1) * 95 / 100])
}

struct Rates {
    read: usize,
    thoroughly: usize,
    wrong: usize,
}

fn trial(name: &str, scene: &Scene, frames: u64) -> Rates {
    let mut rates = Rates { read: 0, thoroughly: 0, wrong: 0 };
    let (mut hits, mut bare, mut long) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 0..frames {
        let mut dice = Dice::new(seed);
        let text = dice.text(300);
        let symbol = draw(&text).expect("300 letters fit");
        let points = scene.frame(Some(&symbol), &mut dice);
        let frame = Luma::new(scene.width, scene.height, &points).expect("as large as it says");
        let (ms, outcome) = timed(|| read_frame(&frame));
        match outcome {
            Some(read) if read == text => {
                rates.read += 1;
                hits.push(ms);
            }
            Some(_) => rates.wrong += 1,
            None => {}
        }
        let (ms, outcome) = timed(|| read(&frame));
        long.push(ms);
        rates.wrong += outcome.iter().filter(|&read| *read != text).count();
        rates.thoroughly += usize::from(outcome.contains(&text));

        let points = scene.frame(None, &mut dice);
        let frame = Luma::new(scene.width, scene.height, &points).expect("as large as it says");
        let (ms, outcome) = timed(|| read_frame(&frame));
        rates.wrong += usize::from(outcome.is_some());
        bare.push(ms);
    }
    let ((hit, hit95), (none, none95), (all, all95)) = (mean_and_p95(hits), mean_and_p95(bare), mean_and_p95(long));
    println!(
        "{name:44} frame {:3}/{frames}  {hit:4.1} ms, p95 {hit95:4.1}  no code {none:4.1} ms, p95 {none95:4.1}  \
         thorough {:3}/{frames}  {all:5.1} ms, p95 {all95:5.1}  wrong {}",
        rates.read, rates.thoroughly, rates.wrong
    );
    rates
}

/// Files of a phone or a scanner, unpacked and read. Gives how many texts were wrong.
fn file_trial(name: &str, scene: &Scene, files: u64) -> usize {
    let (mut right, mut wrong, mut with, mut without) = (0, 0, Vec::new(), Vec::new());
    for seed in 0..files {
        let mut dice = Dice::new(seed);
        let text = dice.text(300);
        let file = scene.jpeg(Some(&draw(&text).expect("300 letters fit")), &mut dice);
        let (ms, found) = timed(|| read_picture(&file).expect("a JPEG"));
        with.push(ms);
        right += usize::from(found.contains(&text));
        wrong += found.iter().filter(|&found| *found != text).count();
        let file = scene.jpeg(None, &mut dice);
        let (ms, found) = timed(|| read_picture(&file).expect("a JPEG"));
        without.push(ms);
        wrong += found.len();
    }
    let ((with, _), (without, _)) = (mean_and_p95(with), mean_and_p95(without));
    println!("{name:44} file  {right:3}/{files}  {with:4.0} ms  no code {without:4.0} ms  wrong {wrong}");
    wrong
}

fn main() {
    let frames = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(500);
    let card = trial("the card: 12°, tilt 8°, blur 0.35, speckle 2 %", &CARD, frames);
    let few = (frames / 5).max(1);
    let harder = [
        ("turn 25°", Scene { turn: 25.0, ..CARD }),
        ("any turn, 4.6 points a module", Scene { turn: 180.0, module: 4.6, ..CARD }),
        ("tilt 20°", Scene { tilt: 20.0, ..CARD }),
        ("tilt 30°, 5.2 points a module", Scene { tilt: 30.0, module: 5.2, ..CARD }),
        ("blur 0.5", Scene { blur: 0.5, ..CARD }),
        ("speckle 5 %", Scene { speckle: 0.05, ..CARD }),
        ("JPEG 30", Scene { quality: 30, ..CARD }),
        ("a quarter of the light, noise 4", Scene { light: 0.25, noise: 4.0, ..CARD }),
        ("4 points a module", Scene { module: 4.0, ..CARD }),
        ("3 points a module", Scene { module: 3.0, ..CARD }),
        ("2.2 points a module, no speckle", Scene { module: 2.2, speckle: 0.0, ..CARD }),
        ("1.6 points a module, no speckle, JPEG 85", Scene { module: 1.6, speckle: 0.0, quality: 85, ..CARD }),
        ("1280×720, 9 points a module", Scene { width: 1280, height: 720, module: 9.0, ..CARD }),
        ("1280×720, 5.9 points a module", Scene { width: 1280, height: 720, ..CARD }),
        ("1280×720, 9 points, blur 0.5", Scene { width: 1280, height: 720, module: 9.0, blur: 0.5, ..CARD }),
    ];
    let mut wrong = card.wrong;
    for (name, scene) in &harder {
        wrong += trial(name, scene, few).wrong;
    }
    let phone = Scene { width: 4000, height: 3000, module: 14.0, turn: 180.0, quality: 85, speckle: 0.0, ..CARD };
    wrong += file_trial("a phone's 12 million points, 14 a module", &phone, few.min(10));
    wrong += file_trial("the same, 5 a module", &Scene { module: 5.0, ..phone }, few.min(10));
    let scan =
        Scene { width: 2480, height: 3508, turn: 3.0, tilt: 0.0, blur: 0.25, speckle: 0.001, quality: 75, ..CARD };
    wrong += file_trial("an A4 scan at 300 dpi", &scan, few.min(10));
    assert!(card.read as u64 * 100 >= frames * 99, "the card is to be read in 99 of 100 frames");
    assert_eq!(wrong, 0, "no text may come out that was not drawn");
}
