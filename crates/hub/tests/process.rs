//! The hub as a process of its own: what it prints, how it ends, and what a kill at any instant leaves.

mod county;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use county::{County, Office};
use niangjia_replication::keys::VerifyingKey;
use niangjia_replication::wire::{
    self, Changed, ChangedAsk, ClaimAsk, Digest, Frames, MissingAsk, Placed, Replica, Taken, put_frame,
};
use niangjia_replication::{Frontier, Head, Limits, Segment, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls;

const HUB: &str = env!("CARGO_BIN_EXE_niangjia-hub");

struct Running {
    child: Child,
    addr: String,
    page: Option<String>,
}

impl Running {
    fn serve(dir: &Path) -> Self {
        Self::serve_with(dir, &[])
    }

    fn serve_with(dir: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(HUB)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let page = ready["page"].as_str().map(str::to_owned);
        Self { child, addr: ready["listening"].as_str().unwrap().to_owned(), page }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serving a folder where it must be refused; what it says.
fn refusal(dir: &Path) -> String {
    let mut child = Command::new(HUB)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(dir)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    for _ in 0..100 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let served = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(!served && !done.status.success(), "a hub is served that must not be");
    String::from_utf8(done.stderr).unwrap()
}

fn init(dir: &Path) -> Result<serde_json::Value, String> {
    let done = Command::new(HUB).args(["init", "--data"]).arg(dir).output().unwrap();
    if done.status.success() {
        Ok(serde_json::from_slice(&done.stdout).unwrap())
    } else {
        Err(String::from_utf8(done.stderr).unwrap())
    }
}

/// One request on a connection of its own; `None` when the hub went away before its answer was whole. Not every system tells of
/// that, so what says nothing for long has gone too.
async fn post(addr: &str, hub: &VerifyingKey, who: &Office, path: &str, body: &[u8]) -> Option<Vec<u8>> {
    tokio::time::timeout(Duration::from_secs(60), asked(addr, hub, who, path, body)).await.ok()?
}

async fn asked(addr: &str, hub: &VerifyingKey, who: &Office, path: &str, body: &[u8]) -> Option<Vec<u8>> {
    let signed = if path.ends_with("/segments") { &[] } else { body };
    let digest = wire::request_digest(hub, "POST", path, signed, &[1; 16]);
    let signature = URL_SAFE_NO_PAD.encode(who.key.sign(&digest));
    let chain = URL_SAFE_NO_PAD.encode(who.chain_cbor());
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\nauthorization: Niangjia {chain}.{signature}\r\n\
         niangjia-nonce: {}\r\ncontent-length: {}\r\n\r\n",
        "01".repeat(16),
        body.len()
    );
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    let socket = tokio::net::TcpStream::connect(addr).await.ok()?;
    let name = rustls::pki_types::ServerName::try_from("hub").unwrap();
    let mut line = tokio_rustls::TlsConnector::from(Arc::new(tls)).connect(name, socket).await.ok()?;
    line.write_all(head.as_bytes()).await.ok()?;
    line.write_all(body).await.ok()?;
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).await.ok()?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    answer.starts_with(b"HTTP/1.1 200").then(|| answer.split_off(end + 4))
}

async fn claim(addr: &str, hub: &VerifyingKey, made: &serde_json::Value, county: &mut County) {
    let ask = ClaimAsk { claim: made["claim"].as_str().unwrap().to_owned(), root: county.root() };
    assert!(post(addr, hub, &county.pc(), "/v1/claim", &wire::encode(&ask)).await.is_some());
}

#[test]
fn a_hub_is_made_once_and_only_a_made_one_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("new");
    assert!(refusal(&data).contains("no hub") && !data.exists(), "serving makes nothing");
    let made = init(&data).unwrap();
    let key: VerifyingKey = made["key"].as_str().unwrap().parse().unwrap();
    assert_eq!(made["hub"].as_str().unwrap(), wire::hub_id(&key).to_string());
    assert_eq!(made["claim"].as_str().unwrap().replace('-', "").len(), 28);
    assert!(init(&data).unwrap_err().contains("already"));
    // Neither the claim nor anything to find it by stands in the folder.
    let claim = made["claim"].as_str().unwrap();
    for file in std::fs::read_dir(&data).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(claim.len()).any(|part| part == claim.as_bytes()));
    }
    let running = Running::serve(&data);
    assert!(refusal(&data).contains("another hub"));
    drop(running);
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_ends_it_well_though_somebody_is_connected() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path()).unwrap();
    let mut running = Running::serve(dir.path());
    let idle = tokio::net::TcpStream::connect(&running.addr).await.unwrap();
    let id = running.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let mut ended = None;
    for _ in 0..300 {
        ended = running.child.try_wait().unwrap();
        if ended.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(ended.expect("it ends").success());
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_instant_it_keeps_what_it_answered_and_takes_the_rest_again() {
    let dir = tempfile::tempdir().unwrap();
    let made = init(dir.path()).unwrap();
    let hub: VerifyingKey = made["key"].as_str().unwrap().parse().unwrap();
    let mut county = County::new(1);
    let mut office = county.office();
    let (stream, mut all) = (office.stream(), Vec::new());
    let path = format!("/v1/streams/{stream}/segments");
    let mut answered = 0;
    for kill in 0..12_u64 {
        let mut running = Running::serve(dir.path());
        let addr = running.addr.clone();
        if kill == 0 {
            claim(&addr, &hub, &made, &mut county).await;
        }
        let (id, wait) = (office.clone(), Duration::from_millis(40 + kill * 71 % 200));
        let segments: Vec<_> = (0..40).map(|_| office.save(stream, 3000)).collect();
        all.extend(segments);
        // The office offers everything that was never answered, three segments at a time, until the hub is gone.
        let killer = tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            running.child.kill().unwrap();
            running.child.wait().unwrap();
        });
        while answered < all.len() {
            let batch = &all[answered..all.len().min(answered + 3)];
            let mut body = Vec::new();
            batch.iter().for_each(|segment| put_frame(&mut body, segment).unwrap());
            let Some(taken) = post(&addr, &hub, &id, &path, &body).await else { break };
            let taken: Taken = wire::decode(&taken).unwrap();
            assert!(taken.placed.iter().all(|placed| matches!(placed, Placed::Stored | Placed::Known)), "{taken:?}");
            answered += batch.len();
        }
        killer.await.unwrap();
    }
    let running = Running::serve(dir.path());
    let (mut held, mut have): (Vec<Vec<u8>>, _) = (Vec::new(), Frontier::new());
    loop {
        let ask = wire::encode(&MissingAsk { have: have.clone(), max_bytes: u64::MAX, begun: None });
        let page = post(&running.addr, &hub, &office, &format!("/v1/streams/{stream}/missing"), &ask).await.unwrap();
        let mut frames = Frames::new();
        frames.push(&page);
        let page = frames.take(&Limits::STANDARD).unwrap();
        let Some(last) = page.last() else { break };
        let last = Segment::parse(last, &Limits::STANDARD).unwrap();
        have = Frontier::new();
        have.add(last.header().chain, Head { seq: last.header().seq, hash: last.hash() });
        held.extend(page);
    }
    assert!(answered > 20, "the test must have got somewhere: {answered}");
    assert!(held.len() >= answered && held.iter().eq(&all[..held.len()]), "{} of {answered}", held.len());
}

