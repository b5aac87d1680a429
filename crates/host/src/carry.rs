//! A locked PC comes into step: what is sealed goes out, what comes is laid beside the office and takes effect when it is unlocked.

#[cfg(test)]
#[path = "../../hub/tests/county/mod.rs"]
mod county;
mod file;
mod key;
mod spool;
mod state;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use niangjia_core::{
    Fault,
    replication::{
        Stream,
        keys::{Cert, SigningKey, chain_from_cbor},
        wire::Kept,
    },
};
use rand_chacha::rand_core::Rng as _;
use tokio::sync::Notify;

use crate::{
    link::{DeviceAuth, Link, LinkFault, call},
    moment,
    replica::Begins,
    space::Space,
    station::{Session, Station},
    sync::{address, blocking, spoken},
};
use file::{CarryFault, CarryFile, Laid, Papers, Since};
use spool::Spool;
pub use state::CarryState;
pub(crate) use state::{CARRY_NONE, CARRY_UNLOCKED};
use state::{none, shut_out, told, unlocked};

/// How long unlocking waits for what came to be applied; the rest follows in the background.
const AT_ONCE: Duration = Duration::from_millis(700);
/// Bytes that are applied in one transaction.
const PART: usize = 512 << 10;
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

/// The open folder and what it is about; what cannot be read is taken away.
fn opened(data: &Path) -> Result<Option<CarryFile>, Fault> {
    match CarryFile::open(data) {
        Err(CarryFault::Damaged) => {
            tracing::warn!("what was carried cannot be read; it is made anew after the next unlocking");
            file::remove(data)?;
            Ok(None)
        }
        file => Ok(file?),
    }
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
        let Some(file) = opened(self.dir())? else { return Ok(true) };
        let office = &session.office;
        let ours = file.papers()?.zip(file.key()).and_then(|(papers, key)| certs_of(&papers, &key));
        let device = chain_from_cbor(&office.device_auth().0).map_err(Fault::question)?;
        if ours.is_none_or(|certs| certs.split_last().is_none_or(|(_, above)| above != device)) {
            // Another PC's, or of another life of this one.
            drop(file);
            file::remove(self.dir())?;
            return Ok(true);
        }
        for laid in file.outbox()? {
            if laid.there {
                office.handed_over(&laid.stream, laid.chain, &laid.head)?;
            }
            let seq = laid.head.seq;
            let place = Kept { stream: laid.stream, chain: laid.chain, from: seq, to: seq, stands: 0, bytes: 0 };
            if office.segment_bytes(&place, &(seq, laid.head.hash))?.is_none()
                && let Some(segment) = file.bytes(false, &laid)?
            {
                // An older copy of the data file stands here now: what it sealed on its later days is taken in again.
                self.receive_carried(session, &laid.stream, &[segment])?;
            }
        }
        let mut inbox = file.inbox()?.into_iter().peekable();
        while inbox.peek().is_some() {
            if !on() {
                return Ok(false);
            }
            let (mut part, mut bytes) = (Vec::<Laid>::new(), Vec::new());
            let mut size = 0;
            while let Some(laid) =
                inbox.next_if(|laid| size < PART && part.first().is_none_or(|first| first.stream == laid.stream))
            {
                // What the disk changed is not what came: it is let go of, and comes again.
                if let Some(segment) = file.bytes(true, &laid)? {
                    size += segment.len();
                    bytes.push(segment);
                }
                part.push(laid);
            }
            let Some(stream) = part.first().map(|laid| laid.stream) else { break };
            self.receive_carried(session, &stream, &bytes)?;
            file.applied(&part)?;
        }
        Ok(true)
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
        let office = &session.office;
        let (Some(hub), false) = (office.hub(), self.folder().carry_off) else {
            return Ok(file::remove(self.dir())?);
        };
        let device = chain_from_cbor(&office.device_auth().0).map_err(Fault::question)?;
        if device.is_empty() {
            return Ok(file::remove(self.dir())?);
        }
        if self.keeper.disk(self.dir()).state == Space::Full {
            return Ok(());
        }
        if parting {
            office.seal(&mut moment().rng)?;
        }
        let file = CarryFile::make(self.dir())?;
        let before = file.papers()?;
        let key = file.key();
        let known = before.as_ref().zip(key).filter(|(papers, key)| {
            certs_of(papers, key).is_some_and(|certs| certs.split_last().is_some_and(|(_, above)| above == device))
        });
        let (chain, key) = match known {
            Some((papers, key)) => (papers.chain.clone(), key),
            None => {
                let mut rng = moment().rng;
                let key = SigningKey::generate(&mut rng);
                let mut serial = [0; 16];
                rng.fill_bytes(&mut serial);
                let Some(chain) = office.certify_carrier(key.public(), serial)? else { return Ok(()) };
                file.new_key(&key)?;
                (hex::encode(chain), key)
            }
        };
        let carried = office.carried()?;
        let papers = Papers { hub, chain, unsent: carried.unsent, counts: carried.counts, fetch: carried.met };
        let mark = file::mark(&papers, &carried.frontiers, &carried.outbox, &key);
        if file.mark()?.as_ref() == Some(&mark) && !file.since()?.shut_out {
            return Ok(());
        }
        let bytes = |one: &niangjia_core::carry::Outgoing| -> Result<_, Fault> {
            office.segment_bytes(&one.kept(), &(one.head.seq, one.head.hash))
        };
        file.fill((&papers, &mark), &carried.frontiers, &carried.outbox, bytes)
    }
}

/// The certificates of a PC and of this carrier.
fn certs_of(papers: &Papers, key: &SigningKey) -> Option<Vec<Cert>> {
    let certs = chain_from_cbor(&hex::decode(&papers.chain).ok()?).ok()?;
    (certs.last()?.claims().subject == key.public()).then_some(certs)
}

#[cfg(test)]
mod tests;
