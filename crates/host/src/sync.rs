//! Coming into step: one exchange, told in steps; and the timer that tries by itself.

use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::{Duration, Instant},
};

use niangjia_core::{
    Fault,
    blobs::BlobsWaiting,
    identity::Hub,
    recovery::Returning,
    repair::Repair,
    replication::{
        Incarnation,
        enrol::HubAddress,
        keys::{VerifyingKey, chain_from_cbor},
        wire::ReplicaFault,
    },
    words::Say,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    carry::{CARRY_NONE, CARRY_UNLOCKED},
    keep::FULL,
    link::{DeviceAuth, Lane, Link, LinkFault, Step, call},
    moment,
    replica::{Begins, Fetching, OfficeReplica},
    station::{Session, Station},
};

mod claim;
mod progress;

pub use claim::{ClaimAnswer, ClaimAsk};
pub use progress::Timer;

/// How often an office looks for the hub by itself, before jitter.
const EVERY: Duration = Duration::from_secs(60);
/// How soon after a save it tries.
const SOON: Duration = Duration::from_secs(3);
/// How long an exchange goes on with pictures before it answers; the next one follows at once.
const LANE: Duration = Duration::from_secs(20);
/// The longest pause after failures in a row.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// What went over the line.
#[derive(Clone, Copy, Default, Serialize, JsonSchema)]
pub struct Moved {
    /// Segments.
    pub segments: u64,
    /// Changes in them.
    pub changes: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// What an exchange did.
#[derive(Clone, Serialize, JsonSchema)]
pub struct SyncAnswer {
    /// Newly stored at the hub.
    pub sent: Moved,
    /// Newly taken here.
    pub received: Moved,
    /// Both sides hold the same changes.
    pub in_step: bool,
    /// What the slow lane did: pictures follow the changes.
    pub blobs: BlobsMoved,
}

/// What a comparison to the byte found.
#[derive(Clone, Serialize, JsonSchema)]
pub struct Compared {
    /// Both sides hold the same changes.
    pub in_step: bool,
    /// What was amiss, and what became of it; `None` where nothing was.
    pub repair: Option<Repair>,
}

/// What went over the slow lane, and what still waits.
#[derive(Clone, Default, Serialize, JsonSchema)]
pub struct BlobsMoved {
    /// Pictures that are whole at the hub now.
    pub sent: u64,
    /// Pictures that are whole here now.
    pub received: u64,
    /// Sealed bytes in both directions.
    pub bytes: u64,
    /// What waits after it.
    pub waiting: BlobsWaiting,
    /// Why it ended before it was done, where it did; the next exchange goes on.
    pub stopped: Option<Say>,
}

pub(crate) fn spoken(fault: &LinkFault) -> Fault {
    // The office's own fault says more than that there was one.
    if let LinkFault::Replica(ReplicaFault(cause)) = fault
        && let Some(own) = cause.downcast_ref::<Fault>()
    {
        return own.clone();
    }
    Fault::say(fault.key(), Say::new(fault.zh(), fault.en())).because(fault)
}

pub(crate) fn address(hub: &Hub) -> Result<HubAddress, Fault> {
    let key = hex::decode(hub.key.trim())
        .ok()
        .and_then(|b| <[u8; 32]>::try_from(b).ok())
        .and_then(|b| VerifyingKey::from_bytes(&b).ok())
        .ok_or_else(|| {
            Fault::new(
                "hub_key",
                "中转站公钥不对，应为 64 位十六进制。请照中转站安装时显示的内容填写。",
                "The hub's key is not right: it has 64 hexadecimal digits, as shown when the hub was installed.",
            )
        })?;
    Ok(HubAddress { url: hub.url.trim().trim_end_matches('/').to_owned(), key })
}

fn link(session: &Session, hub: &Hub) -> Result<Link, Fault> {
    let (chain, device) = session.office.device_auth();
    let certs = chain_from_cbor(&chain).map_err(Fault::question)?;
    Link::new(address(hub)?, DeviceAuth::new(&certs, device)).map_err(|e| spoken(&e))
}

impl Station {
    /// Comes into step with the hub. One exchange runs at a time; a second caller waits for its own turn.
    ///
    /// # Errors
    /// `alone`, `hub_unknown`, or what the line says. What has gone over before a fault stays.
    pub async fn exchange(self: &Arc<Self>) -> Result<SyncAnswer, Fault> {
        let session = self.session()?;
        let Some(hub) = session.office.hub() else {
            return Err(if session.office.identity().federation.is_none() {
                Fault::new(
                    "alone",
                    "本办公室单独使用，不需要上报。",
                    "This office works alone; there is nothing to send.",
                )
            } else {
                Fault::new(
                    "hub_unknown",
                    "还没有登记中转站地址，暂时不能联网同步。内容都已保存在本机。",
                    "No hub is known yet, so nothing can be sent. Everything is saved on this PC.",
                )
            });
        };
        self.timer.queue.fetch_add(1, Ordering::AcqRel);
        let _turn = self.timer.running.lock().await;
        self.timer.queue.fetch_sub(1, Ordering::AcqRel);
        self.timer.change(|p| {
            *p = p.begin();
        });
        let result = self.exchange_with(&session, &hub).await;
        self.timer.change(|p| {
            p.running = false;
            match &result {
                Ok(_) => {
                    p.last_fault = None;
                    p.offline_since = None;
                }
                Err(fault) => {
                    p.last_fault = Some((fault.code.clone(), fault.say.clone()));
                    p.offline_since = p.offline_since.or_else(|| Some(moment().wall));
                }
            }
        });
        let (station, carrying) = (self.clone(), session.clone());
        blocking(move || {
            // What a kill would leave locked is as true as the last exchange.
            station.carry_on(&carrying, false);
            Ok(())
        })
        .await?;
        self.tell(&["sync".to_owned()]);
        result.map_err(|fault| self.notice(self.keeper.spoken(self.dir(), fault))).inspect_err(|fault| {
            if fault.code == FULL {
                // The next exchange takes in what this one had no room for.
                self.keeper.lighten();
            }
        })
    }

