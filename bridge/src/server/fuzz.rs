//! What has to hold for every request, from its head to its answer, with a stand-in for token, person and vault
//! behind the routes. Fed by the fuzzer (`tests/fuzz`), and with the same seeds by `cargo test`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a fuzz target finds by panics"
)]

#[path = "tests/fake_desk.rs"]
#[allow(
    dead_code,
    clippy::duplicate_mod,
    reason = "the server's own tests have it too, and use the rest of it"
)]
mod fake_desk;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request};
use http_body_util::BodyExt;

use super::app::{App, Run};
use super::authority::Authority;
use super::connection::Answer;
use super::limits::Limits;
use fake_desk::{FakeDesk, Mood};

const HERE: &str = "127.0.0.1:4711";
const ORIGIN_HERE: &[u8] = b"http://127.0.0.1:4711";

/// Answers `METHOD TARGET⏎NAME: VALUE⏎…⏎⏎BODY`; in values, `SECRET` stands for the run's secret. Gives
/// the status; none for what no HTTP reader lets through.
///
/// # Panics
/// When something that has to hold does not.
pub fn request(data: &[u8]) -> Option<u16> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let here: SocketAddr = HERE.parse().unwrap();
    let authority = Authority::of(here).unwrap();
    let desk = FakeDesk::willing(Mood::Well);
    let run = Arc::new(Run::new(desk, authority, Limits::default()).unwrap());
    let (head, body) = parse(data, run.secret.expose())?;
    let api = head.uri.path() == "/v1" || head.uri.path().starts_with("/v1/");
    let admissible = admissible(&head, run.secret.expose(), api);
    let (path, method) = (head.uri.path().to_owned(), head.method.clone());
    let length = body.len();
    let request = Request::from_parts(head, Body::from(body));
    let app = App::new(Arc::clone(&run));
    let (status, headers, answer) = runtime.block_on(async {
        let work = async {
            let response = app.answer(here, request).await;
            let (head, body) = response.into_parts();
            (
                head.status,
                head.headers,
                body.collect().await.unwrap().to_bytes(),
            )
        };
        tokio::time::timeout(Duration::from_secs(5), work)
            .await
            .expect("an answer, and its end")
    });
    drop(runtime);

    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(
        headers
            .keys()
            .all(|name| !name.as_str().starts_with("access-control"))
    );
    assert!(!status.is_server_error(), "{status} to {method} {path}");
    let told = answer
        .windows(16)
        .any(|part| part == &run.secret.expose().as_bytes()[..16]);
    assert!(!told, "the secret is given away");
    let asked =
        run.desk.wraps_begun.load(Ordering::SeqCst) + run.desk.vault_calls.load(Ordering::SeqCst);
    if !admissible {
        assert!(
            status.is_client_error() && asked == 0,
            "{status} to {method} {path}"
        );
    }
    if api && status.is_client_error() {
        assert_eq!(asked, 0, "{status} to {method} {path}");
        let error: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        for member in ["code", "message", "advice"] {
            assert!(
                error["error"][member]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{error}"
            );
        }
    }
    if method == Method::POST && length > Limits::default().body_bytes {
        assert!(status.is_client_error(), "{status} to {length} bytes");
    }
    if asked > 0 {
        assert!(asked == 1 && method == Method::POST && status.is_success());
    }
    Some(status.as_u16())
}

/// Whether the guard may let it pass, by rules spelt out a second time.
fn admissible(head: &Parts, secret: &str, api: bool) -> bool {
    let once = |name: &HeaderName| {
        let all: Vec<&HeaderValue> = head.headers.get_all(name).iter().collect();
        match all[..] {
            [only] => Some(only.as_bytes()),
            _ => None,
        }
    };
    let absent = |name: &HeaderName| !head.headers.contains_key(name);
    let fetch_site = HeaderName::from_static("sec-fetch-site");
    let target = head.uri.scheme().is_none() && head.uri.authority().is_none();
    let origin = once(&ORIGIN) == Some(ORIGIN_HERE);
    if !target || once(&HOST) != Some(HERE.as_bytes()) || !(origin || absent(&ORIGIN)) {
        return false;
    }
    if !api {
        return head.method == Method::GET || head.method == Method::HEAD;
    }
    let same_site = absent(&fetch_site) || once(&fetch_site) == Some(b"same-origin");
    let knows = once(&AUTHORIZATION).is_some_and(|value| {
        value.len() == 7 + secret.len()
            && value[..7].eq_ignore_ascii_case(b"bearer ")
            && &value[7..] == secret.as_bytes()
    });
    let json = once(&CONTENT_TYPE).is_some_and(|value| {
        let text = String::from_utf8_lossy(value).to_ascii_lowercase();
        let mut parts = text.splitn(2, ';').map(str::trim);
        parts.next() == Some("application/json")
            && matches!(parts.next(), None | Some("charset=utf-8"))
    });
    let orders = head.method == Method::POST && origin && json;
    head.uri.query().is_none()
        && same_site
        && (knows || head.uri.path() == "/v1/launch")
        && (head.method == Method::GET || orders)
}

/// None for what no HTTP reader lets through.
fn parse(data: &[u8], secret: &str) -> Option<(Parts, Vec<u8>)> {
    let (head, body) = match data.windows(2).position(|two| two == b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let (method, target) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let at = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..at]).ok()?;
        let value = replaced(line[at + 1..].trim_ascii(), b"SECRET", secret.as_bytes());
        headers.append(name, HeaderValue::from_bytes(&value).ok()?);
    }
    let request = Request::builder()
        .method(method)
        .uri(target)
        .body(())
        .ok()?;
    let (mut parts, ()) = request.into_parts();
    parts.headers = headers;
    Some((parts, body.to_vec()))
}

fn replaced(text: &[u8], word: &[u8], by: &[u8]) -> Vec<u8> {
    match text.windows(word.len()).position(|window| window == word) {
        Some(at) => [&text[..at], by, &text[at + word.len()..]].concat(),
        None => text.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    #[test]
    fn the_seeds_of_requests_hold_and_what_the_page_asks_is_answered() {
        let seeds = crate::fuzz_seeds::each("request", super::request);
        let asked_by_the_page = [
            "page",
            "page-head",
            "session",
            "keys",
            "unlock",
            "keygen",
            "wrap",
            "wrap-with-attestation",
            "vault-keys",
            "vault-kek",
            "vault-keks",
            "vault-imports",
            "vault-retirements",
        ];
        for name in asked_by_the_page {
            let (_, status) = seeds.iter().find(|(seed, _)| seed == name).unwrap();
            assert_eq!(*status, Some(200), "{name}");
        }
        assert!(seeds.len() >= 40);
    }
}
