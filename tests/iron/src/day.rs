//! A day's changes over a bad line: how much longer than over one that only is slow, and how much is sent twice.

use std::{
    fmt,
    time::{Duration, Instant},
};

use niangjia_core::identity::Hub as Known;
use serde_json::{Value, json};
use stories::Desk as Inside;

use crate::{
    Chance,
    clerk::made_up,
    hub::Hub,
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

/// One direction of a day: an office that sends it, or the county that fetches it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Way {
    /// Without breaks.
    pub ideal: Duration,
    /// With breaks.
    pub took: Duration,
    /// Connections that it took.
    pub calls: u64,
    /// Bytes the way that the day goes, without breaks and with them; less what each connection costs by itself.
    pub bytes: (u64, u64),
    /// The same of both ways: with the questions that are asked again.
    pub with_questions: (u64, u64),
}

impl Way {
    /// How much longer than without breaks.
    #[must_use]
    pub fn longer(&self) -> f64 {
        self.took.as_secs_f64() / self.ideal.as_secs_f64()
    }

    /// Part of the bytes that went twice.
    #[must_use]
    pub fn twice(&self) -> f64 {
        more(self.bytes)
    }
}

fn more((without, with): (u64, u64)) -> f64 {
    with.saturating_sub(without) as f64 / without as f64
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} s without breaks, {:.1} s ({:.2} times) over {} connections with them, {:.1} % sent twice ({:.1} % with questions)",
            self.ideal.as_secs_f64(),
            self.took.as_secs_f64(),
            self.longer(),
            self.calls,
            100.0 * self.twice(),
            100.0 * more(self.with_questions),
        )
    }
}

/// Bytes of a request's head on the line, about; the rest of a connection's own cost is measured.
const HEAD: u64 = 450;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Day {
    /// Changes that went to the hub.
    pub changes: u64,
    /// Bytes of their segments.
    pub bytes: u64,
    /// From the office to the hub.
    pub up: Way,
    /// From the hub to the county.
    pub down: Way,
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} changes in {} bytes: up {}; down {}", self.changes, self.bytes, self.up, self.down)
    }
}

/// What one exchange took: time, connections, bytes up and down without those of further connections; and its answers.
struct Taken {
    time: Duration,
    calls: u64,
    bytes: [u64; 2],
    answers: Vec<Value>,
}

/// Exchanges over a line until both sides are in step. `idle`: what each connection says before anything useful: the hand-shake, the
/// question what differs with its answer, and the head of the next request.
async fn exchanged(desk: &Inside, hub: &Hub, bad: (Badness, u64), idle: [u64; 2]) -> Taken {
    let inside = desk.station.office().expect("unlocked");
    let line = Line::to(&hub.addr, bad.0, bad.1).await;
    let over = Known { url: line.url(), key: hub.key.clone() };
    inside.set_hub(over, &mut niangjia_host::moment().rng).expect("a hub");
    let (began, mut answers) = (Instant::now(), Vec::new());
    loop {
        assert!(line.counts.now().2 < 200, "no way through");
        match desk.station.call("sync.now", json!({})).await {
            Ok(answer) => {
                answers.push(answer);
                if answers.last().is_some_and(|answer| answer["in_step"] == json!(true)) {
                    break;
                }
            }
            Err(fault) => assert_eq!(fault.code, "link.no_line", "{fault} {:?}", fault.cause),
        }
    }
    Taken { time: began.elapsed(), calls: line.counts.now().2, bytes: line.counts.beyond(idle), answers }
}

/// Two townships do the same day's work; one has a line that is slow, the other one that also breaks. The county fetches each
/// day over the same line.
///
/// # Panics
/// Where a day does not arrive.
pub async fn over_a_bad_line(changes: u64, bad: Bad, seed: u64) -> Day {
    let mut town = Town::found(2).await;
    let way = bad.there_and_back / 2;
    let mut measured = Vec::new();
    for (at, between) in [(0, 0), (1, bad.between)] {
        town.offices[at].reopen().await;
        let office = &town.offices[at];
        office.sync().await;
        let good = (Badness::Good, seed);
        exchanged(&town.county, &town.hub, good, [0, 0]).await;
        exchanged(office, &town.hub, good, [0, 0]).await;
        // A link shows its certificates once, and names them when it calls again.
        let shown = office.station.office().expect("unlocked").device_auth().0.len() as u64 * 4 / 3;
        let [up, down] = exchanged(office, &town.hub, good, [0, 0]).await.bytes;
        let idle = [up + HEAD - shown, down];
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
        let line = (Badness::Slow { rate: bad.rate, way, between }, seed);
        let up = exchanged(office, &town.hub, line, idle).await;
        measured.push((up, exchanged(&town.county, &town.hub, line, idle).await));
    }
    let Ok([slow, broken]) = <[_; 2]>::try_from(measured) else { unreachable!("two lines") };
    let way = |slow: &Taken, broken: &Taken, goes: usize| Way {
        ideal: slow.time,
        took: broken.time,
        calls: broken.calls,
        bytes: (slow.bytes[goes], broken.bytes[goes]),
        with_questions: (slow.bytes.iter().sum(), broken.bytes.iter().sum()),
    };
    let sum = |what: &str| broken.0.answers.iter().filter_map(|answer| answer["sent"][what].as_u64()).sum();
    Day {
        changes: sum("changes"),
        bytes: sum("bytes"),
        up: way(&slow.0, &broken.0, 0),
        down: way(&slow.1, &broken.1, 1),
    }
}
