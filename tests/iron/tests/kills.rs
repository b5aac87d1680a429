//! Programs killed at any instant: what a clerk was told is saved is saved, and everybody comes into step.

use std::path::Path;

use iron::kills::kills;

async fn a_hundred_kills(seed: u64) {
    let killed = kills(Path::new(env!("CARGO_BIN_EXE_iron")), 100, seed).await;
    println!("{killed:?}");
    assert!(killed.offices >= 100 && killed.hubs >= 20, "{killed:?}");
    assert!(killed.saves > 300 && killed.exchanges > 40, "they must have worked and exchanged: {killed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn offices_and_their_hub_killed_a_hundred_times_lose_nothing_that_was_acknowledged() {
    a_hundred_kills(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_another_hundred_kills_the_second_file_alone_brings_everything_back() {
    a_hundred_kills(1).await;
}
