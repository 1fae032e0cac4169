//! The bridge as a process: where it listens, whom it answers, what it sends along.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use keyferry_tests::bridge::{Address, Detached};
use keyferry_tests::http::Request;
use keyferry_tests::{Desk, Kek, Order, SoftHsm, audit_chain};
use serde_json::json;

/// A bridge without a terminal, with its state folder.
fn bridge() -> (Desk, Detached) {
    let desk = Desk::embedded();
    let bridge = Detached::start(&desk);
    (desk, bridge)
}

#[test]
fn the_start_line_has_the_address_with_a_secret_of_256_bits() {
    let desk = Desk::embedded();
    let (one, two) = (Detached::start(&desk), Detached::start(&desk));
    for bridge in [&one, &two] {
        assert!(bridge.address.secret.len() >= 43, "{}", bridge.start);
        assert_ne!(bridge.address.socket.port(), 0);
    }
    assert_ne!(one.address.secret, two.address.secret);
}

#[test]
fn without_a_terminal_it_starts_locked_and_says_how_to_unlock() {
    let token = SoftHsm::new("locked");
    let desk = Desk::soft_hsm_asking(&token);
    let bridge = Detached::start(&desk);
    let session = bridge.address.get("/v1/session").json();
    assert_eq!(
        (&session["prompt"], &session["unlocked"]),
        (&"none".into(), &false.into())
    );
    let refused = bridge.address.post("/v1/unlock", &json!({}));
    assert_eq!(refused.code(), "prompt-unavailable");
    let said = bridge.start.clone() + &bridge.stop();
    for wanted in ["locked", "in a terminal", "pinentry", "--pin-source"] {
        assert!(said.contains(wanted), "{wanted:?} is not in {said}");
    }
}

#[test]
fn an_address_that_a_journal_would_keep_goes_to_a_file_that_goes_with_the_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let runtime = tempfile::tempdir().unwrap();
    let desk = Desk::embedded().variable("XDG_RUNTIME_DIR", runtime.path());
    let log = runtime.path().join("log");
    // Without setsid's --wait in between: the signal is for the bridge itself.
    let mut command = desk.on_terminal(&["env"], ["serve"]);
    let mut bridge = command
        .stdin(std::process::Stdio::null())
        .stdout(std::fs::File::create(&log).unwrap())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let file = runtime.path().join("keyferry/address");
    let url = (0..600)
        .find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            std::fs::read_to_string(&file).ok()
        })
        .expect("the address never came");
    assert!(Address::find(&url).is_some(), "{url}");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", bridge.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<_> = core.unwrap().split_whitespace().skip(4).take(2).collect();
    assert_eq!(core, ["0", "0"], "the bridge could leave a core dump");
    let pid = rustix::process::Pid::from_raw(bridge.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(bridge.wait().unwrap().success());
    assert!(!file.exists(), "the address outlives its run");
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(!said.contains("token="), "{said}");
}

#[test]
fn a_locked_bridge_wraps_nothing() {
    let desk = Desk::embedded().flag("--software-token");
    let _ = desk
        .json(["keygen", "--kind", "P-256", "--label", "here"])
        .success();
    let bridge = Detached::start(&desk);
    let order = Order::new(Kek::shared(2048), "here");
    let reply = bridge.address.post("/v1/wraps", &order.body);
    assert_eq!(order.error(&reply), "prompt-unavailable");
    let log = audit_chain::read(desk.state()).unwrap();
    assert!(log.iter().all(|line| line["event"] != "wrap-intent"));
}

#[test]
fn listens_on_loopback_alone() {
    let (_desk, bridge) = bridge();
    let port = bridge.address.socket.port();
    let connect = |address: IpAddr| {
        TcpStream::connect_timeout(&SocketAddr::new(address, port), Duration::from_secs(2))
    };
    assert!(connect([127, 0, 0, 1].into()).is_ok());
    if let Some(outward) = outward_address() {
        assert!(connect(outward).is_err(), "{outward} is answered");
    }
    assert!(
        connect([127, 0, 0, 2].into()).is_err(),
        "127.0.0.2 is answered"
    );
    assert_eq!(
        listening(port),
        ["0100007F"],
        "127.0.0.1, and nothing of IPv6"
    );
}

