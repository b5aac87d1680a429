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
use niangjia_replication::wire::{self, ClaimAsk, Frames, MissingAsk, Placed, Taken, put_frame};
use niangjia_replication::{Frontier, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls;

const HUB: &str = env!("CARGO_BIN_EXE_niangjia-hub");

struct Running {
    child: Child,
    addr: String,
}

impl Running {
    fn serve(dir: &Path) -> Self {
        let mut child = Command::new(HUB)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        Self { child, addr: ready["listening"].as_str().unwrap().to_owned() }
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

/// One request on a connection of its own; `None` when the hub went away before its answer was whole.
async fn post(addr: &str, hub: &VerifyingKey, who: &Office, path: &str, body: &[u8]) -> Option<Vec<u8>> {
    let digest = wire::request_digest(hub, "POST", path, body, &[1; 16]);
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
    let ask = wire::encode(&MissingAsk { have: Frontier::new(), max_bytes: u64::MAX });
    let page = post(&running.addr, &hub, &office, &format!("/v1/streams/{stream}/missing"), &ask).await.unwrap();
    let mut frames = Frames::new();
    frames.push(&page);
    let held = frames.take(&Limits::STANDARD).unwrap();
    assert!(answered > 20, "the test must have got somewhere: {answered}");
    assert!(held.len() >= answered && held.iter().eq(&all[..held.len()]), "{} of {answered}", held.len());
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
