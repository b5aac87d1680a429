//! A line that loses packets: one in ten, by nftables on the loopback of a network namespace of its own. Only whether
//! everything arrives is asked here; how fast is the kernel's business.

use std::{
    fmt,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{Chance, clerk::made_up, town::Town};

/// What is said to a process that is already inside.
pub const INSIDE: &str = "loss-inside";

/// What a run did.
#[derive(Clone, Copy, Debug)]
pub struct Lossy {
    /// Changes that went from the office to the county.
    pub changes: u64,
    /// Exchanges that it took, those that failed included.
    pub exchanges: u64,
    /// Packets on the line, and those of them that were lost.
    pub packets: (u64, u64),
    /// From the first exchange to equal digests.
    pub took: Duration,
}

impl fmt::Display for Lossy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (all, lost) = self.packets;
        write!(
            f,
            "{} changes arrived after {} exchanges in {:.1} s; {lost} of {all} packets were lost",
            self.changes,
            self.exchanges,
            self.took.as_secs_f64()
        )
    }
}

/// Runs this program once more in a namespace of its own, where the loss of packets hurts nobody else.
///
/// # Errors
/// Why this machine does not allow that; nothing was tried then.
pub fn in_a_namespace(own: &Path, words: &[String]) -> Result<bool, String> {
    let inside = |then: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net"]).args(then).stdin(Stdio::null());
        command
    };
    let probe = inside(&["nft", "list", "ruleset"]).stdout(Stdio::null()).output();
    match probe {
        Ok(done) if done.status.success() => {}
        Ok(done) => {
            return Err(format!(
                "a network namespace with nftables is not allowed here, or nft (package nftables) is missing: {}",
                String::from_utf8_lossy(&done.stderr).trim()
            ));
        }
        Err(cause) => return Err(format!("unshare (package util-linux): {cause}")),
    }
    let mut run = inside(&[]);
    run.arg(own).arg(INSIDE).args(words);
    run.status().map(|status| status.success()).map_err(|cause| cause.to_string())
}

fn ran(program: &str, words: &[&str], input: &str) -> Result<String, String> {
    let failed = |cause: std::io::Error| format!("{program}: {cause}");
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut to) = child.stdin.take() {
        to.write_all(input.as_bytes()).map_err(failed)?;
    }
    let done = child.wait_with_output().map_err(failed)?;
    if done.status.success() {
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    } else {
        Err(format!("{program}: {}", String::from_utf8_lossy(&done.stderr).trim()))
    }
}

/// Counters of the two rules, in their order: every packet, the lost ones.
fn packets() -> Result<(u64, u64), String> {
    let told = ran("nft", &["list", "chain", "inet", "loss", "line"], "")?;
    let mut counts = told.split("counter packets ").skip(1).filter_map(|rest| rest.split(' ').next()?.parse().ok());
    match (counts.next(), counts.next()) {
        (Some(all), Some(lost)) => Ok((all, lost)),
        _ => Err(format!("nft told no counters: {told}")),
    }
}

/// A township takes people in and changes them while every exchange loses `percent` of its packets; then county and
/// township must agree.
///
/// # Errors
/// What the namespace does not allow.
///
/// # Panics
/// Where something does not arrive.
pub async fn over_a_lossy_line(changes: u64, percent: u64, seed: u64) -> Result<Lossy, String> {
    ran("ip", &["link", "set", "lo", "up"], "")?;
    let mut town = Town::found(1).await;
    town.offices[0].reopen().await;
    ran(
        "nft",
        &["-f", "-"],
        &format!(
            "table inet loss {{
              chain line {{
               type filter hook input priority 0;
               iif lo counter
               iif lo numgen random mod 100 < {percent} counter drop
              }}
             }}\n"
        ),
    )?;
    let (mut chance, mut exchanges, began) = (Chance::of(seed), 0, Instant::now());
    let office = &town.offices[0];
    let mut id = office.join("王芳", &made_up(&mut chance)).await;
    for n in 1..changes {
        if n % 10 == 0 {
            id = office.join("张伟民", &made_up(&mut chance)).await;
        } else {
            let page = office.member(&id).await;
            office.save(&page, json!({ "post": format!("第{n}岗") })).await;
        }
        // Several exchanges a day, each over connections of its own.
        if n % 50 == 0 {
            exchanges += 1;
            let _ = office.station.call("sync.now", json!({})).await;
        }
    }
    // What is saved goes up, receipts come back, and both sides learn that the other has them.
    for desk in [office, &town.county, office, &town.county, office] {
        loop {
            exchanges += 1;
            assert!(exchanges < 1000, "no way through");
            match desk.station.call("sync.now", json!({})).await {
                Ok(answer) if answer["in_step"] == json!(true) => break,
                Ok(_) => {}
                Err(fault) => assert_eq!(fault.code, "link.no_line", "{fault} {:?}", fault.cause),
            }
        }
    }
    let stream = office.stream();
    assert_eq!(office.digest(&stream), town.county.digest(&stream), "{stream}");
    let packets = packets()?;
    let took = began.elapsed();
    ran("nft", &["delete", "table", "inet", "loss"], "")?;
    let desks = town.desks(Path::new("none"));
    town.agree(&desks).await;
    Ok(Lossy { changes, exchanges, packets, took })
}
