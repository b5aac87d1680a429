//! The hub's own key: what offices pin, and the certificate that TLS shows for it.

use std::fs;
use std::io::Write;
use std::path::Path;

use ed25519_dalek::SigningKey;
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use tokio_rustls::rustls;
use zeroize::Zeroizing;

use crate::HubFault;

/// PKCS #8 of an Ed25519 seed (RFC 8410 §7), up to the 32 bytes themselves.
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The hub's Ed25519 key. It opens no segment: it only proves which hub answers.
pub struct HubKey(SigningKey);

impl HubKey {
    /// The file that holds the seed; readable by the hub's account only.
    pub(crate) const FILE: &str = "hub.key";

    /// A new key, kept in `dir`. An existing file is never replaced.
    ///
    /// # Errors
    /// When the file exists already or cannot be written to disk.
    pub fn create(dir: &Path) -> Result<Self, HubFault> {
        let mut seed = Zeroizing::new([0; 32]);
        crate::random(seed.as_mut())?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(dir.join(Self::FILE)).map_err(HubFault::Disk)?;
        let key = Self(SigningKey::from_bytes(&seed));
        file.write_all(key.text().as_bytes()).and_then(|()| file.sync_all()).map_err(HubFault::Disk)?;
        Ok(key)
    }

    /// The key kept in `dir`; `None` where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read or is not 64 hexadecimal digits.
    pub fn open(dir: &Path) -> Result<Option<Self>, HubFault> {
        let text = match fs::read_to_string(dir.join(Self::FILE)) {
            Ok(text) => Zeroizing::new(text),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(HubFault::Disk(cause)),
        };
        Self::read(&text).map(Some)
    }

    /// A key from the text of its file.
    pub(crate) fn read(text: &str) -> Result<Self, HubFault> {
        let mut seed = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), seed.as_mut()).map_err(|_| HubFault::Key)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The text of its file.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_bytes()))
    }

    /// The public half, which offices pin.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub(crate) fn pkcs8(&self) -> Zeroizing<Vec<u8>> {
        let mut der = Zeroizing::new(Vec::with_capacity(48));
        der.extend_from_slice(&PKCS8);
        der.extend_from_slice(self.0.as_bytes());
        der
    }

    /// The certificate that TLS shows. Nobody reads its name or its dates: the link compares the key alone,
    /// because the clock of an office PC may be years off.
    pub(crate) fn certificate(&self) -> Result<Vec<u8>, rustls::Error> {
        let general = |cause: rcgen::Error| rustls::Error::General(cause.to_string());
        let der = self.pkcs8();
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&der.as_slice().into(), &PKCS_ED25519).map_err(general)?;
        let certificate = CertificateParams::new(vec!["niangjia-hub".to_owned()])
            .and_then(|params| params.self_signed(&pair))
            .map_err(general)?;
        Ok(certificate.der().to_vec())
    }
}

impl std::fmt::Debug for HubKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HubKey({}…)", hex::encode(&self.public()[..4]))
    }
}