#[test]
fn refuses_to_listen_elsewhere() {
    for place in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let answer = Desk::embedded().json(["serve", "--listen", place]);
        assert_eq!(answer.refusal(1), "listen-not-loopback", "{place}");
    }
    for place in ["localhost", "127.0.0.1", "127.0.0.1:99999", ""] {
        let answer = Desk::embedded().run(["serve", "--listen", place]);
        assert_eq!(answer.code, Some(2), "{place:?}: {}", answer.all());
    }
}

#[test]
fn a_port_in_use_is_an_error_of_its_own() {
    let (_desk, bridge) = bridge();
    let place = bridge.address.socket.to_string();
    let answer = Desk::embedded().json(["serve", "--listen", &place]);
    assert_eq!(answer.refusal(1), "listen-failed");
}

#[test]
fn answers_its_own_page() {
    let (_desk, bridge) = bridge();
    assert_eq!(bridge.address.get("/v1/session").status, 200);
    let page = Request::new("GET", "/").header("Host", &bridge.address.socket.to_string());
    assert_eq!(page.send(bridge.address.socket).unwrap().status, 200);
}

#[test]
fn refuses_what_is_not_its_own_page() {
    let (_desk, bridge) = bridge();
    let address = &bridge.address;
    let port = address.socket.port();
    let get = || address.request("GET", "/v1/session");
    let post = || address.request("POST", "/v1/unlock");
    let other_secret = format!("Bearer {}", "A".repeat(address.secret.len()));
    let shorter = format!("Bearer {}", &address.secret[1..]);
    let query = format!("/v1/session?token={}", address.secret);
    let cases = [
        (get().without("Host"), 403, "host-not-allowed"),
        (get().header("Host", "localhost"), 403, "host-not-allowed"),
        (
            get().header("Host", &format!("localhost:{port}")),
            403,
            "host-not-allowed",
        ),
        (
            get().header("Host", &format!("evil.example:{port}")),
            403,
            "host-not-allowed",
        ),
        (get().header("Host", "127.0.0.1"), 403, "host-not-allowed"),
        (get().header("Host", "127.0.0.1:1"), 403, "host-not-allowed"),
        (
            get().header("Origin", "http://evil.example"),
            403,
            "origin-not-allowed",
        ),
        (get().header("Origin", "null"), 403, "origin-not-allowed"),
        (
            post().header("Origin", &format!("https://127.0.0.1:{port}")),
            403,
            "origin-not-allowed",
        ),
        (
            post().header("Origin", &format!("http://127.0.0.1:{port}.evil.example")),
            403,
            "origin-not-allowed",
        ),
        (post().without("Origin"), 403, "origin-missing"),
        (
            get().header("Sec-Fetch-Site", "cross-site"),
            403,
            "cross-site",
        ),
        (
            get().header("Sec-Fetch-Site", "same-site"),
            403,
            "cross-site",
        ),
        (get().without("Authorization"), 401, "secret-missing"),
        (
            get().header("Authorization", &other_secret),
            401,
            "secret-wrong",
        ),
        (get().header("Authorization", &shorter), 401, "secret-wrong"),
        (
            get().header("Authorization", "Bearer "),
            401,
            "secret-wrong",
        ),
        (
            get().header("Authorization", &address.secret),
            401,
            "secret-wrong",
        ),
        (address.request("GET", &query), 400, "query-not-allowed"),
        (
            address.request("GET", &query).without("Authorization"),
            400,
            "query-not-allowed",
        ),
        (
            post().header("Content-Type", "text/plain"),
            415,
            "content-type-not-json",
        ),
        (post().without("Content-Type"), 415, "content-type-not-json"),
        (
            address.request("PUT", "/v1/unlock"),
            405,
            "method-not-allowed",
        ),
        (
            address.request("OPTIONS", "/v1/unlock"),
            405,
            "method-not-allowed",
        ),
    ];
    assert_eq!(
        get().send(address.socket).unwrap().status,
        200,
        "the request itself is good"
    );
    for (number, (request, status, code)) in cases.iter().enumerate() {
        let reply = request.send(address.socket).unwrap();
        assert_eq!(reply.status, *status, "case {number}: {code}");
        assert_eq!(reply.code(), *code, "case {number}");
        assert!(
            reply
                .headers
                .iter()
                .all(|(name, _)| !name.starts_with("access-control"))
        );
        let body = String::from_utf8_lossy(&reply.body);
        assert!(
            !body.contains(&address.secret),
            "case {number} gives the secret away"
        );
    }
}

