//! A locked PC comes into step: what is sealed goes out, what comes is laid beside the office and takes effect when it is unlocked.

#[cfg(test)]
#[path = "../../hub/tests/county/mod.rs"]
mod county;
mod file;
mod key;
mod locked;
mod spool;
mod state;

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use niangjia_core::{Fault, replication::Stream};
use tokio::sync::Notify;

use crate::{
    link::{DeviceAuth, Link, LinkFault, call},
    moment,
    replica::Begins,
    space::Space,
    station::{Session, Station},
    sync::{address, blocking, spoken},
};
use file::Since;
pub use locked::{Locked, spool};
use locked::{certs_of, opened};
pub use spool::Spool;
pub use state::CarryState;
pub(crate) use state::{CARRY_NONE, CARRY_UNLOCKED};
use state::{none, shut_out, told, unlocked};

/// How long unlocking waits for what came to be applied; the rest follows in the background.
const AT_ONCE: Duration = Duration::from_millis(700);
/// What a station remembers of it.
#[derive(Default)]
pub(crate) struct Carry {
    /// Ends an exchange of the locked office.
    unlocked: Notify,
    /// The folder is filled, or emptied, by one at a time.
    turn: Mutex<()>,
    /// What goes on behind an unlocking.
    behind: Mutex<Option<JoinHandle<()>>>,
}

impl Station {
    /// One exchange of the locked office.
    ///
    /// # Errors
    /// `carry_none`, `carry_unlocked`, `link.revoked` once the hub has said so, or what the line says. What has gone over before
    /// a fault stays.
    pub(crate) async fn carry_now(self: &Arc<Self>) -> Result<CarryState, Fault> {
        let mut unlocking = std::pin::pin!(self.carry.unlocked.notified());
        unlocking.as_mut().enable();
        if self.session().is_ok() {
            return Err(unlocked());
        }
        self.timer.queue.fetch_add(1, Ordering::AcqRel);
        let _turn = self.timer.running.lock().await;
        self.timer.queue.fetch_sub(1, Ordering::AcqRel);
        let station = self.clone();
        let (mut spool, link, mut since) = blocking(move || station.to_carry()).await?;
        if since.shut_out {
            return Err(shut_out());
        }
        let mut quietly = |_| {};
        let ended = tokio::select! {
            ended = link.through(&mut spool, &mut quietly) => Some(ended),
            () = unlocking => None,
        };
        let Some(ended) = ended else { return Err(unlocked()) };
        since.full = spool.full;
        let result = match ended {
            Ok(_) => {
                since.last = Some(moment().wall);
                Ok(())
            }
            Err(fault) => {
                // Nothing more is tried until somebody unlocks; what lies here stays.
                since.shut_out = fault.key() == "link.revoked";
                if let LinkFault::TooBusy { retry_after_s } = fault {
                    self.timer.busy(call::spread(Duration::from_secs(retry_after_s)));
                }
                Err(told(&fault))
            }
        };
        if result.as_ref().err().is_none_or(|fault| fault.code != CARRY_UNLOCKED) {
            self.timer.carried(&result);
        }
        let noted = blocking(move || {
            let (file, mark) = spool.file();
            Ok(file.put_since(mark, &since)?)
        });
        let noted = noted.await;
        self.tell(&["sync".to_owned()]);
        result?;
        noted?;
        self.carry_state().ok_or_else(none)
    }

    /// What the link needs, of the folder alone.
    fn to_carry(&self) -> Result<(Spool, Link, Since), Fault> {
        let Some(file) = opened(self.dir())? else { return Err(none()) };
        let (Some(papers), Some(key)) = (file.papers()?, file.key()) else { return Err(none()) };
        let since = file.since()?;
        let certs = certs_of(&papers, &key).ok_or_else(none)?;
        let link = Link::new(address(&papers.hub)?, DeviceAuth::new(&certs, key)).map_err(|fault| spoken(&fault))?;
        let most = if self.keeper.disk(self.dir()).state == Space::Full { 0 } else { self.keeper.keeping().inbox };
        let spool = Spool::new(file, most, Begins::of(self.dir()))?.ok_or_else(none)?;
        Ok((spool, link, since))
    }

