//! Small papers that say they are huge (T-18): refused before anything large is unpacked, reserved or walked through.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use decoders::run;

/// Refused, and at once.
fn refused(target: &str, what: &str, bytes: &[u8]) {
    let began = Instant::now();
    assert!(!run(target, bytes), "{target}: {what} was taken");
    assert!(began.elapsed() < Duration::from_secs(1), "{target}: {what} took {:?}", began.elapsed());
    // The memory that was ever held by this program: a bomb that went off would show.
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
        let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kib < 160 << 10, "{target}: {what} took {kib} KiB");
    }
}

#[test]
fn a_body_that_unpacks_to_a_gigabyte_is_refused_by_what_it_declares_and_by_what_it_is() {
    let zeros = vec![0; 9 << 20];
    refused("segment_body", "nine megabytes of nothing", &zstd::bulk::compress(&zeros, 3).unwrap());
    // The same without a word about its size, and with a small one.
    let mut quiet = zstd::Encoder::new(Vec::new(), 3).unwrap();
    quiet.include_contentsize(false).unwrap();
    for _ in 0..64 {
        quiet.write_all(&zeros).unwrap();
    }
    refused("segment_body", "half a gigabyte that says nothing", &quiet.finish().unwrap());
    let small = zstd::bulk::compress(&[0; 200], 3).unwrap();
    let mut twice = small.clone();
    twice.extend_from_slice(&small);
    refused("segment_body", "two frames", &twice);
}

#[test]
fn nesting_without_end_is_refused() {
    for target in ["value", "message", "certificates", "revocation", "grant", "enrolment", "packet_head", "key_slot"] {
        for deep in [[0x81].as_slice(), &[0xa1, 0x00], &[0xd8, 0x18], &[0x9f], &[0x5f]] {
            refused(target, "nesting", &deep.repeat(100_000));
        }
    }
}

#[test]
fn counts_that_nothing_follows_are_refused_before_room_is_made() {
    for target in ["value", "message", "certificates", "frontier", "block", "revocation", "grant", "enrolment"] {
        for kind in [0x9b, 0xbb, 0x5b, 0x7b] {
            for count in [u64::MAX, u64::MAX / 2, 1 << 40, 1 << 32, (1 << 31) - 1] {
                let mut bytes = vec![kind];
                bytes.extend_from_slice(&count.to_be_bytes());
                bytes.extend_from_slice(&[0; 64]);
                refused(target, "a count", &bytes);
            }
        }
    }
    for length in [u32::MAX, 1 << 30, 64 << 20] {
        let mut frame = length.to_be_bytes().to_vec();
        frame.extend_from_slice(&[0; 64]);
        refused("frame", "a length", &frame);
        let mut packet = b"njpacket".to_vec();
        packet.extend_from_slice(&frame);
        refused("packet", "a length", &packet);
        let mut piece = vec![7; 32];
        piece.extend_from_slice(&frame);
        refused("blob_piece", "a length", &piece);
    }
}

#[test]
fn a_workbook_that_unpacks_to_a_gigabyte_is_refused() {
    let seeds = decoders::seeds();
    let (_, _, honest) = seeds.iter().find(|(target, name, _)| (*target, *name) == ("workbook", "xlsx")).unwrap();
    assert!(run("workbook", honest));
    // The shared texts and the sheet of an honest workbook, each in turn replaced by zeros that pack into nothing.
    for part in ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"] {
        let mut old = zip::ZipArchive::new(std::io::Cursor::new(honest)).unwrap();
        let mut new = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for at in 0..old.len() {
            let mut file = old.by_index(at).unwrap();
            let name = file.name().unwrap().into_owned();
            new.start_file(&name, zip::write::SimpleFileOptions::default()).unwrap();
            if name == part {
                new.write_all(b"<a>").unwrap();
                for _ in 0..64 {
                    new.write_all(&vec![b' '; 1 << 20]).unwrap();
                }
            } else {
                std::io::copy(&mut file, &mut new).unwrap();
            }
        }
        refused("workbook", part, new.finish().unwrap().get_ref());
    }
}
