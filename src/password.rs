//! Passwords: argon2id with the crate's defaults (OWASP's second choice: 19 MiB, two passes, one lane), two at a time,
//! off the async threads.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use tokio::sync::Semaphore;

/// The shortest password that is accepted, in characters.
pub const MIN_LENGTH: usize = 10;
/// The longest, in bytes, so that nobody hashes a book.
pub const MAX_LENGTH: usize = 512;

static AT_WORK: Semaphore = Semaphore::const_new(2);

/// What an unknown user's password is compared with, so that it takes as long as a wrong one.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("nobody has this password"));

/// Says what is wrong with a new password; `None` where it will do.
pub fn objection(password: &str) -> Option<String> {
    if password.chars().count() < MIN_LENGTH {
        return Some(format!("The password is too short; at least {MIN_LENGTH} characters are needed."));
    }
    (password.len() > MAX_LENGTH).then(|| format!("The password is too long; at most {MAX_LENGTH} bytes are accepted."))
}

/// The PHC string of a password.
pub async fn hash(password: &str) -> String {
    let password = password.to_owned();
    let _permit = AT_WORK.acquire().await.expect("the semaphore is never closed");
    tokio::task::spawn_blocking(move || hash_now(&password)).await.expect("hashing does not panic")
}

/// Whether a password is the one of `stored`; for an unknown user (`None`) false, after the same time.
pub async fn is_right(password: &str, stored: Option<&str>) -> bool {
    let is_known = stored.is_some();
    let password: String = password.chars().take(MAX_LENGTH).collect();
    let stored = stored.map(str::to_owned);
    let _permit = AT_WORK.acquire().await.expect("the semaphore is never closed");
    let is_equal = tokio::task::spawn_blocking(move || {
        compare(&password, stored.as_deref(), |password, hash| {
            Argon2::default().verify_password(password.as_bytes(), hash).is_ok()
        })
    })
    .await
    .expect("comparing does not panic");
    is_equal && is_known
}

/// Hashes the password by `verify` once, whether there is a stored one to compare with or not.
fn compare(password: &str, stored: Option<&str>, verify: impl FnOnce(&str, &PasswordHash) -> bool) -> bool {
    PasswordHash::new(compared_with(stored)).is_ok_and(|hash| verify(password, &hash))
}

/// There is always one to compare with. It is made before anybody looks whether it is needed, so that the first unknown
/// user after a start takes no longer either.
fn compared_with(stored: Option<&str>) -> &str {
    let nobody = NOBODY.as_str();
    stored.unwrap_or(nobody)
}

fn hash_now(password: &str) -> String {
    Argon2::default()
        .hash_password(password.as_bytes())
        .expect("the default parameters accept every password of a sane length")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_is_right() {
        let stored = hash("correct horse battery").await;
        assert!(is_right("correct horse battery", Some(&stored)).await);
        assert!(!is_right("correct horse", Some(&stored)).await);
        assert!(!is_right("nobody has this password", None).await);
    }

    #[test]
    fn an_unknown_user_costs_the_same_hash_as_a_wrong_password() {
        let known = hash_now("correct horse battery");
        let (known, nobody) = (PasswordHash::new(&known).unwrap(), PasswordHash::new(compared_with(None)).unwrap());
        assert_eq!(
            (known.algorithm, &known.version, &known.params),
            (nobody.algorithm, &nobody.version, &nobody.params)
        );
        assert_eq!(known.hash.map(|hash| hash.len()), nobody.hash.map(|hash| hash.len()));
    }

    #[test]
    fn a_hash_is_computed_once_for_whoever_asks_known_or_not() {
        let known = hash_now("correct horse battery");
        for stored in [None, Some(known.as_str())] {
            let mut hashed = Vec::new();
            compare("a guess of somebody", stored, |password, hash| {
                hashed.push((password.to_owned(), hash.params.to_string()));
                false
            });
            let params = PasswordHash::new(&known).unwrap().params.to_string();
            assert_eq!(hashed, [("a guess of somebody".to_owned(), params)], "{stored:?}");
        }
    }

    #[test]
    fn a_short_password_is_objected_to() {
        assert!(objection("short").is_some());
        assert!(objection("long enough, surely").is_none());
    }
}
