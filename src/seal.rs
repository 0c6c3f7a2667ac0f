//! Secrets at rest: AES-256-GCM under the instance key, each bound to the name that it belongs to.
//!
//! A sealed secret is `version (1 byte) · key id (8) · nonce (12) · ciphertext and tag`. The key id is the start of the
//! key's fingerprint, so that a wrong key is told apart from a damaged secret. Knows neither database nor settings.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::records::{DomainName, Selector};

const VERSION: u8 = 1;
const KEY_ID_LENGTH: usize = 8;
const HEADER_LENGTH: usize = 1 + KEY_ID_LENGTH + NONCE_LEN;
/// The instance key's file in the data directory.
const KEY_FILE: &str = "secret.key";

/// Where the instance key of a data directory is kept.
pub fn key_file(data_dir: &Path) -> PathBuf {
    data_dir.join(KEY_FILE)
}

#[derive(Debug, Error)]
pub enum SealError {
    /// Completes the sentence "SIGNET_SECRET_KEY …"; never holds the text.
    #[error("is not 32 bytes in base64, as `openssl rand -base64 32` prints them")]
    NotAKey,
    #[error("was sealed with the key {found}, and this instance has {expected}")]
    WrongKey { expected: String, found: String },
    #[error("the sealed secret is damaged, or belongs to another name")]
    Damaged,
    #[error("the system gives no randomness")]
    NoRandomness,
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{path} is not 32 bytes in base64; restore it from where it was kept", path = path.display())]
    DamagedFile { path: PathBuf },
}

/// Seals and opens with the instance key.
pub struct Sealer {
    key: RandomizedNonceKey,
    /// Signs what this instance hands out and wants to know again.
    signing: hmac::Key,
    fingerprint: [u8; 32],
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("key_id", &self.key_id()).finish_non_exhaustive()
    }
}