    /// Behind an unlocking: applies what came, marks what went, and fills the folder for the next locking. What takes longer than
    /// a moment goes on in the background.
    pub(crate) fn carry_in(self: &Arc<Self>) {
        self.carry.unlocked.notify_waiters();
        let Ok(session) = self.session() else { return };
        let began = Instant::now();
        let done = self.carry.turn.try_lock().is_ok_and(|_turn| self.take_in(&session, &|| began.elapsed() < AT_ONCE));
        let mut behind = self.carry.behind.lock().unwrap_or_else(PoisonError::into_inner);
        let (station, before) = (self.clone(), behind.take());
        *behind = Some(std::thread::spawn(move || {
            if let Some(before) = before {
                // It cannot fail but by a panic, and that has been told already.
                let _ = before.join();
            }
            let turn = || station.carry.turn.lock().unwrap_or_else(PoisonError::into_inner);
            let done = done || {
                let _turn = turn();
                station.take_in(&session, &|| station.session().is_ok())
            };
            if done {
                station.carry_on(&session, false);
            }
        }));
    }

    /// Waits for what goes on behind an unlocking. A program that ends meanwhile cuts a thread off in the middle of the database.
    pub fn at_rest(&self) {
        let behind = self.carry.behind.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(behind) = behind {
            let _ = behind.join();
        }
    }

    /// Applies what lies in the inbox for as long as `on` says so; in the caller's turn. Returns whether nothing is left to do.
    fn take_in(&self, session: &Session, on: &dyn Fn() -> bool) -> bool {
        match self.applied(session, on) {
            Ok(done) => done,
            Err(fault) => {
                // What is not applied stays where it is, and the hub has it too.
                tracing::warn!(code = fault.code, "what came while the office was locked is not applied yet");
                self.notice(fault);
                true
            }
        }
    }

    fn applied(&self, session: &Session, on: &dyn Fn() -> bool) -> Result<bool, Fault> {
        let receive = |stream: &Stream, segments: &[Vec<u8>]| self.receive_carried(session, stream, segments);
        Locked { data: self.dir(), office: &session.office }.take_in(on, receive)
    }

    fn receive_carried(&self, session: &Session, stream: &Stream, segments: &[Vec<u8>]) -> Result<(), Fault> {
        if segments.is_empty() {
            return Ok(());
        }
        let (received, changed) = session.office.receive(stream, segments, moment())?;
        if received.segments > 0 {
            // The registrar answers, and others are sent what it comes to.
            self.timer.wake();
        }
        if !changed.kinds.is_empty() {
            self.tell(&changed.kinds);
        }
        Ok(())
    }

    /// Fills the folder with how the unlocked office stands, so that it is true whenever the program ends or the office is
    /// locked. At parting what waits is sealed first; before that the next exchange does it.
    pub(crate) fn carry_on(&self, session: &Session, parting: bool) {
        let _turn = self.carry.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = match self.filled(session, parting) {
            Err(fault) if fault.code == "carry_failed" => {
                // It holds nothing that is not elsewhere.
                tracing::warn!(cause = fault.cause.as_deref().unwrap_or_default(), "what is carried is made anew");
                file::remove(self.dir()).map_err(Fault::from).and_then(|()| self.filled(session, parting))
            }
            filled => filled,
        };
        if let Err(fault) = filled {
            tracing::warn!(code = fault.code, "nothing is carried while the office is locked");
        }
    }

    /// Carrying was switched on or off.
    ///
    /// # Errors
    /// When the folder cannot be taken away.
    pub(crate) fn carry_turned(&self) -> Result<(), Fault> {
        if let Ok(session) = self.session() {
            self.carry_on(&session, false);
        } else if self.folder().carry_off {
            let _turn = self.carry.turn.lock().unwrap_or_else(PoisonError::into_inner);
            file::remove(self.dir())?;
        }
        Ok(())
    }

    fn filled(&self, session: &Session, parting: bool) -> Result<(), Fault> {
        let (Some(hub), false) = (session.office.hub(), self.folder().carry_off) else {
            return Ok(file::remove(self.dir())?);
        };
        if self.keeper.disk(self.dir()).state == Space::Full {
            return Ok(());
        }
        Locked { data: self.dir(), office: &session.office }.fill(hub, &mut moment().rng, parting)
    }
}

#[cfg(test)]
mod tests;
