//! A clerk's process as seen from outside: what it acknowledged, and how it is ended.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use crate::clerk::Said;

/// How long a program may take to open its office.
const PATIENCE: Duration = Duration::from_secs(60);

/// One data folder, and what was acknowledged of it.
pub struct Desk {
    iron: PathBuf,
    data: PathBuf,
    list: PathBuf,
    child: Option<(Child, Receiver<Said>)>,
    /// The number that each record bears at least.
    pub acknowledged: BTreeMap<String, u64>,
    /// Saves acknowledged, exchanges that ended in step, refusals for want of room.
    pub counts: (u64, u64, u64),
    /// Records looked at after each start: those acknowledged in this life and the last.
    lately: BTreeMap<String, u64>,
    /// The slowest start, in milliseconds.
    pub slowest: u64,
}

impl Desk {
    /// A folder; `list` is a file of this run. `iron` is the program of this package.
    #[must_use]
    pub fn at(iron: &Path, data: &Path, list: PathBuf) -> Self {
        Self {
            iron: iron.to_owned(),
            data: data.to_owned(),
            list,
            child: None,
            acknowledged: BTreeMap::new(),
            counts: (0, 0, 0),
            lately: BTreeMap::new(),
            slowest: 0,
        }
    }

    /// The clerk comes in the morning. Returns once the office is open and has been looked through.
    ///
    /// # Panics
    /// Where something acknowledged is gone, or the office does not open.
    pub fn start(&mut self, seed: u64) {
        if self.child.is_some() {
            return;
        }
        let mut list = String::new();
        for (id, number) in &self.lately {
            writeln!(list, "{id} {number}").expect("memory");
        }
        self.lately.clear();
        std::fs::write(&self.list, list).expect("a file");
        let mut child = Command::new(&self.iron)
            .arg("clerk")
            .args([&self.data, &self.list])
            .arg(seed.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the clerk's program starts");
        let mut out = BufReader::new(child.stdout.take().expect("its words"));
        let (ear, said) = channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            while out.read_line(&mut line).is_ok_and(|n| n > 0) {
                if let Some(said) = Said::heard(&line)
                    && ear.send(said).is_err()
                {
                    return;
                }
                line.clear();
            }
        });
        match said.recv_timeout(PATIENCE) {
            Ok(Said::Ready(after)) => self.slowest = self.slowest.max(after),
            Ok(other) => panic!("{other:?}"),
            Err(cause) => panic!("the office did not open: {cause}"),
        }
        self.child = Some((child, said));
    }

    /// Waits until a save has been acknowledged; says whether one was.
    pub fn works(&mut self) -> bool {
        self.waits(|counts| counts.0)
    }

    /// Waits until an exchange has ended in step; says whether one did.
    pub fn exchanges(&mut self) -> bool {
        self.waits(|counts| counts.1)
    }

    fn waits(&mut self, count: fn((u64, u64, u64)) -> u64) -> bool {
        let before = count(self.counts);
        while count(self.counts) == before {
            let Some((_, said)) = &self.child else { return false };
            match said.recv_timeout(PATIENCE) {
                Ok(said) => self.note(said),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
            }
        }
        true
    }

    /// Takes note of what has been said until now.
    pub fn listen(&mut self) {
        let heard: Vec<Said> = self.child.iter().flat_map(|(_, said)| said.try_iter()).collect();
        heard.into_iter().for_each(|said| self.note(said));
    }

    fn note(&mut self, said: Said) {
        match said {
            Said::Saved(id, number) => {
                self.counts.0 += 1;
                for book in [&mut self.acknowledged, &mut self.lately] {
                    let stands = book.entry(id.clone()).or_default();
                    *stands = number.max(*stands);
                }
            }
            Said::InStep => self.counts.1 += 1,
            Said::Full => self.counts.2 += 1,
            Said::Lost(what) => panic!("{what}"),
            Said::Ready(_) => {}
        }
    }

    /// kill -9; what it still said counts. `false` where that is not known to have been on the disk before.
    pub fn kill(&mut self, counts: bool) {
        let Some((mut child, said)) = self.child.take() else { return };
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        // The ear ends with the pipe, so this is everything.
        let rest: Vec<Said> = said.iter().collect();
        for said in rest {
            if counts || matches!(said, Said::Lost(_)) {
                self.note(said);
            }
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
