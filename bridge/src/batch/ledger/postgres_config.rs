//! How a PostgreSQL server is connected to: what the address says, the password's place, and TLS.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::LedgerError;
use super::address::{LedgerPlace, PostgresAddress};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// How long the system keeps a connection whose other side acknowledges nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// What connects.
pub(super) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
    place: String,
}

impl Connector {
    /// Reads the address. TLS always verifies the server's certificate and name: to another machine it is used unless
    /// the address says `sslmode=disable`, to this one only where it says `require` or `verify-full`.
    pub(super) fn new(address: &PostgresAddress) -> Result<Self, LedgerError> {
        let place = LedgerPlace::Postgres(address.clone()).to_string();
        let Parts { url, mode, roots } = parts(address.expose())?;
        // The parser's own words could repeat what it did not understand, a password among it.
        let mut config: Config = url.parse().map_err(|_| LedgerError::Address {
            reason: "it cannot be read as postgres://USER@HOST:PORT/DATABASE".to_owned(),
        })?;
        let mode = mode.unwrap_or(if is_local(&config) {
            SslMode::Disable
        } else {
            SslMode::Require
        });
        config
            .ssl_mode(mode)
            .connect_timeout(CONNECT)
            .tcp_user_timeout(SILENCE)
            .application_name("keyferry");
        if config.get_password().is_none()
            && let Some(password) = std::env::var_os("PGPASSWORD")
        {
            config.password(password.as_encoded_bytes());
        }
        let tls = MakeRustlsConnect::new(client_config(roots.as_deref(), &place)?);
        Ok(Self { config, tls, place })
    }

    /// Where it connects to, without a password.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        // Ends with the connection; what broke it is told by the next call of the client.
        tokio::spawn(connection);
        Ok(client)
    }
}

/// An address without what only we understand.
struct Parts {
    url: String,
    mode: Option<SslMode>,
    roots: Option<String>,
}

fn parts(address: &str) -> Result<Parts, LedgerError> {
    let (place, query) = address.split_once('?').unwrap_or((address, ""));
    let mut parts = Parts {
        url: place.to_owned(),
        mode: None,
        roots: None,
    };
    let mut separator = '?';
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", "disable")) => parts.mode = Some(SslMode::Disable),
            // As libpq names them; here each of them verifies the certificate and the name.
            Some(("sslmode", "require" | "verify-full")) => parts.mode = Some(SslMode::Require),
            Some(("sslmode", _)) => {
                return Err(LedgerError::Address {
                    reason: "sslmode is disable, require or verify-full (what verifies less than it says is not offered)"
                        .to_owned(),
                });
            }
            Some(("sslrootcert", file)) => parts.roots = Some(file.to_owned()),
            _ => {
                parts.url.push(separator);
                parts.url.push_str(pair);
                separator = '&';
            }
        }
    }
    Ok(parts)
}

/// True when nothing of it leaves this machine.
fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }) && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

fn client_config(roots: Option<&str>, place: &str) -> Result<ClientConfig, LedgerError> {
    let unusable = |reason: String| LedgerError::Unusable {
        place: place.to_owned(),
        reason,
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?;
    match roots {
        None => Ok(builder
            .with_platform_verifier()
            .map_err(|error| unusable(error.to_string()))?
            .with_no_client_auth()),
        Some(file) => {
            let store = read_roots(Path::new(file)).map_err(unusable)?;
            Ok(builder.with_root_certificates(store).with_no_client_auth())
        }
    }
}

fn read_roots(file: &Path) -> Result<RootCertStore, String> {
    let shown = crate::error::shown(file);
    let unread = |error: &dyn std::fmt::Display| format!("sslrootcert {shown}: {error}");
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unread(&error))? {
        let certificate = certificate.map_err(|error| unread(&error))?;
        store.add(certificate).map_err(|error| unread(&error))?;
    }
    if store.is_empty() {
        return Err(unread(&"it holds no certificate"));
    }
    Ok(store)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn connector(text: &str) -> Result<Connector, LedgerError> {
        match text.parse().unwrap() {
            LedgerPlace::Postgres(address) => Connector::new(&address),
            LedgerPlace::File(_) => panic!("{text}"),
        }
    }

    #[test]
    fn tls_is_used_to_another_machine_unless_the_address_says_no() {
        for (text, mode) in [
            ("postgres://a@db.example/move", SslMode::Require),
            (
                "postgres://a@db.example/move?sslmode=disable",
                SslMode::Disable,
            ),
            ("postgres://a@127.0.0.1:5432/move", SslMode::Disable),
            (
                "postgres://a@localhost/move?sslmode=verify-full",
                SslMode::Require,
            ),
            (
                "postgres:///move?host=/run/postgresql&user=a",
                SslMode::Disable,
            ),
            ("postgres://a@localhost,db.example/move", SslMode::Require),
        ] {
            let connector = connector(text).unwrap();
            assert_eq!(connector.config.get_ssl_mode(), mode, "{text}");
        }
    }

    #[test]
    fn a_mode_that_verifies_nothing_is_refused_and_no_error_repeats_a_password() {
        for text in [
            "postgres://a:s3cret@db/move?sslmode=prefer",
            "postgres://a:s3cret@db/move?sslmode=allow",
            "postgres://a:s3cret@db:notaport/move",
            "postgres://a:s3cret@db/move?password=s3cret&nonsense=s3cret",
            "postgres://a:s3cret@db/move?sslrootcert=/nowhere",
        ] {
            let error = connector(text).err().unwrap();
            assert!(
                !format!("{error} {error:?}").contains("s3cret"),
                "{error:?}"
            );
        }
    }
}