impl Sealer {
    pub fn new(key: &[u8; 32]) -> Self {
        let named = Zeroizing::new([b"signet instance key".as_slice(), key].concat());
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, &named).as_ref());
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"signet links");
        let signing = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        let key = RandomizedNonceKey::new(&AES_256_GCM, key).expect("an AES-256 key has 32 bytes");
        Self { key, signing, fingerprint }
    }

    /// Reads `SIGNET_SECRET_KEY`: 32 bytes in base64, blanks around them ignored.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        Ok(Self::new(&*decode_key(text).ok_or(SealError::NotAKey)?))
    }

    /// The key in the data directory, made there (mode 0600) at the first start. The directory must exist. Of two
    /// programs that start at once, both get the same key.
    pub fn load_or_generate(data_dir: &Path) -> Result<Self, SealError> {
        if let Some(sealer) = Self::load(data_dir)? {
            return Ok(sealer);
        }
        let path = key_file(data_dir);
        generate(&path)?;
        Self::load(data_dir)?.ok_or_else(|| SealError::File { path, source: io::ErrorKind::NotFound.into() })
    }

    /// The key in the data directory; `None` where none is kept there.
    pub fn load(data_dir: &Path) -> Result<Option<Self>, SealError> {
        let path = key_file(data_dir);
        let failed = |source| SealError::File { path: path.clone(), source };
        if !path.try_exists().map_err(failed)? {
            return Ok(None);
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let text = Zeroizing::new(fs::read_to_string(&path).map_err(failed)?);
        let key = decode_key(&text).ok_or_else(|| SealError::DamagedFile { path: path.clone() })?;
        Ok(Some(Self::new(&key)))
    }

    /// The key's fingerprint in hexadecimal: tells keys apart and gives nothing away.
    pub fn fingerprint(&self) -> String {
        hexadecimal(&self.fingerprint)
    }

    /// The start of the fingerprint, as it stands beside each sealed secret.
    pub fn key_id(&self) -> String {
        hexadecimal(&self.fingerprint[..KEY_ID_LENGTH])
    }

    /// Seals a DKIM private key of `selector._domainkey.domain`; it opens under that name alone.
    pub fn seal(&self, domain: &DomainName, selector: &Selector, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        self.seal_bound(bound_to(domain, selector), secret)
    }

    /// Seals the secret of a webhook; it opens under that id alone.
    pub fn seal_webhook(&self, id: Uuid, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        self.seal_bound(bound_to_webhook(id), secret)
    }

    /// Opens what [`Self::seal_webhook`] made for the same id.
    pub fn open_webhook(&self, id: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.open_bound(bound_to_webhook(id), sealed)
    }

    /// The signature of a link, in hexadecimal: who has it was given it by this instance.
    pub fn sign_link(&self, purpose: &str, id: Uuid) -> String {
        hexadecimal(hmac::sign(&self.signing, format!("{purpose}\n{id}").as_bytes()).as_ref())
    }

    /// Whether [`Self::sign_link`] gave this signature, in a time that tells nothing.
    pub fn is_signed_link(&self, purpose: &str, id: Uuid, signature: &str) -> bool {
        let expected = self.sign_link(purpose, id);
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), signature.as_bytes()).is_ok()
    }

    fn seal_bound(&self, bound: Vec<u8>, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut text = secret.to_vec();
        let nonce =
            self.key.seal_in_place_append_tag(Aad::from(bound), &mut text).map_err(|_| SealError::NoRandomness)?;
        let mut sealed = Vec::with_capacity(HEADER_LENGTH + text.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.fingerprint[..KEY_ID_LENGTH]);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut text);
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] made for the same name.
    pub fn open(
        &self,
        domain: &DomainName,
        selector: &Selector,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.open_bound(bound_to(domain, selector), sealed)
    }

    fn open_bound(&self, bound: Vec<u8>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (header, text) = sealed.split_at_checked(HEADER_LENGTH).ok_or(SealError::Damaged)?;
        let (key_id, nonce) = header[1..].split_at(KEY_ID_LENGTH);
        if header[0] != VERSION {
            return Err(SealError::Damaged);
        }
        if key_id != &self.fingerprint[..KEY_ID_LENGTH] {
            return Err(SealError::WrongKey { expected: self.key_id(), found: hexadecimal(key_id) });
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Damaged)?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self.key.open_in_place(nonce, Aad::from(bound), &mut text).map_err(|_| SealError::Damaged)?.len();
        text.truncate(length);
        Ok(text)
    }
}

/// The id of the key that sealed a secret; `None` where it is damaged.
pub fn key_id_of(sealed: &[u8]) -> Option<String> {
    sealed.get(1..=KEY_ID_LENGTH).map(hexadecimal)
}

/// Neither name can hold a line break, so the two cannot run together.
fn bound_to(domain: &DomainName, selector: &Selector) -> Vec<u8> {
    format!("dkim\n{domain}\n{selector}").into_bytes()
}

fn bound_to_webhook(id: Uuid) -> Vec<u8> {
    format!("webhook\n{id}").into_bytes()
}

