//! The power fails in the middle of the work, on a real file system.

use std::path::Path;

use iron::power::cuts;

async fn some_cuts(seed: u64) {
    match cuts(Path::new(env!("CARGO_BIN_EXE_iron")), 20, seed).await {
        Ok(cut) => assert!(cut.cuts == 20 && cut.saves >= 20 && cut.exchanges >= 4, "{cut:?}"),
        // scripts/test.sh shows this line.
        Err(why) => println!("NOT RUN: power cuts ({why})"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_without_power_twenty_times_keeps_what_was_acknowledged() {
    some_cuts(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn and_twenty_times_more() {
    some_cuts(101).await;
}