#[test]
fn every_answer_is_hardened() {
    let (_desk, bridge) = bridge();
    let address = &bridge.address;
    let page = Request::new("GET", "/").header("Host", &address.socket.to_string());
    let missing = Request::new("GET", "/nothing").header("Host", &address.socket.to_string());
    let refused = address
        .request("GET", "/v1/session")
        .without("Authorization");
    let csp = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
               connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
               frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types ";
    for request in [
        page,
        missing,
        refused,
        address.request("GET", "/v1/session"),
    ] {
        let reply = request.send(address.socket).unwrap();
        let policy = reply.header("content-security-policy").unwrap();
        let renderer = policy
            .strip_prefix(csp)
            .unwrap_or_else(|| panic!("{policy}"));
        let one_name = !renderer.is_empty() && !renderer.contains([' ', ';', '*', '\'']);
        assert!(one_name, "one policy of Trusted Types: {renderer}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
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
        assert!(reply.header("server").is_none());
    }
    assert_eq!(
        address.get("/v1/session").header("cache-control"),
        Some("no-store")
    );
}

#[test]
fn large_bodies_are_refused_before_they_are_read() {
    let (_desk, bridge) = bridge();
    let body = vec![b' '; 300 * 1024];
    let request = bridge.address.request("POST", "/v1/wraps").body(body);
    // The connection may be closed while the body is still on its way.
    if let Ok(reply) = request.send(bridge.address.socket) {
        assert_eq!(reply.status, 413);
    }
    assert_eq!(
        bridge.address.get("/v1/session").status,
        200,
        "it still answers"
    );
}

#[test]
fn broken_requests_get_a_code_and_no_insides() {
    let (_desk, bridge) = bridge();
    for (path, body) in [
        ("/v1/wraps", "{"),
        ("/v1/wraps", "[]"),
        ("/v1/wraps", "{\"request_id\":1}"),
        ("/v1/keys", "{\"kind\":\"RSA-1024\",\"label\":\"x\"}"),
        (
            "/v1/keys",
            "{\"kind\":\"P-256\",\"label\":\"x\",\"extra\":1}",
        ),
        ("/v1/launch", "{\"code\":\"guess\"}"),
    ] {
        let reply = bridge
            .address
            .request("POST", path)
            .body(body)
            .send(bridge.address.socket);
        let reply = reply.unwrap();
        assert!(
            (400..500).contains(&reply.status),
            "{path} {body}: {}",
            reply.status
        );
        assert!(!reply.code().is_empty());
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        for inside in ["src/", ".rs", "panicked", "serde"] {
            assert!(!text.contains(inside), "{path} {body}: {text}");
        }
    }
    assert_eq!(bridge.address.get("/v1/nothing").status, 404);
}

/// The local addresses with a listener on `port`, as the kernel writes them.
fn listening(port: u16) -> Vec<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    let lines: String = tables.into_iter().flatten().collect();
    let own = format!(":{port:04X}");
    let of = lines.lines().filter_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, _, state) = (fields.next()?, fields.next()?, fields.next()?);
        (state == "0A").then_some(local.strip_suffix(&own)?.to_owned())
    });
    of.collect()
}

/// An address of this machine that is not loopback, if it has one; no packet is sent to find it.
fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip())
}
