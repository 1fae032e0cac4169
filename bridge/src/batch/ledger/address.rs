//! Where a ledger is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::LedgerError;

/// A file or a server.
#[derive(Clone, PartialEq, Eq)]
pub enum LedgerPlace {
    /// A SQLite file.
    File(PathBuf),
    /// A database on a PostgreSQL server.
    Postgres(PostgresAddress),
}

/// `postgres://…`. It can hold a password, so it is shown only in parts, in errors and by `Debug` too.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    url: String,
    shown: String,
}

impl PostgresAddress {
    /// The address as it was given.
    // EXPOSE: the client's configuration is made from it.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(dead_code, reason = "nothing connects")
    )]
    pub(super) fn expose(&self) -> &str {
        &self.url
    }
}

impl FromStr for LedgerPlace {
    type Err = LedgerError;

    /// `postgres://…` or `postgresql://…`; all else is a path.
    fn from_str(text: &str) -> Result<Self, LedgerError> {
        if text.is_empty() {
            return Err(LedgerError::Address {
                reason: "it is empty".to_owned(),
            });
        }
        match text.split_once("://") {
            Some(("postgres" | "postgresql", rest)) => Ok(Self::Postgres(PostgresAddress {
                url: text.to_owned(),
                shown: format!("postgres://{}", without_secrets(rest)),
            })),
            Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Err(LedgerError::Address {
                    reason: "only postgres:// and paths are known".to_owned(),
                })
            }
            _ => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

/// User, host and database; nothing of what follows a colon in the first or a question mark.
fn without_secrets(rest: &str) -> String {
    let plain = rest.split(['?', '#']).next().unwrap_or_default();
    let before_colon = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
    // A password may hold `@` and `/` unescaped: the last `@` ends it.
    let shown = match plain.rsplit_once('@') {
        Some((account, place)) => format!("{}@{place}", before_colon(account)),
        // It may hold `?` and `#`, too: then nothing tells it from a host.
        None if rest.contains('@') => before_colon(plain),
        None => plain.to_owned(),
    };
    keyferry_core::visible(&shown)
}

impl fmt::Display for LedgerPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => formatter.pad(&crate::error::shown(path)),
            Self::Postgres(address) => formatter.pad(&address.shown),
        }
    }
}

impl fmt::Debug for LedgerPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_password_is_neither_shown_nor_debugged() {
        for (text, shown) in [
            (
                "postgres://ann:s3cret@db:5432/move",
                "postgres://ann@db:5432/move",
            ),
            (
                "postgresql://ann:s3cret@db/move?sslmode=require",
                "postgres://ann@db/move",
            ),
            ("postgres://ann:s3c/ret@x@db/move", "postgres://ann@db/move"),
            ("postgres://ann:s3cret?@db/move", "postgres://ann"),
            ("postgres://ann:s3cret#1@db/move?x=1", "postgres://ann"),
            ("postgres://db/move?password=s3cret", "postgres://db/move"),
            ("postgres://db/move?password=s3@cret", "postgres://db/move"),
            (
                "postgres:///move?host=/run/pg&password=s3cret",
                "postgres:///move",
            ),
        ] {
            let place: LedgerPlace = text.parse().unwrap();
            assert_eq!(place.to_string(), shown);
            let debugged = format!("{place:?}");
            assert!(!debugged.contains("cret"), "{debugged}");
        }
    }

    #[test]
    fn what_has_no_scheme_is_a_path_and_another_scheme_is_refused() {
        let place: LedgerPlace = "batch/ledger.sqlite".parse().unwrap();
        assert_eq!(place, LedgerPlace::File("batch/ledger.sqlite".into()));
        for text in ["", "mysql://host/db", "sqlite://x"] {
            let error = text.parse::<LedgerPlace>().unwrap_err();
            assert_eq!(error.code(), "ledger-address", "{text}");
        }
    }
}
