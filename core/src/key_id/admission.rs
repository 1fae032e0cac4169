//! Which hosts a key identifier may name.

use crate::Error;

/// What holds the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// A Key Vault (Premium, when it holds HSM keys).
    Vault,
    /// A Managed HSM pool.
    ManagedHsm,
}

/// A DNS suffix that vaults or pools live under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suffix {
    name: String,
    service: Service,
}

impl Suffix {
    /// A suffix from configuration, for clouds that are cut off from the public ones.
    ///
    /// # Errors
    /// [`Error::Suffix`] unless it is a lower-case DNS name of at least two labels, the last one with
    /// a letter: a host that ends in a number is an IPv4 address (WHATWG URL, "ends in a number").
    pub fn new(name: &str, service: Service) -> Result<Self, Error> {
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        let is_address = |name: &str| {
            name.rsplit('.')
                .next()
                .is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
        };
        if name.len() <= 200
            && name.contains('.')
            && name.split('.').all(label)
            && !is_address(name)
        {
            Ok(Self {
                name: name.to_owned(),
                service,
            })
        } else {
            Err(Error::Suffix)
        }
    }

    /// The DNS name, without a leading dot.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What lives under it.
    pub fn service(&self) -> Service {
        self.service
    }
}

/// The address of a practice vault: this machine only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PracticeAuthority {
    host: &'static str,
    port: u16,
}

impl PracticeAuthority {
    /// `localhost` or 127.0.0.1, with a port.
    ///
    /// # Errors
    /// [`Error::PracticeAuthority`] for every other host, and for port 0.
    pub fn new(host: &str, port: u16) -> Result<Self, Error> {
        let host = match host {
            "localhost" => "localhost",
            "127.0.0.1" => "127.0.0.1",
            _ => return Err(Error::PracticeAuthority),
        };
        if port == 0 {
            Err(Error::PracticeAuthority)
        } else {
            Ok(Self { host, port })
        }
    }

    /// From `HOST:PORT`.
    ///
    /// # Errors
    /// As [`PracticeAuthority::new`].
    pub fn parse(authority: &str) -> Result<Self, Error> {
        let (host, port) = authority.split_once(':').ok_or(Error::PracticeAuthority)?;
        let number: u16 = port.parse().map_err(|_| Error::PracticeAuthority)?;
        // One spelling only: no sign, no leading zero.
        if number.to_string() == port {
            Self::new(host, number)
        } else {
            Err(Error::PracticeAuthority)
        }
    }

    /// The host.
    pub fn host(&self) -> &str {
        self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `HOST:PORT`.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// What a caller admits besides Azure's public and national clouds. The default admits nothing more.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    /// The practice vault of this run, when one is running.
    pub practice: Option<PracticeAuthority>,
    /// Further suffixes, from configuration.
    pub extra_suffixes: Vec<Suffix>,
}
