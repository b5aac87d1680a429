//! The brake on guessing: wrong passphrases are counted in a small file beside the key slots, so that a new process is no new try.
//!
//! Nothing in it is secret, and whoever may write to the folder can take it away: against a thief of the disk stands the cost of
//! the key derivation. The brake is against whoever sits at the PC, or calls the script door again and again.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use niangjia_core::{
    Fault,
    replication::{RecordId, files},
    words::Say,
};
use serde::{Deserialize, Serialize};

const FILE: &str = "tries.json";
/// Held while the count is read and written, so that two programs do not take the same try.
const LOCK: &str = "tries.lock";
/// Wrong passphrases that cost nothing: fingers slip.
const FREE: u32 = 2;
/// The pause after the first one that does; it doubles, up to the longest. Nobody is shut out for good.
const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(300);

/// Tries of one clerk since the last right passphrase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tries {
    wrong: u32,
    /// When the last one was, milliseconds since 1970.
    last: i64,
}

type All = BTreeMap<String, Tries>;

/// Counts for one data folder.
pub(crate) struct Brake {
    dir: PathBuf,
    /// The same by the clock of this program, which nobody sets.
    here: Mutex<BTreeMap<String, (u32, Instant)>>,
}

impl Tries {
    fn pause(wrong: u32) -> Duration {
        let Some(doubled) = wrong.checked_sub(FREE + 1) else { return Duration::ZERO };
        FIRST.saturating_mul(1 << doubled.min(16)).min(LONGEST)
    }

    /// What is left of the pause. A clock that was set back before the last try begins it anew.
    fn left(&mut self, now: i64) -> Duration {
        if now < self.last {
            self.last = now;
        }
        let gone = Duration::from_millis(u64::try_from(now.saturating_sub(self.last)).unwrap_or(0));
        Self::pause(self.wrong).saturating_sub(gone)
    }
}

impl Brake {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), here: Mutex::default() }
    }

    /// Takes a try: it counts as wrong until [`Brake::right`] says otherwise, so that many at once are many.
    ///
    /// # Errors
    /// `passphrase_wait`; then no try was taken.
    pub(crate) fn take(&self, clerk: RecordId, now: i64) -> Result<(), Fault> {
        let _held = self.lock();
        let (key, mut all) = (clerk.to_string(), self.load());
        let tries = all.entry(key.clone()).or_default();
        let before = *tries;
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let (wrong, since) = here.get(&key).map_or((0, Duration::MAX), |(wrong, last)| (*wrong, last.elapsed()));
        let left = tries.left(now).max(Tries::pause(wrong).saturating_sub(since));
        if !left.is_zero() {
            if *tries != before {
                self.save(&all);
            }
            return Err(wait(left));
        }
        *tries = Tries { wrong: tries.wrong.max(wrong).saturating_add(1), last: now };
        here.insert(key, (tries.wrong, Instant::now()));
        self.save(&all);
        Ok(())
    }

    /// The passphrase was right, or it never came to asking for it.
    pub(crate) fn right(&self, clerk: RecordId, counts: bool) {
        let _held = self.lock();
        let (key, mut all) = (clerk.to_string(), self.load());
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if counts {
            here.remove(&key);
            all.remove(&key);
        } else if let Some(tries) = all.get_mut(&key) {
            tries.wrong = tries.wrong.saturating_sub(1);
            here.insert(key, (tries.wrong, Instant::now()));
        }
        self.save(&all);
    }

    fn lock(&self) -> Option<std::fs::File> {
        let file = std::fs::File::options().create(true).truncate(false).write(true).open(self.dir.join(LOCK)).ok()?;
        file.lock().ok()?;
        Some(file)
    }

    /// A file that cannot be read counts nothing: a torn one must not keep anybody from work.
    fn load(&self) -> All {
        std::fs::read(self.dir.join(FILE))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Where it cannot be written (a full disk), this program still counts for itself.
    fn save(&self, all: &All) {
        let write = || -> std::io::Result<()> {
            let fresh = self.dir.join(format!("{FILE}.new"));
            let mut file = std::fs::File::create(&fresh)?;
            file.write_all(&serde_json::to_vec(all)?)?;
            file.sync_all()?;
            files::renamed(&fresh, &self.dir.join(FILE))
        };
        if let Err(cause) = write() {
            tracing::warn!(kind = ?cause.kind(), "the count of wrong passphrases was not kept");
        }
    }
}

fn wait(left: Duration) -> Fault {
    let left = left.as_secs() + 1;
    Fault::say(
        "passphrase_wait",
        Say::owned(
            format!("口令连续输错，请等 {left} 秒再试。忘记口令请找本办公室的安全管理员或县总工会。"),
            format!(
                "The passphrase was wrong several times; wait {left} seconds. If it is forgotten, ask the security administrator of this office or the county."
            ),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLERK: RecordId = RecordId([1; 16]);
    const START: i64 = 1_790_000_000_000;

    fn brake() -> (tempfile::TempDir, impl Fn() -> Brake) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_owned();
        (dir, move || Brake::new(&path))
    }

    #[test]
    fn each_pause_is_twice_the_last_and_none_is_longer_than_five_minutes() {
        let seconds: Vec<u64> = (1..=12).map(|wrong| Tries::pause(wrong).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 10, 20, 40, 80, 160, 300, 300, 300, 300, 300]);
        assert_eq!(Tries::pause(u32::MAX), LONGEST);
    }

    #[test]
    fn a_new_process_is_no_new_try_and_a_right_passphrase_clears_the_count() {
        let (_dir, process) = brake();
        for _ in 0..3 {
            process().take(CLERK, START).unwrap();
        }
        assert_eq!(process().take(CLERK, START + 9_000).unwrap_err().code, "passphrase_wait");
        process().take(CLERK, START + 10_000).unwrap();
        assert_eq!(process().take(CLERK, START + 29_000).unwrap_err().code, "passphrase_wait", "twice as long now");
        process().take(CLERK, START + 30_000).unwrap();
        process().right(CLERK, true);
        for _ in 0..3 {
            process().take(CLERK, START + 31_000).unwrap();
        }
    }

    #[test]
    fn a_clock_set_back_shortens_nothing_and_locks_nobody_out() {
        let (_dir, process) = brake();
        for _ in 0..3 {
            process().take(CLERK, START).unwrap();
        }
        let year_before = START - 365 * 24 * 3_600_000;
        assert_eq!(process().take(CLERK, year_before).unwrap_err().code, "passphrase_wait");
        assert_eq!(process().take(CLERK, year_before + 9_000).unwrap_err().code, "passphrase_wait");
        process().take(CLERK, year_before + 10_000).unwrap();
    }

    #[test]
    fn a_clock_set_forward_does_not_help_within_one_process() {
        let (_dir, process) = brake();
        let one = process();
        for _ in 0..3 {
            one.take(CLERK, START).unwrap();
        }
        assert_eq!(one.take(CLERK, START + 3_600_000).unwrap_err().code, "passphrase_wait");
    }

    #[test]
    fn a_try_that_asked_nothing_does_not_count_and_a_torn_file_keeps_nobody_out() {
        let (dir, process) = brake();
        for _ in 0..20 {
            process().take(CLERK, START).unwrap();
            process().right(CLERK, false);
        }
        std::fs::write(dir.path().join(FILE), b"{\"torn").unwrap();
        process().take(CLERK, START).unwrap();
    }
}
