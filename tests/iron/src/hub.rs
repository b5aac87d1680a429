//! The hub as a process of its own, at one address over all its lives.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::program;

/// A hub's folder and, while it runs, its process.
pub struct Hub {
    data: PathBuf,
    child: Option<Child>,
    /// Where it listens, or did.
    pub addr: String,
    /// Its public key.
    pub key: String,
    /// The claim, which it told once.
    pub claim: String,
}

/// Runs a command of the relay that answers in JSON; `None` where it failed.
#[must_use]
pub fn told(words: &[&str], paths: &[(&str, &Path)]) -> Option<Value> {
    let mut line = Command::new(program("niangjia-hub"));
    line.args(words);
    for (name, path) in paths {
        line.arg(name).arg(path);
    }
    let done = line.stderr(Stdio::null()).output().expect("the relay starts");
    done.status.success().then(|| serde_json::from_slice(&done.stdout).expect("JSON"))
}

impl Hub {
    /// Makes a hub in a folder and serves it.
    #[must_use]
    pub fn made(data: &Path) -> Self {
        let made = told(&["init"], &[("--data", data)]).expect("a hub");
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        let mut hub = Self {
            data: data.to_owned(),
            child: None,
            addr: "127.0.0.1:0".to_owned(),
            key: text("key"),
            claim: text("claim"),
        };
        hub.serve();
        hub
    }

    /// Its address for offices.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.addr)
    }

    /// Its folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Goes on in another folder, such as that of a restored backup.
    pub fn moved(&mut self, data: &Path) {
        self.kill();
        self.data = data.to_owned();
        self.serve();
    }

    /// Starts it, unless it runs.
    ///
    /// # Panics
    /// Where it does not start: a hub that a kill spoilt.
    pub fn serve(&mut self) {
        if self.child.is_some() {
            return;
        }
        let mut child = Command::new(program("niangjia-hub"))
            .args(["serve", "--listen", &self.addr, "--data"])
            .arg(&self.data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the relay starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its words")).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).expect("the hub opens what its last life left");
        self.addr = ready["listening"].as_str().expect("an address").to_owned();
        self.child = Some(child);
    }

    /// kill -9.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.kill();
    }
}
