//! Putting a picture into a field, and looking at one.

use std::{io::Read as _, path::Path};

use niangjia_core::{
    Fault,
    blobs::{AttachAsk, Picture},
    office::Caller,
    people::Role,
    records::Saved,
    replication::blob::Media,
};

use super::Station;
use crate::{keep::FULL, moment, pictures};

impl Station {
    /// Makes the picture that is kept and puts it into the field.
    pub(super) fn attach(&self, ask: &AttachAsk) -> Result<Saved, Fault> {
        let session = self.session()?;
        self.allowed(&session, Role::Clerk)?;
        self.keeper.room(self.dir(), "records.attach")?;
        let path = ask.path.as_deref().map(Path::new).ok_or_else(|| Fault::question("path"))?;
        let plain = chosen(path).and_then(|file| pictures::prepared(&file, pictures::PHOTO));
        self.drop_upload(path);
        let plain = plain?;
        let put = || {
            let caller = Caller { clerk: session.clerk, roles: session.roles.clone(), moment: moment() };
            let put = session.office.attach(ask, &plain, Media::Jpeg, caller);
            put.map_err(|fault| self.keeper.spoken(self.dir(), fault))
        };
        let (saved, changed) = match put() {
            // The act was rolled back as a whole; with the ballast overboard it is done again as a whole.
            Err(fault) if fault.code == FULL && self.keeper.lighten() => put(),
            done => done,
        }?;
        self.tell(&changed.kinds);
        self.timer.wake();
        Ok(saved)
    }

    /// A picture by its address, for whoever may open the records that show it.
    ///
    /// # Errors
    /// `locked`, `not_found`, `picture_on_its_way`.
    pub fn picture(&self, address: &str) -> Result<Picture, Fault> {
        let session = self.session()?;
        self.allowed(&session, Role::Viewer)?;
        session.office.picture(address)
    }
}

fn chosen(path: &Path) -> Result<Vec<u8>, Fault> {
    let file = std::fs::File::open(path)?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells that there is more, whatever the system says of the file.
    file.take(pictures::FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > pictures::FILE {
        return Err(pictures::too_large());
    }
    Ok(bytes)
}
