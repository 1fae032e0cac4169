//! The page's files, which are in the binary itself: nothing is read from disk at run time.

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH,
    VARY,
};
use axum::http::{HeaderValue, Method, Response, StatusCode};

/// One file of the page.
#[derive(Debug)]
struct Asset {
    /// From `/`.
    path: &'static str,
    /// Differs when the content does.
    mark: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
}

/// Every file of `web/dist` at build time, by `build.rs`; empty when the page was not built.
static PAGE: &[Asset] = &include!(concat!(env!("OUT_DIR"), "/page.rs"));

const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\"><title>Keyferry</title>\n\
    <h1>The page is not in this build</h1>\n\
    <p>This bridge was built without the page. <code>make build</code> builds the page, then the \
    bridge with the page in it. The command line works all the same.</p>\n</html>\n";

const NOT_FOUND: &str = "The bridge has no such file.\n";

/// Answers a GET or HEAD that the guard admitted.
pub(super) fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Response<Body> {
    let mut response = find(PAGE, path, headers);
    if method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

fn find(page: &[Asset], path: &str, headers: &HeaderMap) -> Response<Body> {
    let path = if path == "/" { "/index.html" } else { path };
    match page.iter().find(|asset| asset.path == path) {
        Some(asset) => send(asset, headers),
        None if path == "/index.html" && page.is_empty() => {
            text(StatusCode::OK, "text/html; charset=utf-8", NOT_BUILT)
        }
        None => text(
            StatusCode::NOT_FOUND,
            "text/plain; charset=utf-8",
            NOT_FOUND,
        ),
    }
}

fn send(asset: &Asset, headers: &HeaderMap) -> Response<Body> {
    let brotli = asset.brotli.filter(|_| accepts_brotli(headers));
    let suffix = if brotli.is_some() { "-br" } else { "" };
    let tag = format!("\"{}{suffix}\"", asset.mark);
    let known = headers
        .get(IF_NONE_MATCH)
        .is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let (status, body) = match (known, brotli) {
        (true, _) => (StatusCode::NOT_MODIFIED, Body::empty()),
        (false, Some(bytes)) => (StatusCode::OK, Body::from(bytes)),
        (false, None) => (StatusCode::OK, Body::from(asset.plain)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let out = response.headers_mut();
    out.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(content_type(asset.path)),
    );
    // Kept, but asked for anew each time: a bridge of another version has another page.
    out.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    out.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        out.insert(ETAG, tag);
    }
    if brotli.is_some() {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

fn text(status: StatusCode, kind: &'static str, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Whether `br` is listed and not ruled out by `q=0` (RFC 9110 §12.5.3). Browsers list it on loopback as they
/// do over TLS; everybody else gets the file as it is.
fn accepts_brotli(headers: &HeaderMap) -> bool {
    let listed = |line: &str| {
        line.split(',').any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let brotli = parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case("br"));
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            brotli && weight.is_none_or(|q| q.parse().is_ok_and(|q: f32| q > 0.0))
        })
    };
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(listed)
}

/// Browsers take WebAssembly and module scripts by these types only, as `nosniff` is on.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use http_body_util::BodyExt;

    const SMALL: &[Asset] = &[
        Asset {
            path: "/index.html",
            mark: "1a",
            plain: b"<p>",
            brotli: Some(b"squeezed"),
        },
        Asset {
            path: "/kf.wasm",
            mark: "2b",
            plain: b"\0asm",
            brotli: None,
        },
    ];

    fn asking(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    async fn content(response: Response<Body>) -> Vec<u8> {
        response
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec()
    }

    #[tokio::test]
    async fn the_root_is_the_page() {
        let response = find(SMALL, "/", &asking(&[]));
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-cache");
        assert_eq!(response.headers()[ETAG], "\"1a\"");
        assert_eq!(content(response).await, b"<p>");
    }

    #[tokio::test]
    async fn brotli_goes_to_those_who_accept_it() {
        for accepted in ["br", "gzip, br", "deflate, BR;q=0.5", "br; q=1"] {
            let response = find(SMALL, "/", &asking(&[("accept-encoding", accepted)]));
            assert_eq!(response.headers()[CONTENT_ENCODING], "br", "{accepted}");
            assert_eq!(response.headers()[ETAG], "\"1a-br\"");
            assert_eq!(content(response).await, b"squeezed");
        }
        for refused in ["", "gzip", "br;q=0", "br;q=0.0", "xbr", "identity"] {
            let response = find(SMALL, "/", &asking(&[("accept-encoding", refused)]));
            assert!(
                !response.headers().contains_key(CONTENT_ENCODING),
                "{refused}"
            );
            assert_eq!(content(response).await, b"<p>");
        }
    }

    #[tokio::test]
    async fn a_known_file_is_not_sent_again() {
        let response = find(SMALL, "/kf.wasm", &asking(&[("if-none-match", "\"2b\"")]));
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(content(response).await, b"");
        let response = find(
            SMALL,
            "/kf.wasm",
            &asking(&[("if-none-match", "\"2b-br\"")]),
        );
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/wasm");
    }

    #[test]
    fn nothing_else_has_a_path() {
        for path in [
            "/index",
            "/index.html/",
            "//index.html",
            "/../Cargo.toml",
            "/%2e%2e/kf.wasm",
            "/v1",
        ] {
            assert_eq!(
                find(SMALL, path, &asking(&[])).status(),
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn a_build_without_the_page_says_which_verb_builds_it() {
        let response = find(&[], "/", &asking(&[]));
        assert_eq!(response.status(), StatusCode::OK);
        let said = String::from_utf8(content(response).await).unwrap();
        assert!(said.contains("make build"), "{said}");
        assert_eq!(
            find(&[], "/app.js", &asking(&[])).status(),
            StatusCode::NOT_FOUND
        );
    }
}
