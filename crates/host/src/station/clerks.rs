//! Clerks at the door: who unlocks, how long after wrong tries, and a further clerk.

use std::sync::{Arc, PoisonError};

use niangjia_core::{
    Fault,
    founding::ClerkKeys,
    office::{Caller, Office},
    people::{self, Role},
    replication::RecordId,
    store::DatabaseKey,
};

use super::{
    Session, Station,
    asks::{AddClerkAsk, ClerkState, PassphraseAsk},
    founding::passphrase_fits,
};
use crate::{
    disk::{PASSPHRASE_WRONG, Slot, Unlocked, database},
    moment, place,
    trouble::DAMAGED,
};

impl Station {
    pub(super) fn enter(&self, office: Office, keys: &ClerkKeys, key: DatabaseKey) -> Result<(), Fault> {
        self.enter_as(office, keys.id, key)
    }

    pub(super) fn enter_as(&self, office: Office, clerk: RecordId, key: DatabaseKey) -> Result<(), Fault> {
        let (name, roles) = office.clerk(clerk)?;
        self.fence(&office);
        *self.session.write().unwrap_or_else(PoisonError::into_inner) =
            Some(Session { office: Arc::new(office), clerk, name, roles, key });
        self.keeper.opened(&self.dir);
        self.tell(&["*".to_owned()]);
        Ok(())
    }

    pub(super) fn fence(&self, office: &Office) {
        if let Some(folder) = self.fences.get() {
            office.fenced_in(folder);
        }
    }

    /// Opens the office for a clerk, by id or name. After three wrong passphrases each further try waits longer.
    ///
    /// # Errors
    /// `passphrase_wrong`, `passphrase_wait`, `folder_unsafe`, or the store's own.
    pub fn unlock(self: &Arc<Self>, who: &str, passphrase: &str) -> Result<(), Fault> {
        let unlocked = self.slot_opened(who, passphrase)?;
        place::check(&self.dir)?;
        self.keeper.examine(&self.dir, &unlocked.key)?;
        self.keeper.room_to_open(&self.dir);
        let office =
            Office::open(&database(&self.dir), &unlocked.key).map_err(|fault| self.keeper.spoken(&self.dir, fault))?;
        self.fence(&office);
        // Before the first write: a database that somebody put back from an older copy begins a chain of its own.
        let back = office.take_back(false, moment()).map_err(|fault| {
            let fault = office.looked_into(fault);
            if fault.code == DAMAGED {
                office.abandon();
            }
            fault
        })?;
        if back.renewed {
            tracing::warn!("the database is an older copy; it goes on under a new incarnation");
        }
        self.enter(office, &unlocked.keys, unlocked.key)?;
        self.carry_in();
        Ok(())
    }

    /// Opens a clerk's key slot; after three wrong passphrases each further try waits longer.
    pub(super) fn slot_opened(&self, who: &str, passphrase: &str) -> Result<Unlocked, Fault> {
        let folder = self.folder();
        let slot = folder.clerk(who).ok_or_else(|| {
            Fault::new(
                "clerk_unknown",
                "这台电脑上没有这位经办人员。请从名单里选择自己的姓名。",
                "This PC does not know that clerk. Choose your name from the list.",
            )
        })?;
        self.opened_with(slot, passphrase)
    }

    /// Every way to a key slot goes past the brake.
    fn opened_with(&self, slot: &Slot, passphrase: &str) -> Result<Unlocked, Fault> {
        self.brake.take(slot.id, moment().wall)?;
        let unlocked = slot.unlock(passphrase);
        match &unlocked {
            Ok(_) => self.brake.right(slot.id, true),
            Err(fault) if fault.code != PASSPHRASE_WRONG => self.brake.right(slot.id, false),
            Err(_) => {}
        }
        unlocked
    }

    /// Gives the clerk who works here a new passphrase. The database key stays; only the clerk's own slot is locked anew.
    ///
    /// # Errors
    /// `passphrase_wrong`, `passphrase_wait`, `fields` for a short one.
    pub(super) fn change_passphrase(&self, ask: &PassphraseAsk) -> Result<ClerkState, Fault> {
        let session = self.session()?;
        passphrase_fits(&ask.new)?;
        let folder = self.folder();
        let slot = folder.clerk(&session.clerk.to_string()).ok_or_else(Fault::not_found)?;
        let unlocked = self.opened_with(slot, &ask.old)?;
        let fresh = Slot::lock(&session.name, &ask.new, &unlocked.key, &unlocked.keys, &mut moment().rng)?;
        self.change_folder(|folder| {
            folder.clerks.retain(|c| c.id != session.clerk);
            folder.clerks.push(fresh);
        })?;
        Ok(ClerkState {
            id: session.clerk.to_string(),
            name: session.name,
            roles: session.roles.iter().map(|r| r.key().to_owned()).collect(),
        })
    }

    pub(super) fn add_clerk(&self, ask: AddClerkAsk) -> Result<ClerkState, Fault> {
        let session = self.session()?;
        self.allowed(&session, Role::SecurityAdmin)?;
        passphrase_fits(&ask.passphrase)?;
        let mut first = moment();
        let keys = ClerkKeys::generate(first.wall, &mut first.rng);
        let slot = Slot::lock(ask.name.trim(), &ask.passphrase, &session.key, &keys, &mut first.rng)?;
        let caller = Caller { clerk: session.clerk, roles: session.roles.clone(), moment: first };
        let (_, changed) = session.office.act("clerks.add", caller, |desk| {
            people::add(
                desk,
                keys.id,
                &ask.name,
                &ask.roles,
                keys.sign.public().to_bytes().to_vec(),
                keys.open.public().to_bytes().to_vec(),
            )
        })?;
        self.change_folder(|folder| folder.clerks.push(slot))?;
        self.tell(&changed.kinds);
        Ok(ClerkState {
            id: keys.id.to_string(),
            name: ask.name,
            roles: ask.roles.iter().map(|r| r.key().to_owned()).collect(),
        })
    }
}
