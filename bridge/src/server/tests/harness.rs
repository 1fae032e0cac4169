//! A server on a port of the system's choice, with its requests spelt out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use keyferry_core::{Admission, Kek, KekSource};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::client::{Reply, ask};
use super::fake_desk::{FakeDesk, Mood};
use crate::server::app::{App, Run};
use crate::server::authority::Authority;
use crate::server::connection;
use crate::server::limits::Limits;

pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) run: Arc<Run<FakeDesk>>,
    pub(super) stop: oneshot::Sender<()>,
    pub(super) ended: JoinHandle<()>,
}

/// Limits that a test can wait out.
pub(super) fn short() -> Limits {
    Limits {
        head_time: Duration::from_millis(300),
        body_time: Duration::from_millis(300),
        queue_time: Duration::from_millis(200),
        stop_time: Duration::from_millis(300),
        wrap_time: Duration::from_secs(5),
        ..Limits::default()
    }
}

async fn bind(desk: FakeDesk, limits: Limits) -> (TcpListener, Arc<Run<FakeDesk>>, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let run = Run::new(desk, Authority::of(address).unwrap(), limits).unwrap();
    (listener, Arc::new(run), address)
}

impl Server {
    pub(super) async fn start(desk: FakeDesk, limits: Limits) -> Self {
        let (listener, run, address) = bind(desk, limits).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = Arc::clone(&run);
        let ended = tokio::spawn(async move {
            serving
                .serve(listener, async { stopped.await.unwrap_or(()) })
                .await;
        });
        Self {
            address,
            run,
            stop,
            ended,
        }
    }

    pub(super) async fn well() -> Self {
        Self::start(FakeDesk::willing(Mood::Well), Limits::default()).await
    }

    /// With routes of the test's own in place of the API's.
    pub(super) async fn with_routes(routes: Router, limits: Limits) -> Self {
        let (listener, run, address) = bind(FakeDesk::willing(Mood::Well), limits).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let app = App::with_routes(Arc::clone(&run), routes);
        let ended = tokio::spawn(connection::serve(listener, app, limits, async {
            stopped.await.unwrap_or(());
        }));
        Self {
            address,
            run,
            stop,
            ended,
        }
    }

    pub(super) fn secret(&self) -> &str {
        self.run.secret.expose()
    }

    /// As the page reads.
    pub(super) fn get(&self, path: &str) -> String {
        format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nSec-Fetch-Site: same-origin\r\n\r\n",
            self.address,
            self.secret(),
        )
    }

    /// The head of what the page orders.
    pub(super) fn post_head(&self, path: &str, length: usize) -> String {
        format!(
            "POST {path} HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nAuthorization: Bearer {1}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
            self.address,
            self.secret(),
        )
    }

    /// As the page orders.
    pub(super) fn post(&self, path: &str, body: &str) -> String {
        format!("{}{body}", self.post_head(path, body.len()))
    }

    pub(super) async fn ask(&self, request: &str) -> Reply {
        ask(self.address, request).await
    }
}

/// A document that passes as a KEK: as `az keyvault key show` prints it. Nothing is ever wrapped to it.
pub(super) fn kek_document() -> String {
    let mut modulus = [0xC5; 256];
    modulus[255] = 0xC7;
    let n = Base64UrlUnpadded::encode_string(&modulus);
    let version = "0123456789abcdef0123456789abcdef";
    format!(
        r#"{{"key":{{"kid":"https://contoso.vault.azure.net/keys/kek/{version}","kty":"RSA-HSM","key_ops":["import"],"n":"{n}","e":"AQAB"}}}}"#
    )
}

pub(super) fn kek_thumbprint() -> String {
    let document = kek_document();
    let admission = Admission::default();
    let source = KekSource {
        document: document.as_bytes(),
        beside: None,
        kid: None,
        now: None,
        admission: &admission,
    };
    Kek::admit(&source).unwrap().thumbprint().to_string()
}

pub(super) const REQUEST_ID: &str = "00112233445566778899aabbccddeeff";

/// An order as the page makes it.
pub(super) fn wrap_order() -> serde_json::Value {
    serde_json::json!({
        "request_id": REQUEST_ID,
        "kek": Base64::encode_string(kek_document().as_bytes()),
        "kid": null,
        "kek_thumbprint_sha256": kek_thumbprint(),
        "key": { "label": "k", "id": "01" },
    })
}

/// A `.byok` file for that KEK, as far as its form goes.
pub(super) fn byok_file() -> Vec<u8> {
    let ciphertext = Base64UrlUnpadded::encode_string(&[7; 256 + 40]);
    let kid = "https://contoso.vault.azure.net/keys/kek/0123456789abcdef0123456789abcdef";
    serde_json::json!({
        "schema_version": "1.0.0",
        "header": { "kid": kid, "alg": "dir", "enc": "CKM_RSA_AES_KEY_WRAP" },
        "ciphertext": ciphertext,
        "generator": "test",
    })
    .to_string()
    .into_bytes()
}

/// An import as the page orders it.
pub(super) fn import_order() -> serde_json::Value {
    serde_json::json!({
        "file": Base64::encode_string(&byok_file()),
        "name": "imported",
        "operations": ["encrypt", "wrapKey"],
        "tags": { "owner": "payments" },
        "not_before": null,
        "expires": null,
        "enabled": true,
        "release_policy": null,
    })
}

pub(super) const TAB_ONE: &str = "11111111111111111111111111111111";
pub(super) const TAB_TWO: &str = "22222222222222222222222222222222";

pub(super) fn from_tab(request: &str, tab: &str) -> String {
    request.replacen("\r\n", &format!("\r\nKeyferry-Tab: {tab}\r\n"), 1)
}
