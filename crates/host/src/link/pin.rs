//! Trust in the hub: its key and nothing else. No authority, no name, no date.

use std::sync::Arc;
use std::time::Duration;

use niangjia_replication::keys::VerifyingKey;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::LinkFault;

/// SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 §4), up to the 32 bytes themselves.
const ED25519: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Bytes of one TLS record towards the hub.
const RECORD: usize = 1400;

/// A client that talks to the holder of `key` only.
pub(super) fn client(key: VerifyingKey) -> Result<reqwest::Client, LinkFault> {
    let no_client = |cause: String| LinkFault::NoLine(cause);
    let provider = Arc::new(ring::default_provider());
    let pinned = Arc::new(Pinned { key, provider: provider.clone() });
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|cause| no_client(cause.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(pinned)
        .with_no_client_auth();
    // A record counts once it has come whole: of one that fits a packet nothing is lost that came.
    tls.max_fragment_size = Some(RECORD);
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .http1_only()
        // A hub never sends anyone elsewhere; a box on the way might.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(30))
        .tcp_keepalive(Duration::from_secs(30))
        // Shorter than the hub's patience with an idle connection, so that none is found dead.
        .pool_idle_timeout(Duration::from_secs(60))
        .build()
        .map_err(|cause| no_client(cause.to_string()))
}

#[derive(Debug)]
struct Pinned {
    key: VerifyingKey,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    // The clock of an office PC may stand in another decade, so dates are not looked at.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
        let expected = [ED25519.as_slice(), &self.key.to_bytes()].concat();
        if shown.as_ref() == expected {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
