//! A disk runs full under an office at work, and under the hub: said clearly, nothing half-done, and on it goes.

use std::path::Path;

use iron::{Chance, clerk::made_up, desk::Desk, power::Disk, town::Town};
use serde_json::json;

/// A file that leaves so few KiB on the disk.
fn filler(disk: &Path, leave: u64) -> std::path::PathBuf {
    let path = disk.join("filler");
    let mut file = std::fs::File::create(&path).unwrap();
    let piece = vec![7; 16 << 10];
    while std::io::Write::write_all(&mut file, &piece).is_ok() {}
    let size = file.metadata().unwrap().len();
    file.set_len(size.saturating_sub(leave << 10)).unwrap();
    file.sync_all().unwrap();
    path
}

fn copied(from: &Path, to: &Path) {
    let done = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(done.is_ok_and(|status| status.success()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_whose_disk_runs_full_says_so_loses_nothing_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let disk = match Disk::new(folder.path(), 24) {
        Ok(disk) => disk,
        // scripts/test.sh shows this line.
        Err(why) => return println!("NOT RUN: a full disk under an office ({why})"),
    };
    let mut town = Town::found(1).await;
    let (home, data) = (town.offices[0].dir(), disk.at().join("office"));
    copied(&home, &data);
    let mut desk = Desk::at(Path::new(env!("CARGO_BIN_EXE_iron")), &data, folder.path().join("list"));
    for round in 0..4 {
        desk.start(round);
        assert!(desk.works());
        let filler = filler(disk.at(), 60 + 90 * round);
        let before = desk.counts.2;
        for _ in 0..200 {
            std::thread::sleep(std::time::Duration::from_millis(50));
            desk.listen();
            if desk.counts.2 > before {
                break;
            }
        }
        assert!(desk.counts.2 > before, "the disk is full and nobody said so");
        // Killed in the middle of it, every other time; and without that it goes on by itself once there is room.
        if round % 2 == 0 {
            desk.kill(true);
            std::fs::remove_file(filler).unwrap();
            desk.start(100 + round);
        } else {
            std::fs::remove_file(filler).unwrap();
        }
        assert!(desk.works(), "there is room again");
        desk.kill(true);
    }
    std::fs::remove_dir_all(&home).unwrap();
    copied(&data, &home);
    town.agree(&[desk]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_disk_runs_full_says_so_loses_nothing_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let disk = match Disk::new(folder.path(), 24) {
        Ok(disk) => disk,
        Err(why) => return println!("NOT RUN: a full disk under a hub ({why})"),
    };
    let mut town = Town::found(1).await;
    town.hub.kill();
    let data = disk.at().join("hub");
    copied(town.hub.data(), &data);
    town.hub.moved(&data);
    town.offices[0].reopen().await;
    let office = &town.offices[0];
    office.sync().await;
    let filler = filler(disk.at(), 20);
    let mut refused = None;
    let mut chance = Chance::of(1);
    for _ in 0..100 {
        for _ in 0..20 {
            let fields = json!({ "name": "单晓", "id_no": made_up(&mut chance) });
            office.ask("members.join", json!({ "fields": fields, "on": "2025-03-01" })).await;
        }
        if let Err(fault) = office.station.call("sync.now", json!({})).await {
            refused = Some(fault);
            break;
        }
    }
    let fault = refused.expect("the hub's disk is full");
    assert!(fault.code == "link.hub_full", "{fault} {:?}", fault.cause);
    let waiting = office.ask("sync.status", json!({})).await["unsent"].as_u64();
    assert!(waiting > Some(0), "what the hub did not take waits here");
    // It is killed in that state, too.
    town.hub.kill();
    std::fs::remove_file(filler).unwrap();
    town.hub.serve();
    town.agree(&[Desk::at(Path::new(env!("CARGO_BIN_EXE_iron")), &town.offices[0].dir(), folder.path().join("list"))])
        .await;
    let status = town.offices[0].ask("sync.status", json!({})).await;
    assert_eq!(status["unsent"], 0);
    town.hub.kill();
}