fn decode_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(STANDARD.decode(text.trim()).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

/// Writes a new key beside the path and links it there whole; a key that another program linked first stays.
fn generate(path: &Path) -> Result<(), SealError> {
    let failed = |source| SealError::File { path: path.to_owned(), source };
    let mut key = Zeroizing::new([0; 32]);
    aws_lc_rs::rand::fill(key.as_mut_slice()).map_err(|_| SealError::NoRandomness)?;
    let text = Zeroizing::new(format!("{}\n", STANDARD.encode(key.as_slice())));
    let draft = path.with_extension(format!("{}.new", uuid::Uuid::now_v7()));
    write_private(&draft, text.as_bytes()).map_err(failed)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> (DomainName, Selector) {
        (DomainName::parse("mail.example.com").unwrap(), Selector::parse("s1").unwrap())
    }

    #[test]
    fn a_secret_opens_under_its_own_name_alone() {
        let (domain, selector) = names();
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal(&domain, &selector, b"private").unwrap();
        assert_eq!(&**sealer.open(&domain, &selector, &sealed).unwrap(), b"private");
        let other = Selector::parse("s2").unwrap();
        assert!(matches!(sealer.open(&domain, &other, &sealed), Err(SealError::Damaged)));
        let elsewhere = DomainName::parse("example.com").unwrap();
        assert!(matches!(sealer.open(&elsewhere, &selector, &sealed), Err(SealError::Damaged)));
    }

    #[test]
    fn a_webhooks_secret_opens_under_its_own_id_alone_and_a_link_is_known_again() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal_webhook(one, b"secret").unwrap();
        assert_eq!(&**sealer.open_webhook(one, &sealed).unwrap(), b"secret");
        assert!(matches!(sealer.open_webhook(two, &sealed), Err(SealError::Damaged)));
        let link = sealer.sign_link("unsubscribe", one);
        assert!(sealer.is_signed_link("unsubscribe", one, &link));
        assert!(!sealer.is_signed_link("unsubscribe", two, &link) && !sealer.is_signed_link("other", one, &link));
        assert!(
            !sealer.is_signed_link("unsubscribe", one, "") && !sealer.is_signed_link("unsubscribe", one, &link[1..])
        );
        assert_ne!(Sealer::new(&[8; 32]).sign_link("unsubscribe", one), link);
    }

    #[test]
    fn another_key_is_called_by_its_id_and_damage_is_noticed() {
        let (domain, selector) = names();
        let (one, two) = (Sealer::new(&[1; 32]), Sealer::new(&[2; 32]));
        let mut sealed = one.seal(&domain, &selector, b"private").unwrap();
        let Err(SealError::WrongKey { expected, found }) = two.open(&domain, &selector, &sealed) else {
            panic!("the key is another one");
        };
        assert_eq!((expected, found), (two.key_id(), one.key_id()));
        *sealed.last_mut().unwrap() ^= 1;
        assert!(matches!(one.open(&domain, &selector, &sealed), Err(SealError::Damaged)));
        assert!(matches!(one.open(&domain, &selector, &sealed[..9]), Err(SealError::Damaged)));
    }

    #[test]
    fn the_same_secret_is_never_sealed_alike() {
        let (domain, selector) = names();
        let sealer = Sealer::new(&[7; 32]);
        assert_ne!(sealer.seal(&domain, &selector, b"x").unwrap(), sealer.seal(&domain, &selector, b"x").unwrap());
    }

    #[test]
    fn debug_output_gives_nothing_away() {
        let text = format!("{:?}", Sealer::new(&[7; 32]));
        assert!(!text.contains("7, 7") && text.contains("key_id"), "{text}");
    }

    #[test]
    fn only_32_bytes_in_base64_are_a_key() {
        assert!(Sealer::parse(&format!(" {}\n", STANDARD.encode([1; 32]))).is_ok());
        for text in ["", "secret", &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33])] {
            let Err(error) = Sealer::parse(text) else { panic!("{text:?} is no key") };
            assert!(matches!(error, SealError::NotAKey));
        }
    }

    #[test]
    fn the_key_is_made_once_and_readable_by_its_owner_alone() {
        let directory = std::env::temp_dir().join(format!("signet-seal-{}", uuid::Uuid::now_v7()));
        fs::create_dir(&directory).unwrap();
        let first = Sealer::load_or_generate(&directory).unwrap();
        let again = Sealer::load_or_generate(&directory).unwrap();
        let mode = fs::metadata(directory.join(KEY_FILE)).unwrap().permissions().mode();
        let files = fs::read_dir(&directory).unwrap().count();
        fs::write(directory.join(KEY_FILE), "short").unwrap();
        let damaged = Sealer::load_or_generate(&directory);
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!((first.fingerprint(), mode & 0o777, files), (again.fingerprint(), 0o600, 1));
        assert!(matches!(damaged, Err(SealError::DamagedFile { .. })));
    }
}
