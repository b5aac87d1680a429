//! A day's changes over a bad line: how much longer than over one that only is slow, and how much is sent twice.

use std::{
    fmt,
    time::{Duration, Instant},
};

use niangjia_core::identity::Hub;
use serde_json::json;

use crate::{
    Chance,
    clerk::made_up,
    line::{Badness, Line},
    town::Town,
};

/// How bad.
#[derive(Clone, Copy, Debug)]
pub struct Bad {
    /// Bytes a second.
    pub rate: u64,
    /// Time there and back.
    pub there_and_back: Duration,
    /// Bytes between two breaks, on average.
    pub between: u64,
}

/// 64 kbit/s, 2 s there and back, broken every 20 kB.
pub const BAD: Bad = Bad { rate: 8000, there_and_back: Duration::from_secs(2), between: 20_000 };

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Day {
    /// Changes that went to the hub.
    pub changes: u64,
    /// Bytes of their segments.
    pub bytes: u64,
    /// Without breaks.
    pub ideal: Duration,
    /// With breaks.
    pub took: Duration,
    /// Connections that it took.
    pub calls: u64,
    /// Bytes towards the hub without breaks, and with them less what further connections cost by themselves.
    pub up: (u64, u64),
}

impl Day {
    /// How much longer than without breaks.
    #[must_use]
    pub fn longer(&self) -> f64 {
        self.took.as_secs_f64() / self.ideal.as_secs_f64()
    }

    /// Part of the bytes that went twice.
    #[must_use]
    pub fn twice(&self) -> f64 {
        self.up.1.saturating_sub(self.up.0) as f64 / self.up.0 as f64
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} changes in {} bytes: {:.1} s without breaks, {:.1} s ({:.2} times) over {} connections with them, {:.1} % sent twice",
            self.changes,
            self.bytes,
            self.ideal.as_secs_f64(),
            self.took.as_secs_f64(),
            self.longer(),
            self.calls,
            100.0 * self.twice(),
        )
    }
}

/// Two townships do the same day's work; one has a line that is slow, the other one that also breaks.
///
/// # Panics
/// Where a day does not arrive.
pub async fn over_a_bad_line(changes: u64, bad: Bad, seed: u64) -> Day {
    let mut town = Town::found(2).await;
    let way = bad.there_and_back / 2;
    let mut measured = Vec::new();
    for (at, between) in [(0, 0), (1, bad.between)] {
        let office = &mut town.offices[at];
        office.reopen().await;
        office.sync().await;
        let good = Line::to(&town.hub.addr, Badness::Good, seed).await;
        let over = |line: &Line| Hub { url: line.url(), key: town.hub.key.clone() };
        let inside = office.station.office().expect("unlocked");
        inside.set_hub(over(&good), &mut niangjia_host::moment().rng).expect("a hub");
        office.sync().await;
        // What a connection costs before anything useful is said.
        let idle = good.counts.now().0;
        let mut chance = Chance::of(seed);
        let mut id = office.join("王芳", &made_up(&mut chance)).await;
        for n in 1..changes {
            if n % 10 == 0 {
                id = office.join("张伟民", &made_up(&mut chance)).await;
            } else {
                let page = office.member(&id).await;
                office.save(&page, json!({ "post": format!("第{n}岗") })).await;
            }
        }
        let line = Line::to(&town.hub.addr, Badness::Slow { rate: bad.rate, way, between }, seed).await;
        inside.set_hub(over(&line), &mut niangjia_host::moment().rng).expect("a hub");
        let (began, mut sent) = (Instant::now(), (0, 0));
        loop {
            assert!(line.counts.now().2 < 200, "no way through");
            match office.station.call("sync.now", json!({})).await {
                Ok(answer) => {
                    sent.0 += answer["sent"]["changes"].as_u64().unwrap_or(0);
                    sent.1 += answer["sent"]["bytes"].as_u64().unwrap_or(0);
                    if answer["in_step"] == json!(true) {
                        break;
                    }
                }
                Err(fault) => assert_eq!(fault.code, "link.no_line", "{fault} {:?}", fault.cause),
            }
        }
        let (up, _, calls) = line.counts.now();
        measured.push((began.elapsed(), sent, calls, up.saturating_sub(calls * idle)));
    }
    let [slow, broken] = measured[..] else { unreachable!("two lines") };
    Day { changes: slow.1.0, bytes: slow.1.1, ideal: slow.0, took: broken.0, calls: broken.2, up: (slow.3, broken.3) }
}
