//! How far an exchange is, and what is told of it.

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::AtomicUsize},
    time::{Duration, Instant},
};

use niangjia_core::{Fault, words::Say};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::moment;

/// Seconds by which a clock may be off without a word.
const CLOCK_OFF: u64 = 120;
/// State of the timer and of the exchange under way.
#[derive(Default)]
pub struct Timer {
    pub(super) wake: Arc<Notify>,
    /// Exchanges that wait for their turn: the slow lane stands aside for them.
    pub(crate) queue: AtomicUsize,
    pub(crate) running: tokio::sync::Mutex<()>,
    now: Mutex<Progress>,
}

#[derive(Clone, Default)]
pub(super) struct Progress {
    /// There was an exchange since the program started; before the first one there are no steps to tell of.
    begun: bool,
    pub(super) running: bool,
    pub(super) sent: (u64, u64),
    pub(super) received: (u64, u64, u64),
    pub(super) last_fault: Option<(String, Say)>,
    pub(super) offline_since: Option<i64>,
    /// By how many seconds this PC was ahead of the hub at the last exchange.
    pub(super) clock_offset_s: Option<i64>,
    /// When a busy hub asked to be left alone until.
    pub(super) not_before: Option<Instant>,
}

impl Progress {
    /// What outlives the exchange that found it.
    pub(super) fn begin(&self) -> Self {
        let Self { offline_since, clock_offset_s, .. } = *self;
        Self { begun: true, running: true, offline_since, clock_offset_s, ..Self::default() }
    }
}

impl Timer {
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// How long a busy hub wants to be left alone still.
    pub(super) fn told_to_wait(&self) -> Duration {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.not_before.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// A busy hub wants to be left alone.
    pub(crate) fn busy(&self, pause: Duration) {
        self.change(|now| now.not_before = Some(Instant::now() + pause));
    }

    /// An exchange of the locked office ended.
    pub(crate) fn carried(&self, ended: &Result<(), Fault>) {
        self.change(|now| match ended {
            Ok(()) => (now.last_fault, now.offline_since) = (None, None),
            Err(fault) => {
                now.last_fault = Some((fault.code.clone(), fault.say.clone()));
                now.offline_since = now.offline_since.or_else(|| Some(moment().wall));
            }
        });
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Adds the exchange under way to the answer of `sync.status`.
    pub(crate) fn describe(&self, answer: &mut Value) {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(object) = answer.as_object_mut() else { return };
        object.insert("running".into(), now.running.into());
        object.insert("offline_since".into(), now.offline_since.into());
        if let Some((key, say)) = &now.last_fault {
            object.insert("last_fault".into(), json!({ "key": key, "say": say }));
        }
        if let Some((ahead, say)) = now.clock_offset_s.and_then(|ahead| Some((ahead, clock_say(ahead)?))) {
            object.insert("clock_offset_s".into(), ahead.into());
            object.insert("clock_say".into(), json!(say));
        }
        if !now.begun {
            return;
        }
        let step = |key: &str, zh: &str, en: &str, done: u64, bytes: u64| json!({ "key": key, "zh": zh, "en": en, "done": done, "total": done, "bytes": bytes });
        object.insert(
            "steps".into(),
            json!([
                step("compare", "比对", "Compare", u64::from(!now.running && now.last_fault.is_none()), 0),
                step("send", "上报", "Send", now.sent.0, now.sent.1),
                step("receive", "接收", "Receive", now.received.1, now.received.2),
            ]),
        );
    }
}

/// What a clerk is told of a clock that is off by more than two minutes.
fn clock_say(ahead: i64) -> Option<Say> {
    if ahead.unsigned_abs() <= CLOCK_OFF {
        return None;
    }
    let (zh, en) = if ahead > 0 { ("快", "ahead of") } else { ("慢", "behind") };
    let (by_zh, by_en) = match ahead.unsigned_abs() {
        s @ 0..7_200 => (format!("{} 分钟", s / 60), format!("{} minutes", s / 60)),
        s @ 7_200..172_800 => (format!("{} 小时", s / 3600), format!("{} hours", s / 3600)),
        s => (format!("{} 天", s / 86_400), format!("{} days", s / 86_400)),
    };
    Some(Say::owned(
        format!(
            "本机的时钟比中转站{zh}约 {by_zh}。上报不受影响，但记录旁显示的日期和时间可能不对。请在系统设置里校准时钟。"
        ),
        format!(
            "This PC's clock is about {by_en} {en} the hub's. Sending is not affected, but days and times shown beside records may be wrong. Set the clock in the system settings."
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_spoken_of_only_when_it_is_more_than_two_minutes_off() {
        assert_eq!([clock_say(0), clock_say(120), clock_say(-120)], [None, None, None]);
        let said = |ahead| clock_say(ahead).map(|say| say.zh.to_string()).unwrap_or_default();
        assert!(said(121).contains("快约 2 分钟") && said(-9 * 3600).contains("慢约 9 小时"));
        assert!(said(-56 * 365 * 86_400).contains("慢约 20440 天"), "a PC that thinks it is 1970");
    }
}
