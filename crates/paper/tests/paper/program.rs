//! The program from outside: files written whole, one JSON document said, refusals that name nobody.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

fn make(job: &[u8], words: &[&str]) -> Output {
    run(job, &[&["make", "--job", "-"], words].concat())
}

fn run(job: &[u8], words: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_niangjia-paper"))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(job).unwrap();
    program.wait_with_output().unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_job_becomes_a_pdf_with_previews_and_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let (pdf, previews) = (folder.path().join("out.pdf"), folder.path().join("previews"));
    let job = json!({"form": "registration", "data": {"name": "王芳"}}).to_string();
    let output =
        make(job.as_bytes(), &["--pdf", pdf.to_str().unwrap(), "--png", previews.to_str().unwrap(), "--ppi", "50"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report}");
    assert_eq!(report["pages"], 2);
    assert!(report["missing_fonts"].is_array() && report["missing_glyphs"].is_array() && report["warnings"].is_array());
    assert_eq!(files(folder.path()), ["out.pdf", "previews"]);
    assert_eq!(files(&previews), ["page-1.png", "page-2.png"]);
    let written = fs::read(&pdf).unwrap();
    assert!(written.starts_with(b"%PDF-"));
    // What stands in the head of the file says nothing of anybody, and the same job is the same file.
    let again = make(job.as_bytes(), &["--pdf", pdf.to_str().unwrap()]);
    assert!(again.status.success());
    assert_eq!(written, fs::read(&pdf).unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&pdf).unwrap().permissions().mode() & 0o077, 0);
    }
}

#[test]
fn a_job_is_shown_without_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let pdf = folder.path().join("out.pdf");
    let job = json!({"form": "registration", "data": {"name": "王芳"}, "copies": 3}).to_string();
    let output = run(job.as_bytes(), &["show", "--ppi", "50", "--png-pages", "4"]);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    assert_eq!(shown["pages"], 6);
    // As many previews as were asked for, and the very pages that a file would hold.
    let previews = shown["previews"].as_array().unwrap();
    assert_eq!(previews.len(), 4);
    assert!(STANDARD.decode(previews[0].as_str().unwrap()).unwrap().starts_with(b"\x89PNG"));
    assert!(make(job.as_bytes(), &["--pdf", pdf.to_str().unwrap()]).status.success());
    assert_eq!(STANDARD.decode(shown["pdf"].as_str().unwrap()).unwrap(), fs::read(&pdf).unwrap());
    let refused = run("王芳".as_bytes(), &["show"]);
    let fault: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!((refused.status.code(), &fault["fault"]["code"]), (Some(2), &json!("job_unreadable")));
}

#[test]
fn refusals_have_a_code_two_sentences_and_nothing_of_the_job() {
    let folder = tempfile::tempdir().unwrap();
    let pdf = folder.path().join("out.pdf");
    for (job, code) in [
        ("王芳".to_owned(), "job_unreadable"),
        (json!({"form": "王芳", "data": {}}).to_string(), "job_unreadable"),
        (json!({"form": "slip", "data": {"王芳": 1}}).to_string(), "job_unreadable"),
        (json!({"form": "slip", "data": {"name": ["王芳"]}}).to_string(), "job_unreadable"),
        (json!({"form": "slip", "data": {"name": "王芳".repeat(26)}}).to_string(), "job_unreadable"),
        (json!({"form": "slip", "data": {}, "items": []}).to_string(), "job_unfit"),
        (json!({"form": "slip", "items": []}).to_string(), "job_empty"),
        (json!({"form": "slip", "stock": "blank", "data": {}}).to_string(), "job_unfit"),
        (json!({"form": "slip", "data": {}, "offset_mm": {"x": 21}}).to_string(), "job_unreadable"),
        (json!({"form": "slip", "data": {}, "copies": 0}).to_string(), "job_unreadable"),
        (json!({"form": "slip", "data": {}, "language": "en"}).to_string(), "language_absent"),
        (json!({"form": "slip", "items": vec![json!({}); 201]}).to_string(), "job_too_large"),
        (json!({"form": "slip", "data": {"qr": "王芳"}}).to_string(), "code_unfit"),
    ] {
        let output = make(job.as_bytes(), &["--pdf", pdf.to_str().unwrap()]);
        let said = String::from_utf8(output.stdout).unwrap();
        let fault: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!(fault["fault"]["code"], code, "{said}");
        assert!(
            !fault["fault"]["zh"].as_str().unwrap().is_empty() && !fault["fault"]["en"].as_str().unwrap().is_empty()
        );
        assert!(!said.contains("王芳") && output.stderr.is_empty(), "{said}");
        assert!(!pdf.exists());
    }
}

#[test]
fn a_wrong_command_line_and_a_lost_file_are_told_without_their_names() {
    let program = |words: &[&str]| Command::new(env!("CARGO_BIN_EXE_niangjia-paper")).args(words).output().unwrap();
    for (words, code) in [
        (vec!["王芳"], "usage"),
        (vec!["make", "--job", "/nowhere/王芳.json", "--pdf", "/nowhere/王芳.pdf"], "file_unreadable"),
    ] {
        let output = program(&words);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(said.contains(code) && !said.contains("王芳") && output.stderr.is_empty(), "{said}");
    }
    let unwritable = make(b"{\"form\":\"slip\",\"data\":{}}", &["--pdf", "/nowhere/at/all.pdf"]);
    assert!(String::from_utf8(unwritable.stdout).unwrap().contains("file_unwritable"));
    assert!(program(&["--help"]).status.success());
}

#[test]
fn the_fonts_that_are_missing_are_told() {
    let output = Command::new(env!("CARGO_BIN_EXE_niangjia-paper")).arg("fonts").output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(said["fonts"].is_u64());
    for font in said["missing_fonts"].as_array().unwrap() {
        assert!(font["wanted"].is_string() && font["family"].is_string(), "{font}");
    }
}
