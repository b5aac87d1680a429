//! The floor of starting: a bare window of the same toolkit, with one input box, that reads the narrow table of the same
//! database. No office, no rule, no framework in the page.

// The very reading that is the floor of unlocking.
#[path = "../../src/narrow.rs"]
mod narrow;

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use tauri::State;

/// Where the database lies and its key; the bench hands them over. The floor has no passphrase and derives nothing.
const DATABASE: &str = "NIANGJIA_BENCH_DATABASE";
const KEY: &str = "NIANGJIA_BENCH_KEY";

type Read = Result<usize, String>;

/// The reading, under way while the window opens: no program needs to do one after the other.
struct Reading(Mutex<Option<JoinHandle<Read>>>);

fn reading() -> Read {
    let given = |name| std::env::var(name).map_err(|cause| format!("{name}: {cause}"));
    let conn = narrow::open(Path::new(&given(DATABASE)?), &given(KEY)?).map_err(|cause| cause.to_string())?;
    narrow::read(&conn).map_err(|cause| cause.to_string())
}

/// Answers the page, once, with the bytes that were read.
#[tauri::command(async)]
fn read(reading: State<'_, Reading>) -> Read {
    let thread = reading.0.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or("asked twice")?;
    thread.join().map_err(|_| "the reading broke off")?
}

fn main() {
    tauri::Builder::default()
        .manage(Reading(Mutex::new(Some(thread::spawn(reading)))))
        .invoke_handler(tauri::generate_handler![read])
        .run(tauri::generate_context!())
        .expect("the WebView of this PC can be started");
}
