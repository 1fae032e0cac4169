//! A company's proxy that opens TLS: it takes CONNECT, answers as the host itself under a certificate
//! authority of its own, and notes what it heard.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub(crate) const VAULT: &str = "contoso.vault.azure.net";
pub(crate) const SIGN_IN: &str = "login.microsoftonline.com";
pub(crate) const TOKEN: &str = "t0ken-of-the-test";

/// The proxy, its CA, and every request: the host of CONNECT, then head and body.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    pub(crate) ca_pem: String,
    heard: Arc<Mutex<Vec<(String, String)>>>,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let names = vec![VAULT.to_owned(), SIGN_IN.to_owned()];
        let leaf = CertificateParams::new(names).unwrap();
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
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        tokio::spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(tls));
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(tunnel(stream, acceptor.clone(), Arc::clone(&notes)));
            }
        });
        Self {
            address,
            ca_pem,
            heard,
        }
    }

    /// What it heard so far, and forgets it.
    pub(crate) fn heard(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }
}

async fn tunnel(
    mut stream: TcpStream,
    acceptor: TlsAcceptor,
    notes: Arc<Mutex<Vec<(String, String)>>>,
) -> Option<()> {
    let head = request(&mut stream).await?;
    let host = head.strip_prefix("CONNECT ")?.split(':').next()?.to_owned();
    stream
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await
        .ok()?;
    let Ok(mut stream) = acceptor.accept(stream).await else {
        notes
            .lock()
            .unwrap()
            .push((host, "no handshake".to_owned()));
        return None;
    };
    let said = request(&mut stream).await?;
    let answer = answer(&host, &said);
    notes.lock().unwrap().push((host, said));
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

/// A request's head and body.
pub(crate) async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse().ok())?
            });
            if body.len() >= length.unwrap_or(0_usize) {
                return Some(text);
            }
        }
        let count = stream.read(&mut piece).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&piece[..count]);
    }
}

pub(crate) fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn answer(host: &str, said: &str) -> String {
    if host == SIGN_IN {
        return ok(&format!(
            r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"{TOKEN}"}}"#
        ));
    }
    if said.contains(&format!("Bearer {TOKEN}")) {
        return ok(r#"{"value":[],"nextLink":null}"#);
    }
    "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer authorization=\"https://login.microsoftonline.com/t\", resource=\"https://vault.azure.net\"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()
}

/// A machine's own identity service, in plain HTTP.
pub(crate) async fn identity_service() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&heard);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let said = request(&mut stream).await.unwrap_or_default();
            notes.lock().unwrap().push(said);
            let body = format!(
                r#"{{"access_token":"{TOKEN}","expires_on":"4102444800","resource":"https://vault.azure.net","token_type":"Bearer"}}"#
            );
            finish(&mut stream, &ok(&body)).await;
        }
    });
    (address, heard)
}

async fn finish(stream: &mut (impl AsyncWrite + Unpin), answer: &str) {
    stream.write_all(answer.as_bytes()).await.unwrap();
    let _ = stream.shutdown().await;
}
