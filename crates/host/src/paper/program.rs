//! The program `niangjia-paper` as this one runs it: a job in by standard input, one JSON document out, within bounds of time and size.
//! Neither a file nor a word of the command line says what is drawn.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use niangjia_core::{Fault, words::Say};
use serde_json::Value;
use zeroize::Zeroizing;

/// Most bytes of an answer: PDF and previews of the program's own bounds, as base64.
const ANSWER: u64 = 256 << 20;

/// Where the program lies.
pub(super) struct Program(PathBuf);

impl Program {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// # Errors
    /// `paper_absent`.
    pub(super) fn beside_this_one() -> Result<Self, Fault> {
        let own = std::env::current_exe()?;
        beside(&own).map(Self).ok_or_else(absent)
    }

    /// Runs it. Its refusals come through in its own sentences, which name nobody.
    ///
    /// # Errors
    /// `paper_absent`, `paper_slow`, `paper_failed`, and the program's own.
    pub(super) fn run(&self, words: &[&str], input: &[u8], within: Duration) -> Result<Value, Fault> {
        let mut command = Command::new(&self.0);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        #[cfg(windows)]
        {
            use std::os::windows::process::CommandExt as _;
            // No black window for a moment.
            command.creation_flags(0x0800_0000);
        }
        let mut child = command.spawn().map_err(|cause| match cause.kind() {
            ErrorKind::NotFound => absent(),
            _ => failed().because(cause),
        })?;
        let answer = spoken(&mut child, input, within);
        if answer.is_err() {
            // It may have ended by itself; then there is nothing to end.
            let _ = child.kill();
        }
        let _ = child.wait();
        let answer = answer?;
        let said: Value = serde_json::from_slice(&answer).map_err(|_| failed().because("no JSON"))?;
        match refusal(&said) {
            Some(fault) => Err(fault),
            None => Ok(said),
        }
    }
}

/// Feeds the job and takes the answer, each in a thread: a pipe that is full on one side must not wait for the other.
fn spoken(child: &mut Child, input: &[u8], within: Duration) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let (into, from) = (child.stdin.take(), child.stdout.take());
    let (Some(mut into), Some(from)) = (into, from) else { return Err(failed()) };
    thread::scope(|both| {
        let (tell, heard) = mpsc::channel();
        both.spawn(move || {
            // Who refuses does not read to the end; what it says comes through all the same.
            let _ = into.write_all(input);
        });
        both.spawn(move || {
            let mut answer = Zeroizing::new(Vec::new());
            let read = from.take(ANSWER + 1).read_to_end(&mut answer).map(|_| answer);
            let _ = tell.send(read);
        });
        let answer = match heard.recv_timeout(within) {
            Ok(Ok(answer)) if answer.len() as u64 <= ANSWER => Ok(answer),
            Ok(Ok(_)) => Err(failed().because("answer too long")),
            Ok(Err(cause)) => Err(failed().because(cause)),
            Err(_) => Err(slow()),
        };
        if answer.is_err() {
            // Both pipes close with it, and the threads end.
            let _ = child.kill();
        }
        answer
    })
}

fn refusal(said: &Value) -> Option<Fault> {
    let fault = said.get("fault")?;
    let text = |key: &str| fault.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Fault::say(&text("code"), Say::owned(text("zh"), text("en"))))
}

/// Beside a program; beside the folder of a test.
fn beside(own: &Path) -> Option<PathBuf> {
    let name = format!("niangjia-paper{}", std::env::consts::EXE_SUFFIX);
    let folder = own.parent()?;
    let build = (folder.file_name()? == "deps").then(|| folder.parent()).flatten();
    [Some(folder), build].into_iter().flatten().map(|folder| folder.join(&name)).find(|path| path.is_file())
}

fn absent() -> Fault {
    Fault::new(
        "paper_absent",
        "没有找到打印程序（niangjia-paper），没有打印。它应当和本程序在同一个文件夹里，请重新安装。",
        "The program that prints (niangjia-paper) was not found; nothing was printed. It belongs into the folder of this one: install again.",
    )
}

fn slow() -> Fault {
    Fault::new(
        "paper_slow",
        "打印程序太久没有回应，已停下，没有打印。请少选一些再试；若仍不行，请重新启动电脑。",
        "The program that prints did not answer in time and was stopped; nothing was printed. Choose less, and if that does not help restart the PC.",
    )
}

pub(super) fn failed() -> Fault {
    Fault::new(
        "paper_failed",
        "打印程序出错，没有打印，录入的内容都在。请再试一次；若仍不行，请重新安装程序。",
        "The program that prints failed; nothing was printed, and nothing that was entered is lost. Try again, and if that does not help install anew.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lies_beside_this_one_or_beside_the_folder_of_tests() {
        let home = tempfile::tempdir().unwrap();
        let name = format!("niangjia-paper{}", std::env::consts::EXE_SUFFIX);
        std::fs::create_dir(home.path().join("deps")).unwrap();
        assert_eq!(beside(&home.path().join("niangjia")), None);
        std::fs::write(home.path().join(&name), "").unwrap();
        assert_eq!(beside(&home.path().join("niangjia")), Some(home.path().join(&name)));
        assert_eq!(beside(&home.path().join("deps").join("stories")), Some(home.path().join(&name)));
        assert_eq!(beside(&home.path().join("elsewhere").join("niangjia")), None);
    }

    #[cfg(unix)]
    fn script(folder: &Path, text: &str) -> Program {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.join("program");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Program::at(path)
    }

    #[cfg(unix)]
    #[test]
    fn one_that_hangs_is_stopped_and_one_that_fails_is_told() {
        let home = tempfile::tempdir().unwrap();
        let short = Duration::from_millis(300);
        let code = |program: &Program, input: &[u8]| program.run(&["show"], input, short).unwrap_err().code;
        // More than a pipe holds, to one that never reads.
        let much = vec![b' '; 1 << 20];
        assert_eq!(code(&script(home.path(), "exec sleep 60"), &much), "paper_slow");
        assert_eq!(code(&script(home.path(), "exit 3"), &much), "paper_failed");
        let refuses = r#"echo '{"fault": {"code": "job_empty", "zh": "没有选中", "en": "Nothing chosen"}}'; exit 2"#;
        assert_eq!(code(&script(home.path(), refuses), &much), "job_empty");
        assert_eq!(code(&Program::at(home.path().join("nowhere")), b""), "paper_absent");
        let echoes = script(home.path(), "exec cat");
        assert_eq!(echoes.run(&[], br#"{"a": 1}"#, Duration::from_secs(10)).unwrap()["a"], 1);
    }
}
