//! DKIM key pairs. RSA keys take a while to find, so a few stand ready; none is made on an async thread.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use thiserror::Error;
use tokio::sync::{Mutex, mpsc};
use zeroize::Zeroizing;

use crate::records::dkim::{DkimPublicKey, KeyAlgorithm};

/// What kind of key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    Rsa2048,
    Rsa4096,
    Ed25519,
}

/// A key pair just made.
#[derive(Debug)]
pub struct NewKey {
    /// What stands in `p=`: SubjectPublicKeyInfo for RSA, the raw 32 bytes for Ed25519.
    pub public: DkimPublicKey,
    pub private: PrivateKey,
}

/// A private key in PKCS#8 DER; wiped when dropped, never printed.
pub struct PrivateKey(Zeroizing<Vec<u8>>);

impl PrivateKey {
    pub fn pkcs8(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(redacted)")
    }
}

/// The cryptographic library refused, which it does without randomness or memory.
#[derive(Debug, Error)]
#[error("no key could be made")]
pub struct KeyError;

/// Keeps a few RSA-2048 keys ready; others are made when asked for.
pub struct KeyPool {
    ready: Mutex<mpsc::Receiver<Result<NewKey, KeyError>>>,
}

impl fmt::Debug for KeyPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPool")
    }
}

impl KeyPool {
    /// Starts the thread that makes the keys; it ends with the pool.
    pub fn start(size: usize) -> Self {
        let (sender, receiver) = mpsc::channel(size.max(1));
        // Without the thread the channel is closed, and `take` makes each key itself.
        let _ = std::thread::Builder::new().name("dkim-keys".into()).spawn(move || {
            give_way();
            while sender.blocking_send(generate(KeyKind::Rsa2048)).is_ok() {}
        });
        Self { ready: Mutex::new(receiver) }
    }

    /// An RSA-2048 key, at once where one stands ready.
    pub async fn take(&self) -> Result<NewKey, KeyError> {
        let ready = self.ready.lock().await.recv().await;
        match ready {
            Some(key) => key,
            None => make(KeyKind::Rsa2048).await,
        }
    }

    /// A key of that kind: RSA-2048 out of the pool, others made now (RSA-4096 takes about a second).
    pub async fn take_kind(&self, kind: KeyKind) -> Result<NewKey, KeyError> {
        match kind {
            KeyKind::Rsa2048 => self.take().await,
            KeyKind::Rsa4096 | KeyKind::Ed25519 => make(kind).await,
        }
    }
}

/// Lets whoever waits for an answer go before this thread: nobody waits for a key that is made ahead. Linux has a
/// niceness for each thread; elsewhere it would be the whole program's.
fn give_way() {
    #[cfg(target_os = "linux")]
    // Where it is refused, keys are made as fast as everything else.
    let _ = rustix::process::nice(10);
}

async fn make(kind: KeyKind) -> Result<NewKey, KeyError> {
    tokio::task::spawn_blocking(move || generate(kind)).await.map_err(|_| KeyError)?
}

/// Makes a key on this thread.
pub fn generate(kind: KeyKind) -> Result<NewKey, KeyError> {
    match kind {
        KeyKind::Rsa2048 => rsa(KeySize::Rsa2048),
        KeyKind::Rsa4096 => rsa(KeySize::Rsa4096),
        KeyKind::Ed25519 => ed25519(),
    }
}

fn rsa(size: KeySize) -> Result<NewKey, KeyError> {
    let pair = aws_lc_rs::rsa::KeyPair::generate(size).map_err(|_| KeyError)?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| KeyError)?;
    Ok(NewKey {
        public: DkimPublicKey { algorithm: KeyAlgorithm::Rsa, bytes: public.as_ref().to_vec() },
        private: PrivateKey(Zeroizing::new(private.as_ref().to_vec())),
    })
}

fn ed25519() -> Result<NewKey, KeyError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| KeyError)?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError)?;
    Ok(NewKey {
        public: DkimPublicKey { algorithm: KeyAlgorithm::Ed25519, bytes: pair.public_key().as_ref().to_vec() },
        private: PrivateKey(Zeroizing::new(private.as_ref().to_vec())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};

    #[tokio::test]
    async fn an_rsa_key_signs_what_its_public_half_verifies() {
        let pool = KeyPool::start(2);
        let (one, two) = (pool.take().await.unwrap(), pool.take_kind(KeyKind::Rsa2048).await.unwrap());
        assert_ne!(one.public, two.public);
        let pair = aws_lc_rs::rsa::KeyPair::from_pkcs8(one.private.pkcs8()).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        assert_eq!(signature.len(), 256);
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"mail", &mut signature).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &one.public.bytes).verify(b"mail", &signature).unwrap();
    }

    #[test]
    fn an_rsa_2048_record_is_about_410_characters() {
        let record = generate(KeyKind::Rsa2048).unwrap().public.render();
        assert!(record.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"), "{record}");
        assert_eq!(record.len(), 410);
    }

    #[test]
    fn an_ed25519_key_publishes_its_raw_32_bytes() {
        let key = generate(KeyKind::Ed25519).unwrap();
        assert_eq!(key.public.bytes.len(), 32);
        let pair = Ed25519KeyPair::from_pkcs8(key.private.pkcs8()).unwrap();
        UnparsedPublicKey::new(&ED25519, &key.public.bytes).verify(b"mail", pair.sign(b"mail").as_ref()).unwrap();
    }

    #[test]
    fn a_private_key_is_never_printed() {
        let key = generate(KeyKind::Ed25519).unwrap();
        assert!(format!("{key:?}").contains("PrivateKey(redacted)"));
    }
}
