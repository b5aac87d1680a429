//! Printing through a spooler that the test wrote: what it was called with, and what it was fed.

#![cfg(unix)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn program(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A folder in which a spooler with two printers lies.
fn spooler() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    program(
        folder.path(),
        "lpstat",
        "case \"$1\" in -e) echo HP_Office; echo Card_Printer;; -d) echo 'system default destination: HP_Office';; esac\n",
    );
    let lp = "for word in \"$@\"; do printf '%s\\n' \"$word\" >> \"$0.words\"; done\n/bin/cat > \"$0.fed\"\necho \"request id is HP_Office-7 (0 file(s))\"\n";
    program(folder.path(), "lp", lp);
    folder
}

fn run(path: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_niangjia-paper")).args(words).env("PATH", path).output().unwrap()
}

fn said(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn printers_are_listed() {
    let folder = spooler();
    let output = run(folder.path(), &["printers"]);
    let printers = &said(&output)["printers"];
    assert_eq!((&printers[0]["name"], &printers[0]["default"]), (&"HP_Office".into(), &true.into()));
    assert_eq!((&printers[1]["name"], &printers[1]["default"]), (&"Card_Printer".into(), &false.into()));
}

#[test]
fn a_pdf_is_handed_over_in_its_own_size_and_without_a_name() {
    let folder = spooler();
    let pdf = folder.path().join("王芳 $(touch x); --.pdf");
    fs::write(&pdf, b"%PDF-1.7 made up").unwrap();
    let path = pdf.to_str().unwrap();
    let output =
        run(folder.path(), &["print", "--pdf", path, "--printer", "HP_Office", "--copies", "3", "--sides", "two"]);
    assert_eq!(said(&output)["request"], "HP_Office-7");
    let words = fs::read_to_string(folder.path().join("lp.words")).unwrap();
    let expected =
        "-d\nHP_Office\n-n\n3\n-t\nNiangjia\n-o\nprint-scaling=none\n-o\nmedia=A4\n-o\nsides=two-sided-long-edge\n";
    assert_eq!(words, expected);
    assert_eq!(fs::read(folder.path().join("lp.fed")).unwrap(), b"%PDF-1.7 made up");
}

#[test]
fn some_pages_of_a_pdf_from_standard_input() {
    let folder = spooler();
    let mut program = Command::new(env!("CARGO_BIN_EXE_niangjia-paper"))
        .args(["print", "--pdf", "-", "--printer", "Card_Printer", "--media", "card", "--pages", "2-5"])
        .env("PATH", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(b"%PDF-1.7 made up").unwrap();
    assert_eq!(said(&program.wait_with_output().unwrap())["request"], "HP_Office-7");
    let words = fs::read_to_string(folder.path().join("lp.words")).unwrap();
    assert!(words.ends_with("media=Custom.85.6x54mm\n-o\nsides=one-sided\n-o\npage-ranges=2-5\n"), "{words}");
    assert_eq!(fs::read(folder.path().join("lp.fed")).unwrap(), b"%PDF-1.7 made up");
    for pages in ["0", "5-2", "1,3", "-oraw"] {
        let words = ["print", "--pdf", "-", "--printer", "HP_Office", &format!("--pages={pages}")];
        assert_eq!(said(&run(folder.path(), &words))["fault"]["code"], "usage", "{pages}");
    }
}

#[test]
fn what_cannot_be_printed_is_refused_with_a_sentence() {
    let folder = spooler();
    let pdf = folder.path().join("a.pdf");
    fs::write(&pdf, b"%PDF-1.7").unwrap();
    let path = pdf.to_str().unwrap();
    let refused = |path: &Path, words: &[&str]| {
        let output = run(path, words);
        assert_eq!(output.status.code(), Some(2));
        said(&output)["fault"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(folder.path(), &["print", "--pdf", path, "--printer", "-oraw"]), "usage");
    assert_eq!(refused(folder.path(), &["print", "--pdf", path, "--printer=-oraw"]), "printer_unknown");
    assert_eq!(
        refused(folder.path(), &["print", "--pdf", path, "--printer", "HP_Office", "--copies", "0"]),
        "copies_unfit"
    );
    let word = folder.path().join("lp");
    assert_eq!(
        refused(folder.path(), &["print", "--pdf", word.to_str().unwrap(), "--printer", "HP_Office"]),
        "not_a_pdf"
    );
    assert!(!folder.path().join("lp.words").exists());
    program(folder.path(), "lp", "exit 1\n");
    assert_eq!(refused(folder.path(), &["print", "--pdf", path, "--printer", "HP_Office"]), "print_refused");
    program(folder.path(), "lpstat", "case \"$1\" in -r) echo 'scheduler is not running';; esac\n");
    assert_eq!(refused(folder.path(), &["printers"]), "spooler_silent");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(refused(empty.path(), &["printers"]), "no_spooler");
}
