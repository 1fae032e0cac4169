//! The guard's table: one line is one request and what becomes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Request};

use super::Admitted::{Api, Launch, Page};
use super::Refusal::{
    ContentTypeNotJson, CrossSite, HostNotAllowed, MethodNotAllowed, OriginMissing,
    OriginNotAllowed, PeerNotLoopback, QueryNotAllowed, SecretMissing, SecretWrong,
    TargetNotOriginForm,
};
use super::{Admitted, Refusal, RequestFacts, admit};
use crate::server::{Authority, RunSecret};

const HERE: &str = "127.0.0.1:4711";
const ORIGIN: &str = "http://127.0.0.1:4711";

/// A request; `SECRET` in a header's value stands for this run's secret.
struct Asked {
    head: Parts,
    listens_on: &'static str,
    peer: &'static str,
}

fn ask(method: &str, target: &str) -> Asked {
    let request = Request::builder()
        .method(method)
        .uri(target)
        .body(())
        .unwrap();
    let (head, ()) = request.into_parts();
    Asked {
        head,
        listens_on: HERE,
        peer: "127.0.0.1",
    }
    .set("host", HERE)
}

/// As the page fetches a file.
fn page(target: &str) -> Asked {
    ask("GET", target)
}

/// As the page asks the API.
fn get(target: &str) -> Asked {
    ask("GET", target)
        .set("authorization", "Bearer SECRET")
        .set("sec-fetch-site", "same-origin")
}

/// As the page orders something of the API.
fn post(target: &str) -> Asked {
    let asked = get(target)
        .set("origin", ORIGIN)
        .set("content-type", "application/json");
    asked.method("POST")
}

impl Asked {
    fn set(self, name: &'static str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    fn and(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.head
            .headers
            .append(HeaderName::from_static(name), value);
        self
    }

    fn without(mut self, name: &'static str) -> Self {
        self.head.headers.remove(name);
        self
    }

    fn method(mut self, method: &str) -> Self {
        self.head.method = method.parse().unwrap();
        self
    }

    fn from(self, peer: &'static str) -> Self {
        Self { peer, ..self }
    }

    fn at(self, listens_on: &'static str) -> Self {
        Self { listens_on, ..self }
    }

    fn verdict(mut self) -> Result<Admitted, Refusal> {
        let secret = RunSecret::random().unwrap();
        for value in self.head.headers.values_mut() {
            let text = String::from_utf8(value.as_bytes().to_vec()).unwrap();
            let text = text
                .replace("SECRET-SHORT", &secret.expose()[..42])
                .replace("SECRET-NEAR", &near_miss(&secret))
                .replace("SECRET-OTHER-CASE", &swap_case(secret.expose()))
                .replace("SECRET", secret.expose());
            *value = HeaderValue::from_str(&text).unwrap_or_else(|_| value.clone());
        }
        let authority = Authority::of(self.listens_on.parse().unwrap()).unwrap();
        let peer = self.peer.parse().unwrap();
        admit(&RequestFacts::read(&self.head, peer, &authority, &secret))
    }
}

fn near_miss(secret: &RunSecret) -> String {
    let (head, last) = secret.expose().split_at(42);
    format!("{head}{}", if last == "A" { "B" } else { "A" })
}

fn swap_case(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect()
}

