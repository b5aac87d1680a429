//! Power cuts for real: ext4 on a file, shut down without writing what it had not written (the shutdown ioctl), while
//! another hand pushes single pages out early, so that what is on the disk is a part, and not the oldest part.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use crate::{Chance, desk::Desk, town::Town};

/// Speaks to the kernel; a request number of a file system is no place for a language that forbids unsafe code.
const HELPER: &str = include_str!("power.py");
/// Cuts after which the image is made anew.
const AGE: u64 = 25;

/// What a run did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cut {
    /// Cuts.
    pub cuts: u64,
    /// Saves acknowledged before a cut.
    pub saves: u64,
    /// Exchanges that ended in step.
    pub exchanges: u64,
}

fn ran(program: &str, words: &[&str], paths: &[&Path]) -> Result<(), String> {
    let done = Command::new(program).args(words).args(paths).stdin(Stdio::null()).output();
    match done {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => Err(format!("{program} {}: {}", words.join(" "), String::from_utf8_lossy(&done.stderr).trim())),
        Err(cause) => Err(format!("{program}: {cause}")),
    }
}

/// A file that is a disk.
pub struct Disk {
    image: PathBuf,
    mounted: Option<PathBuf>,
    at: PathBuf,
}

impl Disk {
    /// A disk of so many MiB, mounted in the folder.
    ///
    /// # Errors
    /// Why this machine cannot: no root, no loop devices, no mkfs.ext4.
    pub fn new(folder: &Path, mib: u64) -> Result<Self, String> {
        let image = folder.join("disk.img");
        let file = std::fs::File::create(&image).map_err(|e| e.to_string())?;
        file.set_len(mib << 20).map_err(|e| e.to_string())?;
        ran("mkfs.ext4", &["-q", "-F", "-m", "0"], &[&image])?;
        let at = folder.join("disk");
        std::fs::create_dir_all(&at).map_err(|e| e.to_string())?;
        let mut disk = Self { image, mounted: None, at };
        disk.mount()?;
        Ok(disk)
    }

    /// Where it is mounted.
    #[must_use]
    pub fn at(&self) -> &Path {
        &self.at
    }

    /// # Errors
    /// What mount said.
    pub fn mount(&mut self) -> Result<(), String> {
        ran("mount", &["-o", "loop"], &[&self.image, &self.at])?;
        self.mounted = Some(self.at.clone());
        Ok(())
    }

    /// # Errors
    /// What umount said, after a second.
    pub fn unmount(&mut self) -> Result<(), String> {
        let Some(at) = self.mounted.take() else { return Ok(()) };
        let mut last = Ok(());
        for _ in 0..50 {
            last = ran("umount", &[], &[&at]);
            if last.is_ok() {
                return last;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.mounted = Some(at);
        last
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The folder goes with the test; a mount that stays would hold it.
        let _ = self.unmount();
    }
}

/// The hand at the fuse.
struct Fuse {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Fuse {
    fn new() -> Result<Self, String> {
        // The system's own where there is one: a wrapper in front of it costs more than a cut.
        let python = ["/usr/bin/python3", "python3"].into_iter().find(|p| ran(p, &["-c", ""], &[]).is_ok());
        let python = python.ok_or("no python3")?;
        let mut child = Command::new(python)
            .args(["-c", HELPER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| e.to_string())?;
        let (to, from) = (child.stdin.take().ok_or("no pipe")?, child.stdout.take().ok_or("no pipe")?);
        Ok(Self { child, to, from: BufReader::new(from) })
    }

    fn asked(&mut self, line: &str) -> Result<(), String> {
        writeln!(self.to, "{line}").and_then(|()| self.to.flush()).map_err(|e| e.to_string())?;
        let mut answer = String::new();
        self.from.read_line(&mut answer).map_err(|e| e.to_string())?;
        if answer == "done\n" { Ok(()) } else { Err(answer) }
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            copied(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), &to).expect("a copy");
        }
    }
}

/// Cuts the power of an office `times` times while it saves and exchanges.
///
/// # Errors
/// Why this machine cannot do it; nothing was tested then.
///
/// # Panics
/// Where anything acknowledged is gone.
pub async fn cuts(iron: &Path, times: u64, seed: u64) -> Result<Cut, String> {
    let mut all = Cut::default();
    for day in 0..times.div_ceil(AGE) {
        let one = day_of_cuts(iron, AGE.min(times - day * AGE), seed + day).await?;
        all.cuts += one.cuts;
        all.saves += one.saves;
        all.exchanges += one.exchanges;
    }
    Ok(all)
}

async fn day_of_cuts(iron: &Path, times: u64, seed: u64) -> Result<Cut, String> {
    let mut chance = Chance::of(seed);
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let mut disk = Disk::new(folder.path(), 96)?;
    let mut fuse = Fuse::new()?;
    let mut town = Town::found(1).await;
    let (home, data) = (town.offices[0].dir(), disk.at().join("office"));
    copied(&home, &data);
    ran("sync", &["-f"], &[&data])?;
    let mut desk = Desk::at(iron, &data, folder.path().join("list"));
    let mut cut = Cut::default();
    for n in 0..times {
        desk.start(chance.below(u64::MAX));
        // Half of the time single pages are written out of their order.
        if n % 2 == 1 {
            fuse.asked(&format!("push {}", data.display()))?;
        }
        assert!(desk.works(), "the office opened and nothing could be saved");
        if n % 5 == 0 {
            assert!(desk.exchanges(), "the hub is there and was not reached");
        }
        std::thread::sleep(chance.millis(0, 150));
        // Only what was said before the cut must survive it; the rest may.
        desk.listen();
        let gone = fuse.asked(&format!("cut {}", disk.at().display()));
        desk.kill(false);
        if n == 0 {
            gone?;
        } else {
            gone.expect("the first cut went well");
        }
        disk.unmount().expect("nobody holds it");
        disk.mount().expect("the same disk");
        cut.cuts += 1;
    }
    (cut.saves, cut.exchanges) = (desk.counts.0, desk.counts.1);
    // Half of the days: what the last cut left of the second file must bring back everything that was acknowledged by then,
    // before any program could mend it from the database.
    let second_file = seed % 2 == 1;
    if !second_file {
        // Once more by the program itself, then everything at its usual place and the county's.
        desk.start(0);
        desk.kill(true);
    }
    std::fs::remove_dir_all(&home).map_err(|e| e.to_string())?;
    copied(&data, &home);
    disk.unmount()?;
    if second_file {
        town.tail_brings_back(0, &desk).await;
    }
    town.agree(std::slice::from_ref(&desk)).await;
    if second_file {
        // A restore goes on under a new incarnation.
        return Ok(cut);
    }
    let office = &town.offices[0];
    let held = town.county.station.office().expect("unlocked").frontiers().expect("frontiers");
    let chains = &held.iter().find(|(stream, _)| *stream == office.stream()).expect("the office's stream").1;
    // The office's own, and that of the county's receipts.
    assert_eq!(chains.chains().len(), 2, "a power cut was taken for an old copy");
    Ok(cut)
}
