//! The gauge: CPU time, medians, and the table that is printed.

use std::time::Duration;

use cpu_time::{ProcessTime, ThreadTime};

/// Whatever goes wrong ends the bench; it has nothing to save.
pub type Trouble = Box<dyn std::error::Error>;

/// A measured work beside its floor.
pub struct Line {
    /// What was done.
    pub work: String,
    /// What the floor does.
    pub floor_is: &'static str,
    /// The product's figure.
    pub ours: f64,
    /// The floor's figure; zero where the line only tells something.
    pub floor: f64,
    /// `ms`, `MB` or `kB`.
    pub unit: &'static str,
    /// The most that `ours / floor` may be, or `ours` where there is no floor.
    pub bar: Option<f64>,
}

impl Line {
    /// A ratio with a bar.
    pub fn ratio(work: impl Into<String>, floor_is: &'static str, ours: f64, floor: f64, most: f64) -> Self {
        Self { work: work.into(), floor_is, ours, floor, unit: "ms", bar: Some(most) }
    }

    /// A figure that stands by itself.
    pub fn told(work: impl Into<String>, ours: f64, unit: &'static str, most: Option<f64>) -> Self {
        Self { work: work.into(), floor_is: "", ours, floor: 0.0, unit, bar: most }
    }

    /// The same in megabytes.
    #[must_use]
    pub fn in_megabytes(self) -> Self {
        Self { unit: "MB", ..self }
    }

    fn value(&self) -> f64 {
        if self.floor > 0.0 { self.ours / self.floor } else { self.ours }
    }

    fn over(&self) -> bool {
        self.bar.is_some_and(|most| self.value() > most)
    }
}

/// CPU time of the whole process while `work` runs, in milliseconds.
///
/// # Errors
/// The work's own.
pub fn process<T>(work: impl FnOnce() -> Result<T, Trouble>) -> Result<(f64, T), Trouble> {
    let start = ProcessTime::now();
    let out = work()?;
    Ok((millis(start.elapsed()), out))
}

/// CPU time of this thread while `work` runs, in milliseconds.
pub fn thread<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = ThreadTime::now();
    let out = work();
    (millis(start.elapsed()), out)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A figure of bytes in megabytes; it has far fewer than 52 bits.
#[allow(clippy::cast_precision_loss)]
pub fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// The value below which the share `q` of the figures lies; figures are put in order.
pub fn quantile(figures: &mut [f64], q: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    let last = figures.len().saturating_sub(1);
    // A share of an index, both small.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let at = (last as f64 * q).ceil() as usize;
    figures.get(at.min(last)).copied().unwrap_or(0.0)
}

/// The middle figure.
pub fn median(figures: &mut [f64]) -> f64 {
    quantile(figures, 0.5)
}

/// Prints the table and says which lines are over their bar.
pub fn print(lines: &[Line]) {
    println!("| work | here | floor | ratio | bar | |");
    println!("|---|---:|---:|---:|---:|---|");
    for line in lines {
        let most = match line.bar {
            Some(most) if line.floor > 0.0 => format!("≤ {}×", (most * 100.0).round() / 100.0),
            Some(most) => format!("≤ {most} {}", line.unit),
            None => String::new(),
        };
        let (floor, ratio) = if line.floor > 0.0 {
            (format!("{} {}", digits(line.floor), line.unit), format!("{:.2}×", line.value()))
        } else {
            (String::new(), String::new())
        };
        let verdict = if line.over() { "OVER" } else { "" };
        println!("| {} | {} {} | {floor} | {ratio} | {most} | {verdict} |", line.work, digits(line.ours), line.unit);
    }
    let mut told: Vec<&str> = Vec::new();
    println!();
    for line in lines.iter().filter(|l| !l.floor_is.is_empty()) {
        if !told.contains(&line.floor_is) {
            told.push(line.floor_is);
            println!("Floor of {}: {}.", line.work, line.floor_is);
        }
    }
    let over: Vec<&str> = lines.iter().filter(|l| l.over()).map(|l| &*l.work).collect();
    if over.is_empty() {
        println!("\nEvery line is within its bar.");
    } else {
        println!("\nOver its bar: {}.", over.join("; "));
    }
}

fn digits(figure: f64) -> String {
    if figure < 10.0 { format!("{figure:.3}") } else { format!("{figure:.1}") }
}
