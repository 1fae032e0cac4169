//! What is refused, and how every answer is dressed.

use super::client::Reply;
use super::fake_desk::{FakeDesk, Mood};
use super::harness::Server;
use crate::server::limits::Limits;

/// Every header that the page's safety stands on, and none that lets another origin in.
fn assert_hardened(reply: &Reply) {
    let csp = reply.header("content-security-policy").expect("a CSP");
    for rule in [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types lit-html",
    ] {
        assert!(csp.contains(rule), "{rule} in {csp}");
    }
    assert!(
        !csp.contains("unsafe-inline") && !csp.contains('*'),
        "{csp}"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "deny"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert!(
        reply
            .header("permissions-policy")
            .unwrap()
            .contains("usb=()")
    );
    for cors in [
        "access-control-allow-origin",
        "access-control-allow-methods",
        "set-cookie",
        "server",
    ] {
        assert_eq!(reply.header(cors), None, "{cors}");
    }
}

#[tokio::test]
async fn the_page_is_served_to_a_navigation_and_hardened() {
    let server = Server::well().await;
    let reply = server
        .ask(&format!(
            "GET / HTTP/1.1\r\nHost: {}\r\n\r\n",
            server.address
        ))
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_hardened(&reply);
}

#[tokio::test]
async fn a_rebound_host_reaches_nothing() {
    let server = Server::well().await;
    for path in ["/", "/v1/session"] {
        let request = server
            .get(path)
            .replace(&format!("Host: {}", server.address), "Host: evil.example");
        let reply = server.ask(&request).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (403, "host-not-allowed"),
            "{path}"
        );
        assert_hardened(&reply);
    }
}

#[tokio::test]
async fn an_order_without_origin_is_refused_before_its_body_is_read() {
    let server = Server::well().await;
    let head = server
        .post_head("/v1/unlock", 1000)
        .replace("Origin", "X-Origin");
    // The body never comes, and the answer comes all the same.
    let reply = server.ask(&head).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (403, "origin-missing")
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_simple_content_type_is_refused() {
    let server = Server::well().await;
    let request = server
        .post("/v1/unlock", "{}")
        .replace("application/json", "text/plain");
    let reply = server.ask(&request).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (415, "content-type-not-json")
    );
}

#[tokio::test]
async fn a_preflight_gets_no_permission() {
    let server = Server::well().await;
    let request = format!(
        "OPTIONS /v1/wraps HTTP/1.1\r\nHost: {}\r\nOrigin: https://evil.example\r\n\
         Access-Control-Request-Method: POST\r\nAccess-Control-Request-Private-Network: true\r\n\r\n",
        server.address
    );
    let reply = server.ask(&request).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (405, "method-not-allowed")
    );
    assert_eq!(reply.header("allow"), Some("get, post"));
    assert_hardened(&reply);
}

#[tokio::test]
async fn a_wrong_secret_is_told_as_such_and_asks_for_one() {
    let server = Server::well().await;
    let reply = server
        .ask(&server.get("/v1/keys").replace(server.secret(), "wrong"))
        .await;
    assert_eq!((reply.status, reply.code().as_str()), (401, "secret-wrong"));
    assert_eq!(reply.header("www-authenticate"), Some("bearer"));
}

#[tokio::test]
async fn unknown_routes_and_methods_are_told_to_those_who_know_the_secret() {
    let server = Server::well().await;
    let reply = server.ask(&server.get("/v1/nothing")).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (404, "route-unknown")
    );
    let reply = server.ask(&server.post("/v1/session", "{}")).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (405, "method-not-allowed")
    );
    assert_eq!(reply.header("allow"), Some("get,head"));
}

#[tokio::test]
async fn a_doubled_or_encoded_path_is_a_file_that_is_not_there() {
    let server = Server::well().await;
    for path in ["//v1/keys", "/%76%31/keys", "/./v1/keys", "/V1/keys"] {
        let reply = server.ask(&server.get(path)).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(
            reply.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
    }
}

#[tokio::test]
async fn failures_of_the_bridge_are_told_apart() {
    for (mood, status, code) in [
        (Mood::WorkerGone, 502, "worker-stopped"),
        (Mood::NoPrompt, 423, "prompt-unavailable"),
    ] {
        let server = Server::start(FakeDesk::willing(mood), Limits::default()).await;
        for request in [
            server.get("/v1/keys"),
            server.post("/v1/unlock", "{}"),
            server.post("/v1/keys", r#"{"kind":"AES-256","label":"k"}"#),
        ] {
            let reply = server.ask(&request).await;
            assert_eq!((reply.status, reply.code().as_str()), (status, code));
        }
        assert_eq!(server.ask(&server.get("/v1/session")).await.status, 200);
    }
}
