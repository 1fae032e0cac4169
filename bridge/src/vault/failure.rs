//! How a request can fail below HTTP, and whether it may have been carried out all the same.

use azure_core::error::{Error, ErrorKind};
use std::error::Error as StdError;
use std::fmt;
use std::io;

/// What happened to a request that got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// It could not even be put together.
    Unsent,
    /// The host's name is not known.
    Dns,
    /// Nobody listens there.
    ConnectionRefused,
    /// The server's certificate is not trusted.
    Tls,
    /// The proxy did not let it through.
    Proxy,
    /// No connection for another reason.
    NotConnected,
    /// It was sent; no answer in time.
    TimedOut,
    /// It was sent; the connection broke before the answer was whole.
    BrokeOff,
    /// It was sent; the answer is larger than any that is read.
    TooLarge,
    /// An answer pointed to another host than the vault's.
    Elsewhere,
}

impl Failure {
    /// True when the request may have reached the vault and been carried out.
    pub fn may_have_landed(self) -> bool {
        matches!(self, Self::TimedOut | Self::BrokeOff | Self::TooLarge)
    }

    /// Stable kebab-case name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unsent => "vault-setup",
            Self::Dns => "vault-dns",
            Self::ConnectionRefused => "vault-connection-refused",
            Self::Tls => "vault-tls",
            Self::Proxy => "vault-proxy",
            Self::NotConnected => "vault-unreachable",
            Self::TimedOut => "vault-timeout",
            Self::BrokeOff => "vault-broke-off",
            Self::TooLarge => "vault-answer-too-large",
            Self::Elsewhere => "vault-elsewhere",
        }
    }

    /// What to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Unsent => "This is a defect of Keyferry; report it with the steps that led here.",
            Self::Dns => {
                "Check the vault's name, and that this machine resolves public names (or the private endpoint's zone)."
            }
            Self::ConnectionRefused => {
                "Check that the vault (or the practice vault) runs, and that no firewall of this network stands between."
            }
            Self::Tls => {
                "If your company's proxy opens TLS, put its CA into the system's trust store (or name it in SSL_CERT_FILE). If it does not, do not go on: something else answered."
            }
            Self::Proxy => {
                "Check HTTPS_PROXY and NO_PROXY, and that the proxy lets CONNECT to the vault and to the sign-in host through."
            }
            Self::NotConnected => "Check that this machine may reach the vault on port 443.",
            Self::TimedOut | Self::BrokeOff => {
                "It may have been carried out: ask the vault (`keyferry vault kek show`, `az keyvault key show`) before doing it again."
            }
            Self::TooLarge | Self::Elsewhere => {
                "No vault answers like that. Check the address, and what stands between."
            }
        }
    }
}

/// A failure with the words of whoever noticed it.
#[derive(Debug)]
pub(super) struct TransportFailure {
    pub(super) failure: Failure,
    text: String,
}

impl TransportFailure {
    pub(super) fn new(failure: Failure, text: impl Into<String>) -> Self {
        Self {
            failure,
            text: text.into(),
        }
    }

    /// Of a request that got no head of an answer.
    pub(super) fn of(error: reqwest::Error) -> Self {
        let failure = if error.is_builder() {
            Failure::Unsent
        } else if error.is_connect() {
            connecting(&error)
        } else if error.is_timeout() {
            Failure::TimedOut
        } else {
            Failure::BrokeOff
        };
        Self::new(failure, in_one_line(&error))
    }

    /// Of an answer whose head had come.
    pub(super) fn of_body(error: reqwest::Error) -> Self {
        let failure = if error.is_timeout() {
            Failure::TimedOut
        } else {
            Failure::BrokeOff
        };
        Self::new(failure, in_one_line(&error))
    }

    /// The failure that an SDK's error carries, if it carries one.
    pub(super) fn within(error: &Error) -> Option<&Self> {
        chain(error).find_map(|cause| cause.downcast_ref())
    }
}

impl fmt::Display for TransportFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl StdError for TransportFailure {}

impl From<TransportFailure> for Error {
    fn from(failure: TransportFailure) -> Self {
        let kind = if failure.failure.may_have_landed() {
            ErrorKind::Io
        } else {
            ErrorKind::Connection
        };
        Self::new(kind, failure)
    }
}

/// Why no connection came about. rustls and the system say it by type; the resolver and the proxy
/// tunnel only by their words.
fn connecting(error: &reqwest::Error) -> Failure {
    for cause in chain(error) {
        if cause.is::<rustls::Error>() {
            return Failure::Tls;
        }
        let io = cause.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused) {
            return Failure::ConnectionRefused;
        }
        let words = cause.to_string();
        if words.starts_with("dns error") {
            return Failure::Dns;
        }
        if words.starts_with("tunnel error") || words.contains("proxy") {
            return Failure::Proxy;
        }
    }
    Failure::NotConnected
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let current = next?;
        // An I/O error that wraps another gives that one's source and leaves itself out.
        let wrapped = current
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as &(dyn StdError + 'static));
        next = wrapped.or_else(|| current.source());
        Some(current)
    })
}

/// An error and what caused it, in one line and each once; Debug would print a backtrace.
pub(super) fn in_one_line(error: &(dyn StdError + 'static)) -> String {
    let mut text = String::new();
    for cause in chain(error) {
        let words = cause.to_string();
        if text.contains(&words) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&words);
    }
    text
}