/// The relay's command line: how it ended, and the JSON that it printed, if any.
fn told(words: &[&str], paths: &[(&str, &Path)]) -> (bool, serde_json::Value) {
    let mut line = Command::new(HUB);
    line.args(words);
    for (name, path) in paths {
        line.arg(name).arg(path);
    }
    let done = line.stderr(Stdio::null()).output().unwrap();
    (done.status.success(), serde_json::from_slice(&done.stdout).unwrap_or_default())
}

/// One exchange as a link makes it: what differs, what the hub lacks, what the office lacks.
async fn exchange(addr: &str, hub: &VerifyingKey, office: &mut Office) {
    let streams = office.frontiers().unwrap().iter().map(|(stream, f)| (*stream, Digest::of(f))).collect();
    let ask = ChangedAsk { streams, counts: office.counts().unwrap(), about: office.about() };
    let answer = post(addr, hub, office, "/v1/changed", &wire::encode(&ask)).await.unwrap();
    for (stream, mut theirs) in wire::decode::<Changed>(&answer).unwrap().differ {
        loop {
            let mut body = Vec::new();
            for segment in office.segments_after(&stream, &theirs, wire::BATCH).unwrap() {
                put_frame(&mut body, &segment).unwrap();
            }
            if body.is_empty() {
                break;
            }
            let taken = post(addr, hub, office, &format!("/v1/streams/{stream}/segments"), &body).await.unwrap();
            theirs = wire::decode::<Taken>(&taken).unwrap().frontier;
        }
        let ask = MissingAsk { have: office.frontier(&stream), max_bytes: u64::MAX, begun: None };
        let page = post(addr, hub, office, &format!("/v1/streams/{stream}/missing"), &wire::encode(&ask)).await;
        let mut frames = Frames::new();
        frames.push(&page.unwrap());
        office.receive(&stream, frames.take(&Limits::STANDARD).unwrap()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_disk_burnt_comes_back_from_last_nights_backup_and_the_offices_fill_in_the_day() {
    let dir = tempfile::tempdir().unwrap();
    let (data, new, file) = (dir.path().join("hub"), dir.path().join("new"), dir.path().join("night.njhub"));
    let made = init(&data).unwrap();
    let hub: VerifyingKey = made["key"].as_str().unwrap().parse().unwrap();
    let mut county = County::new(1);
    let (mut pc, mut pingming, mut anfeng) = (county.pc(), county.office(), county.office());
    let running = Running::serve(&data);
    claim(&running.addr, &hub, &made, &mut county).await;
    for _ in 0..20 {
        pingming.save(pingming.stream(), 2000);
        anfeng.save(anfeng.stream(), 50);
    }
    pc.save(Stream::County, 300);
    exchange(&running.addr, &hub, &mut pingming).await;

    // The night's backup is made while 安峰镇 is still sending.
    let (addr, mut sending) = (running.addr.clone(), anfeng.clone());
    let under_way = tokio::spawn(async move {
        for _ in 0..12 {
            sending.save(sending.stream(), 3000);
            exchange(&addr, &hub, &mut sending).await;
        }
        sending
    });
    let (good, backup) = told(&["backup"], &[("--data", &data), ("--out", &file)]);
    assert!(good && backup["tables"].as_array().is_some_and(|tables| !tables.is_empty()), "{backup}");
    let (good, checked) = told(&["verify"], &[("--backup", &file), ("--data", &data)]);
    assert!(good && checked["good"] == true && checked["segments"].as_u64() >= Some(20), "{checked}");
    anfeng = under_way.await.unwrap();
    let (good, status) = told(&["status"], &[("--data", &data)]);
    assert!(good && status["backup"]["good"] == true && status["claimed"] == true, "{status}");

    // The next day's work, and then the disk.
    for office in [&mut pingming, &mut pc] {
        let stream = if office.office == county.id { Stream::County } else { office.stream() };
        office.save(stream, 700);
        exchange(&running.addr, &hub, office).await;
    }
    drop(running);
    std::fs::remove_dir_all(&data).unwrap();

    let (good, restored) = told(&["restore"], &[("--backup", &file), ("--data", &new)]);
    assert!(good && restored["key"] == made["key"] && restored["epoch"] != backup["epoch"], "{restored}");
    let running = Running::serve(&new);
    // No second claim: the county, its root and the hub's key are those that everybody pinned.
    for _round in 0..2 {
        for office in [&mut pingming, &mut anfeng, &mut pc] {
            exchange(&running.addr, &hub, office).await;
        }
    }
    let mut fresh = county.pc();
    exchange(&running.addr, &hub, &mut fresh).await;
    for (stream, owner) in [(pingming.stream(), &pingming), (anfeng.stream(), &anfeng), (Stream::County, &pc)] {
        assert_eq!(fresh.frontier(&stream).digest(), owner.frontier(&stream).digest(), "{stream}");
        assert_eq!(fresh.holds(&stream), owner.holds(&stream));
        assert_eq!(pc.frontier(&stream).digest(), owner.frontier(&stream).digest(), "{stream} at the county");
    }
    assert!(fresh.holds(&anfeng.stream()).len() == 32 && fresh.holds(&pingming.stream()).len() == 21);

    // One bit, and it is no backup any more.
    let last: Vec<u8> = rusqlite::Connection::open(&file)
        .and_then(|copy| copy.query_row("SELECT bytes FROM segment ORDER BY id DESC LIMIT 1", [], |row| row.get(0)))
        .unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let places: Vec<usize> = (0..bytes.len() - 300).filter(|at| bytes[*at..*at + 300] == last[..300]).collect();
    assert!(!places.is_empty());
    // A page that was rewritten may have left a copy behind that nothing refers to.
    places.iter().for_each(|at| bytes[at + 200] ^= 1);
    std::fs::write(&file, bytes).unwrap();
    let (good, checked) = told(&["verify"], &[("--backup", &file)]);
    assert!(!good && checked["good"] == false, "{checked}");
    assert!(!told(&["restore"], &[("--backup", &file), ("--data", &dir.path().join("third"))]).0);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_restore_it_leaves_no_hub_and_the_next_one_succeeds() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("hub"), dir.path().join("night.njhub"));
    let made = init(&data).unwrap();
    let hub: VerifyingKey = made["key"].as_str().unwrap().parse().unwrap();
    let mut county = County::new(1);
    let mut office = county.office();
    let running = Running::serve(&data);
    claim(&running.addr, &hub, &made, &mut county).await;
    for _ in 0..400 {
        office.save(office.stream(), 8000);
    }
    exchange(&running.addr, &hub, &mut office).await;
    assert!(told(&["backup"], &[("--data", &data), ("--out", &file)]).0);
    let (mut cut, new) = (0, dir.path().join("new"));
    for wait in (0..200).step_by(8) {
        let _ = std::fs::remove_dir_all(&new);
        let mut child = Command::new(HUB)
            .args(["restore", "--backup"])
            .arg(&file)
            .arg("--data")
            .arg(&new)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        let whole = new.join("hub.db").exists();
        cut += usize::from(!whole && !ended);
        if !whole {
            assert!(refusal(&new).contains("no hub"));
            assert!(told(&["restore"], &[("--backup", &file), ("--data", &new)]).0, "killed after {wait} ms");
        }
        let (good, status) = told(&["status"], &[("--data", &new)]);
        assert!(good && status["segments"] == 400, "killed after {wait} ms: {status}");
        if ended {
            break;
        }
    }
    assert!(cut > 2, "the kills came too late: {cut}");
}

/// A plain question to the technician's page.
async fn look(page: &str, host: &str, path: &str) -> String {
    let mut line = tokio::net::TcpStream::connect(page).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    line.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn the_technicians_page_tells_how_things_stand_and_only_on_this_machine() {
    let dir = tempfile::tempdir().unwrap();
    let made = init(dir.path()).unwrap();
    let hub: VerifyingKey = made["key"].as_str().unwrap().parse().unwrap();
    let running = Running::serve_with(dir.path(), &["--page", "127.0.0.1:0"]);
    let page = running.page.clone().unwrap();
    let before = look(&page, &page, "/").await;
    assert!(before.contains("还没有被县总工会认领") && before.contains("No office has called yet"), "{before}");

    let mut county = County::new(1);
    claim(&running.addr, &hub, &made, &mut county).await;
    let mut office = county.office();
    office.name = "<b onclick=\"x\">石榴街道</b>".to_owned();
    office.save(office.stream(), 100);
    exchange(&running.addr, &hub, &mut office).await;
    let now = look(&page, "localhost:7480", "/").await;
    assert!(now.contains("&lt;b onclick=&quot;x&quot;&gt;石榴街道") && !now.contains("<b onclick"), "{now}");
    assert!(now.contains("990101001") && now.contains("刚刚 now") && now.contains("还没有做过备份"));
    let head = now.to_ascii_lowercase();
    assert!(head.contains("content-security-policy: default-src 'none'; style-src 'self';"));
    assert!(head.contains("cache-control: no-store") && !now.contains("<script") && !now.contains("http://"));
    let json = look(&page, "[::1]:7480", "/v1/overview").await;
    let json: serde_json::Value = serde_json::from_str(json.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!((&json["offices"][0]["code"], &json["segments"]), (&"990101001".into(), &1.into()));
    assert!(look(&page, &page, "/style.css").await.contains("font-variant-numeric"));
    // A name that somebody points at this machine is not this machine's.
    let foreign = look(&page, "hub.example.com:7480", "/").await;
    assert!(foreign.starts_with("HTTP/1.1 403") && !foreign.contains("990101001"), "{foreign}");
    assert!(look(&page, &page, "/v1/changed").await.starts_with("HTTP/1.1 404"), "no relay behind this door");
    drop(running);
    let refused = Command::new(HUB)
        .args(["serve", "--listen", "127.0.0.1:0", "--page", "0.0.0.0:0", "--data"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("loopback"));
}

#[derive(Debug)]
struct Anyone;

impl rustls::client::danger::ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("only TLS 1.3".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        vec![rustls::SignatureScheme::ED25519]
    }
}