    /// The same, with a comparison to the byte of what both sides hold.
    ///
    /// # Errors
    /// Those of [`Station::exchange`].
    pub(crate) async fn compare(self: &Arc<Self>) -> Result<Compared, Fault> {
        let office = self.session()?.office;
        let ask = office.clone();
        blocking(move || ask.compare_soon()).await?;
        let SyncAnswer { in_step, .. } = self.exchange().await?;
        Ok(Compared { in_step, repair: blocking(move || office.last_repair()).await? })
    }

    async fn exchange_with(self: &Arc<Self>, session: &Session, hub: &Hub) -> Result<SyncAnswer, Fault> {
        let link = link(session, hub)?;
        let mut total = SyncAnswer {
            sent: Moved::default(),
            received: Moved::default(),
            in_step: false,
            blobs: BlobsMoved::default(),
        };
        let mut epoch = None;
        // What the first pass brings may ask for a receipt, which the second pass carries.
        for pass in 0..2 {
            let office = session.office.clone();
            blocking(move || office.seal(&mut moment().rng)).await?;
            let mut replica = OfficeReplica {
                office: session.office.clone(),
                touched: Vec::new(),
                begun: Begins::of(self.dir()),
                end: 0,
            };
            let station = self.clone();
            let mut progress = move |step: Step| {
                station.timer.change(|p| match step {
                    Step::Comparing => {}
                    Step::Sending { segments, bytes } => p.sent = (segments, bytes),
                    Step::Receiving { segments, changes, bytes } => p.received = (segments, changes, bytes),
                });
            };
            let outcome = link.through(&mut replica, &mut progress).await.map_err(|e| {
                if let LinkFault::TooBusy { retry_after_s } = e {
                    self.timer.busy(call::spread(Duration::from_secs(retry_after_s)));
                }
                spoken(&e)
            })?;
            let age = i64::try_from(outcome.hub_time_age.as_millis()).unwrap_or(i64::MAX);
            let ahead = moment().wall.saturating_sub(outcome.hub_time_ms.saturating_add(age)) / 1000;
            self.timer.change(|p| p.clock_offset_s = Some(ahead));
            let add = |moved: &mut Moved, by: &niangjia_core::replication::wire::Received| {
                moved.segments += by.segments;
                moved.changes += by.changes;
                moved.bytes += by.bytes;
            };
            add(&mut total.sent, &outcome.sent);
            add(&mut total.received, &outcome.received);
            total.in_step = outcome.in_step;
            epoch = outcome.epoch;
            if !replica.touched.is_empty() {
                self.tell(&replica.touched);
            }
            let (office, end) = (session.office.clone(), replica.end);
            let (held, whole) = (outcome.epoch.filter(|_| outcome.in_step), outcome.hub_whole);
            let written = blocking(move || {
                if let Some(hub) = held {
                    office.in_step_with(&hub, end, whole)?;
                }
                let written = office.receipts(moment())?;
                // What has grown enough is summed up here, and offered by the next exchange.
                office.make_checkpoints(moment())?;
                Ok(written)
            })
            .await?;
            if written == 0 || pass == 1 {
                break;
            }
        }
        let office = session.office.clone();
        blocking(move || office.contacted(moment().wall)).await?;
        total.blobs = self.slow_lane(session, &link, epoch).await?;
        Ok(total)
    }

