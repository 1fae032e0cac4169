//! The Argon2id hash of an approver's secret, as a policy holds it.

use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::Error;
use crate::pin::Pin;

/// Least and most memory, in KiB: less is guessed too fast, more keeps a small workstation busy.
const MEMORY: std::ops::RangeInclusive<u32> = 19 * 1024..=256 * 1024;

/// Most passes.
const MAX_PASSES: u32 = 10;

/// Most lanes.
const MAX_LANES: u32 = 4;

/// Most work in all: memory in KiB times passes.
const MAX_WORK: u64 = 1024 * 1024;

/// Least bytes of salt and of the hash itself.
const MIN_SALT: usize = 16;
const MIN_HASH: usize = 32;

/// What new hashes take: the second choice of RFC 9106 §4, for machines without memory to spare.
const MAKE: (u32, u32, u32) = (64 * 1024, 3, 4);

/// Least characters of a new secret. The policy that holds its hash can be read by those whom it restrains,
/// so it has to withstand guessing at leisure.
const MIN_SECRET: usize = 12;

/// A hash whose form and cost were looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretHash(String);

impl SecretHash {
    /// Reads a PHC string (`$argon2id$v=19$m=…,t=…,p=…$SALT$HASH`), within bounds.
    ///
    /// # Errors
    /// Why it is none, in words that do not repeat it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let hash = PasswordHash::new(text)
            .map_err(|_| "it is no PHC string; `keyferry policy approver` makes one".to_owned())?;
        if hash.algorithm.as_str() != "argon2id" || hash.version != Some(0x13) {
            return Err("it is not of Argon2id, version 19".to_owned());
        }
        let params = Params::try_from(&hash)
            .map_err(|_| "its parameters are not those of Argon2".to_owned())?;
        let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
        if !MEMORY.contains(&params.m_cost())
            || params.t_cost() > MAX_PASSES
            || params.p_cost() > MAX_LANES
            || work > MAX_WORK
        {
            return Err(format!(
                "its parameters are out of bounds: m {} to {} KiB, t up to {MAX_PASSES}, p up to {MAX_LANES}, m times t up to {MAX_WORK}",
                MEMORY.start(),
                MEMORY.end()
            ));
        }
        let long = |length: Option<usize>, least| length.is_some_and(|length| length >= least);
        if !long(hash.salt.as_ref().map(|salt| salt.len()), MIN_SALT)
            || !long(hash.hash.as_ref().map(|hash| hash.len()), MIN_HASH)
        {
            return Err(format!(
                "its salt is shorter than {MIN_SALT} bytes, or its hash than {MIN_HASH}"
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// Hashes a new secret with a salt of the system's.
    ///
    /// # Errors
    /// [`Error::SecretUnfit`] for a short one, [`Error::System`] without random bytes.
    pub(crate) fn make(secret: &Pin) -> Result<Self, Error> {
        // EXPOSE: to be counted, then hashed.
        let characters = String::from_utf8_lossy(secret.expose()).chars().count();
        if characters < MIN_SECRET {
            return Err(Error::SecretUnfit {
                why: "it has fewer than 12 characters",
            });
        }
        let mut salt = Zeroizing::new([0_u8; MIN_SALT]);
        getrandom::fill(salt.as_mut()).map_err(|error| Error::System {
            what: "drawing random bytes",
            source: std::io::Error::other(error.to_string()),
        })?;
        let (memory, passes, lanes) = MAKE;
        let params = Params::new(memory, passes, lanes, Some(MIN_HASH))
            .map_err(|_| Error::Internal("the parameters of Argon2 do not fit"))?;
        let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_with_salt(secret.expose(), salt.as_ref())
            .map_err(|_| Error::Internal("Argon2 failed"))?;
        Ok(Self(hash.to_string()))
    }

    /// Whether `secret` is the one; takes as long as the hash wants, a second or so.
    pub(crate) fn matches(&self, secret: &Pin) -> bool {
        // The crate compares the hashes in constant time.
        PasswordHash::new(&self.0).is_ok_and(|hash| {
            // EXPOSE: to be hashed.
            Argon2::default()
                .verify_password(secret.expose(), &hash)
                .is_ok()
        })
    }

    /// The PHC string, for the policy that it is to stand in.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|why| {
            serde::de::Error::custom(format!("an approver's secret is refused: {why}"))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn secret(text: &str) -> Pin {
        Pin::new(text.as_bytes().to_vec())
    }

    #[test]
    fn a_hash_that_was_made_is_read_and_fits_its_secret_alone() {
        let made = SecretHash::make(&secret("correct horse battery")).unwrap();
        let read = SecretHash::parse(made.as_str()).unwrap();
        assert!(read.matches(&secret("correct horse battery")));
        for wrong in ["", "correct horse batterz", "correct horse battery "] {
            assert!(!read.matches(&secret(wrong)), "{wrong}");
        }
        let again = SecretHash::make(&secret("correct horse battery")).unwrap();
        assert_ne!(made, again, "each has a salt of its own");
    }

    /// Made by the reference implementation (libargon2 by argon2-cffi).
    const REFERENCE: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$FIRhE9q7dbepQkUKmkNXXq7sfg8dkX/8/6TqcSoFc0U";

    #[test]
    fn a_hash_of_the_reference_implementation_is_read() {
        let hash = SecretHash::parse(REFERENCE).unwrap();
        assert!(hash.matches(&secret("the second person")));
        assert!(!hash.matches(&secret("the first person")));
    }

    #[test]
    fn a_short_secret_is_refused() {
        for text in ["", "eleven char", "äöüäöüäöüäö"] {
            assert_eq!(
                SecretHash::make(&secret(text)).unwrap_err().code(),
                "secret-unfit",
                "{text}"
            );
        }
        assert!(SecretHash::make(&secret("äöüäöüäöüäöü")).is_ok());
    }

    #[test]
    fn what_is_weak_costly_or_no_hash_is_refused_and_not_repeated() {
        let salt = "c2FsdHNhbHRzYWx0c2FsdA";
        let hash = "A".repeat(43);
        let whole = |id: &str, version: &str, params: &str| {
            format!("${id}${version}${params}${salt}${hash}")
        };
        assert!(SecretHash::parse(&whole("argon2id", "v=19", "m=19456,t=2,p=1")).is_ok());
        for text in [
            String::new(),
            "hunter2hunter2".to_owned(),
            whole("argon2i", "v=19", "m=65536,t=3,p=4"),
            whole("argon2d", "v=19", "m=65536,t=3,p=4"),
            whole("argon2id", "v=16", "m=65536,t=3,p=4"),
            whole("scrypt", "v=19", "ln=15,r=8,p=1"),
            whole("argon2id", "v=19", "m=19455,t=2,p=1"),
            whole("argon2id", "v=19", "m=262145,t=1,p=1"),
            whole("argon2id", "v=19", "m=4194304,t=1,p=1"),
            whole("argon2id", "v=19", "m=65536,t=11,p=1"),
            whole("argon2id", "v=19", "m=65536,t=3,p=5"),
            whole("argon2id", "v=19", "m=262144,t=5,p=1"),
            whole("argon2id", "v=19", "m=65536,t=0,p=1"),
            format!("$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ${hash}"),
            format!("$argon2id$v=19$m=65536,t=3,p=4${salt}$AAAAAAAAAAAAAAAAAAAAAA"),
            format!("$argon2id$v=19$m=65536,t=3,p=4${salt}"),
            format!("$argon2id$m=65536,t=3,p=4${salt}${hash}"),
        ] {
            let why = SecretHash::parse(&text).unwrap_err();
            assert!(text.is_empty() || !why.contains(&text), "{why}");
        }
    }
}
