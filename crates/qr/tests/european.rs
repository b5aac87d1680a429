//! The pictures of the public European test data (`tests/fixtures/credentials/dgc/`): each is read as the text beside it, and
//! what nobody can read is not read. What the text says is tested in `crates/credential/tests/dgc.rs`.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use niangjia_qr::read_picture;
use serde_json::Value;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "json") {
            found.push(path);
        }
    }
}

#[test]
fn every_picture_is_read_as_the_text_beside_it() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/credentials/dgc"), &mut all);
    all.sort();
    let (mut compared, mut wrong) = (0, Vec::new());
    for path in all {
        let json: Value = serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("JSON");
        let expected = json["EXPECTEDRESULTS"]["EXPECTEDPICTUREDECODE"].as_bool();
        let (Some(picture), Some(expected)) = (json["2DCODE"].as_str(), expected) else { continue };
        compared += 1;
        let name = path.to_string_lossy();
        let name = name.split("dgc/").last().expect("a name").to_owned();
        let read = STANDARD.decode(picture).ok().and_then(|png| read_picture(&png).ok()).unwrap_or_default();
        let as_beside = json["PREFIX"].as_str().map_or(!read.is_empty(), |text| read.iter().any(|one| one == text));
        if as_beside != expected {
            wrong.push(format!("{name}: expected {expected}, read {} texts", read.len()));
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(compared, 36);
}