#[rustfmt::skip]
fn table() -> Vec<(&'static str, Asked, Result<Admitted, Refusal>)> {
    vec![
        // The page's files.
        ("navigation to the page", page("/"), Ok(Page)),
        ("file of the page", page("/app.js"), Ok(Page)),
        ("file with a query", page("/app.js?v=1"), Ok(Page)),
        ("head of a file", page("/").method("HEAD"), Ok(Page)),
        ("navigation from a link elsewhere", page("/").set("sec-fetch-site", "cross-site"), Ok(Page)),
        ("navigation typed by hand", page("/").set("sec-fetch-site", "none"), Ok(Page)),
        ("file asked by the page", page("/app.js").set("origin", ORIGIN), Ok(Page)),
        ("file asked by another page", page("/app.js").set("origin", "https://evil.example"), Err(OriginNotAllowed)),
        ("file asked by a sandboxed page", page("/app.js").set("origin", "null"), Err(OriginNotAllowed)),
        ("post to the page", page("/").method("POST"), Err(MethodNotAllowed)),
        ("put of a file", page("/app.js").method("PUT"), Err(MethodNotAllowed)),
        ("delete of a file", page("/app.js").method("DELETE"), Err(MethodNotAllowed)),
        ("trace", page("/").method("TRACE"), Err(MethodNotAllowed)),
        ("options of a file", page("/").method("OPTIONS"), Err(MethodNotAllowed)),
        ("options of the server", ask("OPTIONS", "*"), Err(MethodNotAllowed)),
        ("invented method", page("/").method("WRAP"), Err(MethodNotAllowed)),
        // What looks like the API and is not: no route but a file's may answer.
        ("doubled slash", page("//v1/keys"), Ok(Page)),
        ("upper-case api", page("/V1/keys"), Ok(Page)),
        ("percent-encoded api", page("/%761/keys"), Ok(Page)),
        ("longer version", page("/v10/keys"), Ok(Page)),
        ("post to a doubled slash", post("//v1/keys"), Err(MethodNotAllowed)),
        // Host.
        ("no host", page("/").without("host"), Err(HostNotAllowed)),
        ("empty host", page("/").set("host", ""), Err(HostNotAllowed)),
        ("two equal hosts", page("/").and("host", HERE), Err(HostNotAllowed)),
        ("right host, then another", page("/").and("host", "evil.example:4711"), Err(HostNotAllowed)),
        ("another host, then the right one", page("/").set("host", "evil.example").and("host", HERE), Err(HostNotAllowed)),
        ("rebound name", page("/").set("host", "evil.example:4711"), Err(HostNotAllowed)),
        ("rebound name on the api", get("/v1/keys").set("host", "evil.example:4711"), Err(HostNotAllowed)),
        ("name that resolves to loopback", page("/").set("host", "127.0.0.1.nip.io:4711"), Err(HostNotAllowed)),
        ("localhost", page("/").set("host", "localhost:4711"), Err(HostNotAllowed)),
        ("upper-case localhost", page("/").set("host", "LOCALHOST:4711"), Err(HostNotAllowed)),
        ("trailing dot", page("/").set("host", "127.0.0.1.:4711"), Err(HostNotAllowed)),
        ("host without port", page("/").set("host", "127.0.0.1"), Err(HostNotAllowed)),
        ("another port", page("/").set("host", "127.0.0.1:4712"), Err(HostNotAllowed)),
        ("port with a leading zero", page("/").set("host", "127.0.0.1:04711"), Err(HostNotAllowed)),
        ("longer port", page("/").set("host", "127.0.0.1:47110"), Err(HostNotAllowed)),
        ("port and space", page("/").set("host", "127.0.0.1:4711 "), Err(HostNotAllowed)),
        ("decimal address", page("/").set("host", "2130706433:4711"), Err(HostNotAllowed)),
        ("hexadecimal address", page("/").set("host", "0x7f.0.0.1:4711"), Err(HostNotAllowed)),
        ("octal address", page("/").set("host", "0177.0.0.1:4711"), Err(HostNotAllowed)),
        ("short address", page("/").set("host", "127.1:4711"), Err(HostNotAllowed)),
        ("other loopback address", page("/").set("host", "127.0.0.2:4711"), Err(HostNotAllowed)),
        ("any address", page("/").set("host", "0.0.0.0:4711"), Err(HostNotAllowed)),
        ("userinfo", page("/").set("host", "user@127.0.0.1:4711"), Err(HostNotAllowed)),
        ("host in userinfo", page("/").set("host", "127.0.0.1:4711@evil.example"), Err(HostNotAllowed)),
        ("two hosts in one", page("/").set("host", "127.0.0.1:4711, evil.example"), Err(HostNotAllowed)),
        ("scheme in host", page("/").set("host", "http://127.0.0.1:4711"), Err(HostNotAllowed)),
        ("IPv6 loopback to an IPv4 listener", page("/").set("host", "[::1]:4711"), Err(HostNotAllowed)),
        ("IPv4 mapped into IPv6", page("/").set("host", "[::ffff:127.0.0.1]:4711"), Err(HostNotAllowed)),
        ("IPv6 listener", page("/").at("[::1]:4711").from("::1").set("host", "[::1]:4711"), Ok(Page)),
        ("IPv6 spelt out", page("/").at("[::1]:4711").from("::1").set("host", "[0:0:0:0:0:0:0:1]:4711"), Err(HostNotAllowed)),
        ("IPv6 without brackets", page("/").at("[::1]:4711").from("::1").set("host", "::1:4711"), Err(HostNotAllowed)),
        ("IPv6 with zone", page("/").at("[::1]:4711").from("::1").set("host", "[::1%25lo]:4711"), Err(HostNotAllowed)),
        ("IPv4 loopback to an IPv6 listener", page("/").at("[::1]:4711"), Err(HostNotAllowed)),
        ("default port", page("/").at("127.0.0.1:80").set("host", "127.0.0.1"), Ok(Page)),
        ("default port spelt out", page("/").at("127.0.0.1:80").set("host", "127.0.0.1:80"), Err(HostNotAllowed)),
        // Peer and target.
        ("peer on the network", page("/").from("192.168.1.20"), Err(PeerNotLoopback)),
        ("peer with every right header", post("/v1/wraps").from("10.0.0.7"), Err(PeerNotLoopback)),
        ("IPv6 peer on the link", page("/").from("fe80::1"), Err(PeerNotLoopback)),
        ("network peer mapped into IPv6", page("/").from("::ffff:10.0.0.7"), Err(PeerNotLoopback)),
        ("loopback peer mapped into IPv6", page("/").from("::ffff:127.0.0.1"), Ok(Page)),
        ("absolute target, right host", ask("GET", "http://127.0.0.1:4711/v1/keys"), Err(TargetNotOriginForm)),
        ("absolute target, other host", page("http://evil.example/"), Err(TargetNotOriginForm)),
        ("authority target", ask("CONNECT", "evil.example:443"), Err(TargetNotOriginForm)),
        // Reading the API.
        ("read", get("/v1/keys"), Ok(Api)),
        ("read by another program", get("/v1/session").without("sec-fetch-site"), Ok(Api)),
        ("read with origin", get("/v1/keys").set("origin", ORIGIN), Ok(Api)),
        ("read of what is not there", get("/v1/secret"), Ok(Api)),
        ("root of the api", get("/v1"), Ok(Api)),
        ("root of the api without secret", page("/v1"), Err(SecretMissing)),
        ("read from another origin", get("/v1/keys").set("origin", "https://evil.example"), Err(OriginNotAllowed)),
        ("read from a sandbox", get("/v1/keys").set("origin", "null"), Err(OriginNotAllowed)),
        ("record, as the page asks for it", post("/v1/record"), Ok(Api)),
        ("record's page to print", post("/v1/record/page"), Ok(Api)),
        ("record without the secret", post("/v1/record").without("authorization"), Err(SecretMissing)),
        ("record with another secret", post("/v1/record").set("authorization", "Bearer SECRET-NEAR"), Err(SecretWrong)),
        ("record without an origin", post("/v1/record").without("origin"), Err(OriginMissing)),
        ("record from another origin", post("/v1/record").set("origin", "https://evil.example"), Err(OriginNotAllowed)),
        ("record from another site", post("/v1/record").set("sec-fetch-site", "cross-site"), Err(CrossSite)),
        ("record by a form", post("/v1/record").set("content-type", "text/plain"), Err(ContentTypeNotJson)),
        ("record with a query", post("/v1/record?text=label"), Err(QueryNotAllowed)),
        ("read with a query", get("/v1/keys?token=SECRET"), Err(QueryNotAllowed)),
        ("read with an empty query", get("/v1/keys?"), Err(QueryNotAllowed)),
        ("head of the api", get("/v1/keys").method("HEAD"), Err(MethodNotAllowed)),
        ("lock", post("/v1/lock"), Ok(Api)),
        ("lock by another page", post("/v1/lock").set("origin", "https://evil.example"), Err(OriginNotAllowed)),
        ("lock without secret", post("/v1/lock").without("authorization"), Err(SecretMissing)),
        ("put", post("/v1/keys").method("PUT"), Err(MethodNotAllowed)),
        ("patch", post("/v1/keys").method("PATCH"), Err(MethodNotAllowed)),
        ("delete", post("/v1/keys").method("DELETE"), Err(MethodNotAllowed)),
        ("preflight from another page", ask("OPTIONS", "/v1/wraps").set("origin", "https://evil.example").set("access-control-request-method", "POST").set("access-control-request-headers", "authorization"), Err(MethodNotAllowed)),
        ("preflight to a private network", ask("OPTIONS", "/v1/wraps").set("origin", ORIGIN).set("access-control-request-private-network", "true"), Err(MethodNotAllowed)),
        // The vault's routes make the bridge connect outwards: each is an order, reading too.
        ("vault read", post("/v1/vault/keys"), Ok(Api)),
        ("vault read by a plain read", get("/v1/vault/keys"), Ok(Api)),
        ("vault read without origin", post("/v1/vault/keys").without("origin"), Err(OriginMissing)),
        ("vault read from another page", post("/v1/vault/keys").set("origin", "https://evil.example"), Err(OriginNotAllowed)),
        ("vault read across sites", post("/v1/vault/kek").set("sec-fetch-site", "cross-site"), Err(CrossSite)),
        ("vault read with the vault in a query", post("/v1/vault/keys?vault=x"), Err(QueryNotAllowed)),
        ("vault read without secret", post("/v1/vault/keys").without("authorization"), Err(SecretMissing)),
        ("making a KEK without secret", post("/v1/vault/keks").without("authorization"), Err(SecretMissing)),
        ("import", post("/v1/vault/imports"), Ok(Api)),
        ("import as the service takes it", post("/v1/vault/imports").method("PUT"), Err(MethodNotAllowed)),
        ("import from a form", post("/v1/vault/imports").set("content-type", "text/plain"), Err(ContentTypeNotJson)),
        ("import from a sandbox", post("/v1/vault/imports").set("origin", "null"), Err(OriginNotAllowed)),
        ("import through a rebound name", post("/v1/vault/imports").set("host", "evil.example:4711"), Err(HostNotAllowed)),
        ("retirement", post("/v1/vault/retirements"), Ok(Api)),
        ("retirement as the service takes it", post("/v1/vault/retirements").method("DELETE"), Err(MethodNotAllowed)),
        ("retirement with a wrong secret", post("/v1/vault/retirements").set("authorization", "Bearer x"), Err(SecretWrong)),
        // Many keys: a plan is an order, though it touches nothing, and its body may be large.
        ("plan", post("/v1/plans"), Ok(Api)),
        ("plans that are not whole", get("/v1/plans"), Ok(Api)),
        ("plan without secret", post("/v1/plans").without("authorization"), Err(SecretMissing)),
        ("plan with a wrong secret", post("/v1/plans").set("authorization", "Bearer x"), Err(SecretWrong)),
        ("plan from another page", post("/v1/plans").set("origin", "https://evil.example"), Err(OriginNotAllowed)),
        ("plan as a form", post("/v1/plans").set("content-type", "multipart/form-data; boundary=x"), Err(ContentTypeNotJson)),
        ("run of a plan", post("/v1/plans/ab/run"), Ok(Api)),
        ("run by a plain read", get("/v1/plans/ab/run"), Ok(Api)),
        ("run without origin", post("/v1/plans/ab/run").without("origin"), Err(OriginMissing)),
        ("run across sites", post("/v1/plans/ab/run").set("sec-fetch-site", "cross-site"), Err(CrossSite)),
        ("run through a rebound name", post("/v1/plans/ab/run").set("host", "evil.example:4711"), Err(HostNotAllowed)),
        ("stop without secret", post("/v1/plans/ab/stop").without("authorization"), Err(SecretMissing)),
        ("stop with the plan in a query", post("/v1/plans/stop?plan=ab"), Err(QueryNotAllowed)),
        // Origin of an order.
        ("order", post("/v1/wraps"), Ok(Api)),
        ("order by an older browser", post("/v1/wraps").without("sec-fetch-site"), Ok(Api)),
        ("order without origin", post("/v1/wraps").without("origin"), Err(OriginMissing)),
        ("order with a referrer instead", post("/v1/wraps").without("origin").set("referer", ORIGIN), Err(OriginMissing)),
        ("empty origin", post("/v1/wraps").set("origin", ""), Err(OriginNotAllowed)),
        ("null origin", post("/v1/wraps").set("origin", "null"), Err(OriginNotAllowed)),
        ("two origins", post("/v1/wraps").and("origin", ORIGIN), Err(OriginNotAllowed)),
        ("https instead of http", post("/v1/wraps").set("origin", "https://127.0.0.1:4711"), Err(OriginNotAllowed)),
        ("origin without port", post("/v1/wraps").set("origin", "http://127.0.0.1"), Err(OriginNotAllowed)),
        ("development port", post("/v1/wraps").set("origin", "http://127.0.0.1:5173"), Err(OriginNotAllowed)),
        ("origin localhost", post("/v1/wraps").set("origin", "http://localhost:4711"), Err(OriginNotAllowed)),
        ("origin with a slash", post("/v1/wraps").set("origin", "http://127.0.0.1:4711/"), Err(OriginNotAllowed)),
        ("origin in upper case", post("/v1/wraps").set("origin", "HTTP://127.0.0.1:4711"), Err(OriginNotAllowed)),
        ("origin as a prefix", post("/v1/wraps").set("origin", "http://127.0.0.1:4711.evil.example"), Err(OriginNotAllowed)),
        ("origin as a suffix", post("/v1/wraps").set("origin", "http://evil.example/http://127.0.0.1:4711"), Err(OriginNotAllowed)),
        ("origin with userinfo", post("/v1/wraps").set("origin", "http://127.0.0.1:4711@evil.example"), Err(OriginNotAllowed)),
        ("extension of Chromium", post("/v1/wraps").set("origin", "chrome-extension://abcdefghijklmnopabcdefghijklmnop"), Err(OriginNotAllowed)),
        ("extension of Firefox", post("/v1/wraps").set("origin", "moz-extension://7f3c4d5e-0000-4000-8000-000000000000"), Err(OriginNotAllowed)),
        ("file page", post("/v1/wraps").set("origin", "file://"), Err(OriginNotAllowed)),
        // Sec-Fetch-Site.
        ("cross-site read", get("/v1/keys").set("sec-fetch-site", "cross-site"), Err(CrossSite)),
        ("read from another port", get("/v1/keys").set("sec-fetch-site", "same-site"), Err(CrossSite)),
        ("api address typed by hand", get("/v1/keys").set("sec-fetch-site", "none"), Err(CrossSite)),
        ("cross-site order with the right origin", post("/v1/wraps").set("sec-fetch-site", "cross-site"), Err(CrossSite)),
        ("fetch site in upper case", get("/v1/keys").set("sec-fetch-site", "Same-Origin"), Err(CrossSite)),
        ("two fetch sites", get("/v1/keys").and("sec-fetch-site", "same-origin"), Err(CrossSite)),
        // The secret.
        ("no secret", get("/v1/keys").without("authorization"), Err(SecretMissing)),
        ("order without secret", post("/v1/wraps").without("authorization"), Err(SecretMissing)),
        ("empty authorization", get("/v1/keys").set("authorization", ""), Err(SecretWrong)),
        ("scheme alone", get("/v1/keys").set("authorization", "Bearer"), Err(SecretWrong)),
        ("empty secret", get("/v1/keys").set("authorization", "Bearer "), Err(SecretWrong)),
        ("secret without scheme", get("/v1/keys").set("authorization", "SECRET"), Err(SecretWrong)),
        ("other scheme", get("/v1/keys").set("authorization", "Basic SECRET"), Err(SecretWrong)),
        ("scheme in lower case", get("/v1/keys").set("authorization", "bearer SECRET"), Ok(Api)),
        ("two spaces", get("/v1/keys").set("authorization", "Bearer  SECRET"), Err(SecretWrong)),
        ("short by one", get("/v1/keys").set("authorization", "Bearer SECRET-SHORT"), Err(SecretWrong)),
        ("long by one", get("/v1/keys").set("authorization", "Bearer SECRETA"), Err(SecretWrong)),
        ("padded", get("/v1/keys").set("authorization", "Bearer SECRET="), Err(SecretWrong)),
        ("last character wrong", get("/v1/keys").set("authorization", "Bearer SECRET-NEAR"), Err(SecretWrong)),
        ("other case", get("/v1/keys").set("authorization", "Bearer SECRET-OTHER-CASE"), Err(SecretWrong)),
        ("sent twice", get("/v1/keys").and("authorization", "Bearer SECRET"), Err(SecretWrong)),
        ("in a cookie", get("/v1/keys").without("authorization").set("cookie", "token=SECRET"), Err(SecretMissing)),
        ("not text", get("/v1/keys").set("authorization", "Bearer \u{fe}\u{ff}"), Err(SecretWrong)),
        // Launch: no secret yet, everything else all the same.
        ("launch", post("/v1/launch").without("authorization"), Ok(Launch)),
        ("launch read", get("/v1/launch").method("HEAD"), Err(MethodNotAllowed)),
        ("launch from another page", post("/v1/launch").set("origin", "https://evil.example"), Err(OriginNotAllowed)),
        ("launch without origin", post("/v1/launch").without("origin"), Err(OriginMissing)),
        ("launch as a form", post("/v1/launch").set("content-type", "text/plain"), Err(ContentTypeNotJson)),
        ("what starts like launch", post("/v1/launches").without("authorization"), Err(SecretMissing)),
        ("below launch", post("/v1/launch/x").without("authorization"), Err(SecretMissing)),
        // Content types.
        ("no content type", post("/v1/wraps").without("content-type"), Err(ContentTypeNotJson)),
        ("upper-case JSON", post("/v1/wraps").set("content-type", "Application/JSON"), Ok(Api)),
        ("JSON with charset", post("/v1/wraps").set("content-type", "application/json; charset=utf-8"), Ok(Api)),
        ("JSON with charset, no space", post("/v1/wraps").set("content-type", "application/json;charset=UTF-8"), Ok(Api)),
        ("JSON with another charset", post("/v1/wraps").set("content-type", "application/json; charset=utf-16"), Err(ContentTypeNotJson)),
        ("JSON with a boundary", post("/v1/wraps").set("content-type", "application/json; boundary=x"), Err(ContentTypeNotJson)),
        ("JSON with two parameters", post("/v1/wraps").set("content-type", "application/json; charset=utf-8; x=y"), Err(ContentTypeNotJson)),
        ("JSON with a bare semicolon", post("/v1/wraps").set("content-type", "application/json;"), Err(ContentTypeNotJson)),
        ("look-alike JSON", post("/v1/wraps").set("content-type", "application/jsonp"), Err(ContentTypeNotJson)),
        ("text JSON", post("/v1/wraps").set("content-type", "text/json"), Err(ContentTypeNotJson)),
        ("JSON family", post("/v1/wraps").set("content-type", "application/ld+json"), Err(ContentTypeNotJson)),
        ("simple type naming JSON", post("/v1/wraps").set("content-type", "text/plain; application/json"), Err(ContentTypeNotJson)),
        ("two types in one", post("/v1/wraps").set("content-type", "application/json, text/plain"), Err(ContentTypeNotJson)),
        ("two content types", post("/v1/wraps").and("content-type", "application/json"), Err(ContentTypeNotJson)),
        ("form", post("/v1/wraps").set("content-type", "application/x-www-form-urlencoded"), Err(ContentTypeNotJson)),
        ("multipart", post("/v1/wraps").set("content-type", "multipart/form-data; boundary=x"), Err(ContentTypeNotJson)),
        ("plain text", post("/v1/wraps").set("content-type", "text/plain"), Err(ContentTypeNotJson)),
        // The first thing wrong is the one that is told: a stranger learns nothing about the secret.
        ("wrong host and wrong secret", get("/v1/keys").set("host", "evil.example").set("authorization", "Bearer x"), Err(HostNotAllowed)),
        ("wrong origin and right secret", post("/v1/wraps").set("origin", "null"), Err(OriginNotAllowed)),
        ("wrong type and wrong secret", post("/v1/wraps").set("content-type", "text/plain").set("authorization", "Bearer x"), Err(SecretWrong)),
    ]
}

#[test]
fn each_request_of_the_table_gets_its_verdict() {
    for (name, asked, expected) in table() {
        assert_eq!(asked.verdict(), expected, "{name}");
    }
}

#[test]
fn the_table_has_a_row_for_each_refusal_and_no_name_twice() {
    let rows = table();
    let names: BTreeSet<_> = rows.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), rows.len());
    for refusal in Refusal::ALL {
        assert!(
            rows.iter().any(|(_, _, verdict)| *verdict == Err(refusal)),
            "{refusal:?}"
        );
    }
}

#[test]
fn refusals_have_codes_of_their_own_and_name_no_internals() {
    let codes: BTreeSet<_> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
    assert_eq!(codes.len(), Refusal::ALL.len());
    for refusal in Refusal::ALL {
        assert!(refusal.status().is_client_error());
        assert!(refusal.to_string().len() < 80 && !refusal.advice().is_empty());
    }
}
