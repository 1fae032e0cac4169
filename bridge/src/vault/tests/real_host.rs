//! The way to a real host's name, with all that stands in it: name, certificate, challenge, audience,
//! answers of any size. A server of this test stands behind the name; only tests can set that.

use super::super::error::VaultError;
use super::super::failure::Failure;
use super::{TestRoute, name};
use crate::vault::{CredentialChoice, Outward, Patience, VaultClient, transport};
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use keyferry_core::{Admission, VaultAddress};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const HOST: &str = "contoso.vault.azure.net";
const CHALLENGE: &str = "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer authorization=\"https://login.microsoftonline.com/t\", resource=\"https://vault.azure.net\"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Gives a token and notes the scopes that were asked for.
#[derive(Debug, Default)]
struct Witness {
    scopes: Mutex<Vec<String>>,
}

#[async_trait::async_trait]
impl TokenCredential for Witness {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.scopes
            .lock()
            .unwrap()
            .extend(scopes.iter().map(ToString::to_string));
        let expires = OffsetDateTime::now_utc() + Duration::from_secs(3600);
        Ok(AccessToken::new("t0ken-of-the-test", expires))
    }
}

/// A server that answers each connection with the next of its answers, the last one for ever.
struct Server {
    address: SocketAddr,
    ca_der: Vec<u8>,
    requests: Arc<Mutex<Vec<String>>>,
    witness: Arc<Witness>,
    serving: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn of(host: &str, answers: &[&str]) -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_der = ca.self_signed(&ca_key).unwrap().der().to_vec();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], private)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&requests);
        let answers: Vec<String> = answers.iter().map(ToString::to_string).collect();
        let serving = tokio::spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(tls));
            for count in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut request = vec![0; 16 * 1024];
                let length = stream.read(&mut request).await.unwrap_or(0);
                request.truncate(length);
                heard
                    .lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&request).into_owned());
                let answer = answers.get(count).or(answers.last()).unwrap();
                if stream.write_all(answer.as_bytes()).await.is_ok() && answer == ENDLESS {
                    let piece = [b' '; 64 * 1024];
                    while stream.write_all(&piece).await.is_ok() {}
                }
                let _ = stream.shutdown().await;
            }
        });
        Self {
            address,
            ca_der,
            requests,
            witness: Arc::default(),
            serving,
        }
    }

    fn client(&self) -> VaultClient {
        self.client_with(self.ca_der.clone(), self.address)
    }

    fn client_with(&self, ca_der: Vec<u8>, address: SocketAddr) -> VaultClient {
        self.client_of(HOST, ca_der, address)
    }

    fn client_of(&self, host: &str, ca_der: Vec<u8>, address: SocketAddr) -> VaultClient {
        let mut outward = Outward::new(
            CredentialChoice::Auto,
            None,
            Admission::default(),
            None,
            Patience::none(),
        );
        outward.test_route = Some(TestRoute {
            host: host.to_owned(),
            address,
            ca_der,
            credential: Arc::clone(&self.witness) as Arc<dyn TokenCredential>,
        });
        let vault = VaultAddress::parse(&format!("https://{host}"), outward.admission()).unwrap();
        outward.connect(&vault).unwrap()
    }

    async fn show(&self) -> Result<(), VaultError> {
        self.client().show(&name("KEK"), None).await.map(|_| ())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

const ENDLESS: &str = "HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\nconnection: close\r\n\r\n";

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn key_of(host: &str) -> String {
    // 2048 bits, the last four of the base64 zero.
    let modulus = format!("{}w", "x".repeat(341));
    let version = "0".repeat(32);
    let body = format!(
        r#"{{"key":{{"kid":"https://{host}/keys/KEK/{version}","kty":"RSA-HSM","key_ops":["import"],"n":"{modulus}","e":"AQAB"}},"attributes":{{"enabled":true}}}}"#
    );
    ok(&body)
}

#[tokio::test]
async fn signs_in_for_the_vaults_own_audience_and_sends_nothing_before() {
    let server = Server::of(HOST, &[CHALLENGE, &key_of(HOST)]).await;
    server.show().await.unwrap();
    assert_eq!(
        *server.witness.scopes.lock().unwrap(),
        ["https://vault.azure.net/.default"]
    );
    let requests = server.requests.lock().unwrap();
    assert!(
        !requests[0].to_lowercase().contains("authorization"),
        "{}",
        requests[0]
    );
    assert!(requests[1].contains("Bearer t0ken-of-the-test"));
    assert!(
        requests[1]
            .to_lowercase()
            .contains(&format!("host: {HOST}"))
    );
}

#[tokio::test]
async fn a_challenge_for_another_audience_gets_no_token() {
    for resource in [
        "https://management.azure.com",
        "https://azure.net",
        "https://managedhsm.azure.net",
        "https://evil.example",
    ] {
        let challenge = CHALLENGE.replace("https://vault.azure.net", resource);
        let server = Server::of(HOST, &[&challenge, &key_of(HOST)]).await;
        server.show().await.unwrap_err();
        assert_eq!(
            *server.witness.scopes.lock().unwrap(),
            Vec::<String>::new(),
            "{resource}"
        );
        assert_eq!(server.requests.lock().unwrap().len(), 1, "{resource}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_or_not_the_hosts_is_told() {
    let server = Server::of(HOST, &[CHALLENGE]).await;
    let other = Server::of(HOST, &[CHALLENGE]).await;
    let wrong_name = Server::of("fabrikam.vault.azure.net", &[CHALLENGE]).await;
    for client in [
        server.client_with(other.ca_der.clone(), server.address),
        wrong_name.client(),
    ] {
        let error = client.show(&name("KEK"), None).await.unwrap_err();
        assert_eq!(error.code(), "vault-tls", "{error}");
        assert!(!error.may_have_landed());
    }
    assert!(server.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nobody_listening_is_told_as_that() {
    let server = Server::of(HOST, &[CHALLENGE]).await;
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let client = server.client_with(server.ca_der.clone(), closed);
    let error = client.show(&name("KEK"), None).await.unwrap_err();
    assert_eq!(error.code(), "vault-connection-refused", "{error}");
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told_as_that() {
    let http = transport::by_system().unwrap().no_proxy().build().unwrap();
    let error = http
        .get("https://no-such-vault.invalid/")
        .send()
        .await
        .unwrap_err();
    let failure = super::super::failure::TransportFailure::of(error);
    assert_eq!(failure.failure, Failure::Dns, "{failure}");
}

#[tokio::test]
async fn an_answer_without_end_is_cut_and_half_an_answer_is_told() {
    let server = Server::of(HOST, &[CHALLENGE, ENDLESS]).await;
    let error = server.show().await.unwrap_err();
    assert_eq!(error.code(), "vault-answer-too-large");
    let half = &key_of(HOST)[..200];
    let server = Server::of(HOST, &[CHALLENGE, half]).await;
    let error = server.show().await.unwrap_err();
    assert_eq!(error.code(), "vault-broke-off");
    assert!(error.may_have_landed());
}

#[tokio::test]
async fn an_answer_of_another_vault_or_name_is_refused() {
    let other_name = key_of(HOST).replace("/keys/KEK/", "/keys/KEX/");
    for answer in [
        key_of("fabrikam.vault.azure.net"),
        other_name,
        key_of("127.0.0.1:1"),
    ] {
        let server = Server::of(HOST, &[CHALLENGE, &answer]).await;
        assert_eq!(
            server.show().await.unwrap_err().code(),
            "vault-answer-differs"
        );
    }
    for answer in ["{}", "[]", "not json", r#"{"key":{}}"#] {
        let server = Server::of(HOST, &[CHALLENGE, &ok(answer)]).await;
        assert_eq!(
            server.show().await.unwrap_err().code(),
            "vault-answer",
            "{answer}"
        );
    }
}

#[tokio::test]
async fn no_redirect_and_no_link_leads_the_token_elsewhere() {
    let redirect = "HTTP/1.1 307 Temporary Redirect\r\nlocation: https://evil.example/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let server = Server::of(HOST, &[CHALLENGE, redirect]).await;
    assert_eq!(server.show().await.unwrap_err().code(), "vault-refused");
    let page = ok(r#"{"value":[],"nextLink":"https://evil.example/keys?api-version=7.4"}"#);
    let server = Server::of(HOST, &[CHALLENGE, &page]).await;
    let error = server.client().list().await.unwrap_err();
    assert_eq!(error.code(), "vault-elsewhere", "{error}");
}

#[tokio::test]
async fn a_managed_hsm_is_asked_for_a_versions_attestation_and_a_vault_is_not() {
    const POOL: &str = "contosohsm.managedhsm.azure.net";
    let document = include_str!("../../../../tests/cases/attestation/firmware-2-of-2048/input");
    let challenge = CHALLENGE.replace("https://vault.azure.net", "https://managedhsm.azure.net");
    let version = "0".repeat(32);

    let server = Server::of(POOL, &[&challenge, &ok(document)]).await;
    let client = server.client_of(POOL, server.ca_der.clone(), server.address);
    let answer = client.attestation(&name("KEK"), &version).await.unwrap();
    assert_eq!(answer.as_deref(), Some(document.as_bytes()));
    let path = format!("GET /keys/KEK/{version}/attestation?");
    assert!(server.requests.lock().unwrap()[1].starts_with(&path));

    let none = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let server = Server::of(POOL, &[&challenge, none]).await;
    let client = server.client_of(POOL, server.ca_der.clone(), server.address);
    let answer = client.attestation(&name("KEK"), &version).await.unwrap();
    assert_eq!(answer, None);

    let server = Server::of(HOST, &[CHALLENGE]).await;
    let answer = server.client().attestation(&name("KEK"), &version).await;
    assert_eq!(answer.unwrap(), None);
    assert!(server.requests.lock().unwrap().is_empty());
}