    /// Pictures, once the changes have gone. What ends the lane early is told and is no fault of the exchange: all that
    /// counts has gone over.
    async fn slow_lane(
        self: &Arc<Self>,
        session: &Session,
        link: &Link,
        epoch: Option<Incarnation>,
    ) -> Result<BlobsMoved, Fault> {
        let (office, began) = (session.office.clone(), Instant::now());
        let on = |_: &Lane| {
            began.elapsed() < LANE
                && self.timer.queue.load(Ordering::Acquire) == 0
                && !office.changes_wait().unwrap_or(true)
                && self.session().is_ok()
        };
        let mut lane = Lane::default();
        let ended = link.blobs(&office, epoch, &on, &mut lane).await;
        let stopped = match ended {
            Ok(()) if lane.aside => {
                // The rest goes on as soon as what it stood aside for is done.
                self.timer.wake();
                Some(Say::new(
                    "照片还没有传完，会在后台接着传。",
                    "Not all pictures have gone yet; they go on in the background.",
                ))
            }
            Ok(()) => None,
            Err(LinkFault::Replica(cause)) => return Err(spoken(&LinkFault::Replica(cause))),
            Err(fault) => {
                tracing::info!(key = fault.key(), "the slow lane ended early");
                Some(Say::new(
                    "照片还没有传完，下次联网时从断开的地方接着传。",
                    "Not all pictures have gone yet; the next exchange goes on where the line broke.",
                ))
            }
        };
        if lane.received > 0 {
            self.tell(&office.kinds_with_pictures());
        }
        let office = session.office.clone();
        let waiting = blocking(move || office.blobs_waiting()).await?;
        Ok(BlobsMoved { sent: lane.sent, received: lane.received, bytes: lane.bytes, waiting, stopped })
    }

    /// Starts the timer: an exchange now and then, soon after a save, rarely while there is no line. Ends with the station.
    /// The keeper's round ([`Station::keep_safe`]) starts with it.
    pub fn keep_in_step(self: &Arc<Self>) {
        self.keep_safe();
        let station: Weak<Self> = Arc::downgrade(self);
        let wake = self.timer.wake.clone();
        tokio::spawn(async move {
            let mut failures: u32 = 0;
            loop {
                let pause = jittered(EVERY.saturating_mul(1 << failures.min(4)).min(LONGEST));
                let Some(asked) = station.upgrade().map(|station| station.timer.told_to_wait()) else { return };
                // A save does not shorten what a busy hub asked for.
                tokio::time::sleep(asked).await;
                let woken = tokio::time::timeout(pause.saturating_sub(asked), wake.notified()).await.is_ok();
                if woken && failures == 0 {
                    tokio::time::sleep(SOON).await;
                }
                let Some(station) = station.upgrade() else { return };
                let done = match station.session() {
                    Ok(session) if session.office.hub().is_none() => continue,
                    Ok(_) => station.exchange().await.map(drop),
                    Err(_) => station.carry_now().await.map(drop),
                };
                match done {
                    Ok(()) => failures = 0,
                    // Nothing to do, or another does it; no reason to come later.
                    Err(fault) if matches!(fault.code.as_str(), CARRY_NONE | CARRY_UNLOCKED) => failures = 0,
                    Err(fault) => {
                        failures += 1;
                        tracing::info!(code = fault.code, "no exchange");
                    }
                }
            }
        });
    }
}

fn jittered(pause: Duration) -> Duration {
    let mut byte = [0; 1];
    // Offices that lost the line together must not come back together; without chance the plain pause will do.
    if getrandom::fill(&mut byte).is_err() {
        return pause;
    }
    pause.mul_f64(0.75 + f64::from(byte[0]) / 512.0)
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|e| {
        Fault::new(
            "program_failed",
            "程序内部出错，同步已停止。数据完好，请再试一次。",
            "The program failed inside and the exchange stopped. Data are intact, please try again.",
        )
        .because(e)
    })?
}

/// Fetches everything that a hub holds for a county that is founded again. Nothing of it is answered: whoever was registrar
/// before must be shut out first. `without` goes on with what there is, once it is clear that not everything comes.
///
/// # Errors
/// What the line says at the last try; `recover_not_whole`.
pub(crate) async fn fetch(returning: Returning, hub: &Hub, tries: usize, without: bool) -> Result<Returning, Fault> {
    let Returning { office, .. } = &returning;
    let (chain, device) = office.device_auth();
    let certs = chain_from_cbor(&chain).map_err(Fault::question)?;
    let link = Link::new(address(hub)?, DeviceAuth::new(&certs, device)).map_err(|e| spoken(&e))?;
    let mut replica = Fetching { office };
    let mut last = None;
    let mut came = false;
    for anything in [false, true].into_iter().take(1 + usize::from(without)) {
        if anything {
            returning.take_anything();
        }
        for _ in 0..tries {
            match link.exchange(&mut replica, &mut |_| {}).await {
                Ok(outcome) if outcome.in_step || returning.whole()? => return Ok(returning),
                Ok(_) => came = true,
                Err(fault) if fault.passes() => (came, last) = (false, Some(fault)),
                Err(fault) => return Err(spoken(&fault)),
            }
        }
    }
    match last {
        _ if came && without && returning.ordered()? => Ok(returning),
        Some(fault) if !came => Err(spoken(&fault)),
        _ => Err(Fault::new(
            "recover_not_whole",
            "中转站上的数据没有取全，没有恢复，本机没有任何改动。请先让各乡镇的电脑与中转站同步，再试一次；如果缺的已经没有人能补上，可以勾选“缺的先不等”。",
            "Not everything came from the hub; nothing was founded and nothing was changed on this PC. Let the offices' PCs sync with the hub and try again; where nobody can bring the rest any more, tick “go on without what is missing”.",
        )),
    }
}
