//! What makes no connection: shown by the system calls of every process of a run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use keyferry_tests::Desk;
use keyferry_tests::bridge::Address;
use keyferry_tests::practice_vault::PracticeVault;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::json;
use tempfile::TempDir;

/// Calls that begin a connection, or send without one, to an address of the Internet's families.
fn outward(trace: &Path) -> Vec<String> {
    let text = fs::read_to_string(trace).unwrap();
    assert!(text.contains("execve("), "the trace is of a run: {text}");
    let is_outward = |line: &&str| {
        let sends = ["connect(", "sendto(", "sendmsg("];
        sends.iter().any(|call| line.contains(call))
            && (line.contains("AF_INET") || line.contains("AF_INET6"))
    };
    text.lines().filter(is_outward).map(str::to_owned).collect()
}

/// The program and all that it starts under `strace`, into a file.
fn traced(trace: &Path) -> [String; 7] {
    let file = trace.to_str().unwrap();
    let calls = "trace=execve,connect,sendto,sendmsg";
    ["strace", "-f", "-q", "-o", file, "-e", calls].map(str::to_owned)
}

/// A bridge under `strace`.
fn serve(desk: &Desk, trace: &Path, more: &[&str]) -> (Child, Address) {
    let starter = traced(trace);
    let starter: Vec<&str> = starter.iter().map(String::as_str).collect();
    let mut child = desk
        .detached_by(&starter, [&["serve"], more].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines
        .find_map(|line| Address::find(&line.unwrap()))
        .expect("the address of the page");
    // The rest of its words goes nowhere, and holds nobody up.
    std::thread::spawn(move || lines.for_each(drop));
    (child, address)
}

/// Every request that a page can make about vaults.
fn ask_for_vaults(address: &Address) -> Vec<u16> {
    let vault = "https://contoso.vault.azure.net";
    let kid = format!("{vault}/keys/KEK/{}", "0".repeat(32));
    [
        ("/v1/vault/keys", json!({ "vault": vault })),
        ("/v1/vault/kek", json!({ "kid": kid })),
        (
            "/v1/vault/keks",
            json!({ "vault": vault, "name": "KEK", "bits": 2048 }),
        ),
        (
            "/v1/vault/retirements",
            json!({ "kid": kid, "how": "disable" }),
        ),
    ]
    .iter()
    .map(|(path, body)| address.post(path, body).status)
    .collect()
}

#[test]
fn a_bridge_that_is_offline_connects_to_nothing_whatever_the_page_asks() {
    let desk = Desk::embedded().flag("--pin-source").flag("protected");
    let folder = TempDir::new().unwrap();
    let trace = folder.path().join("trace");
    let (mut child, address) = serve(&desk, &trace, &["--offline"]);
    assert_eq!(address.get("/v1/session").status, 200);
    assert_eq!(address.get("/v1/keys").status, 200);
    assert_eq!(ask_for_vaults(&address), [403; 4]);
    // The whole session: strace, the bridge and its worker.
    let group = Pid::from_child(&child);
    kill_process_group(group, Signal::TERM).unwrap();
    child.wait().unwrap();
    assert_eq!(outward(&trace), Vec::<String>::new());
}

#[test]
fn no_verb_that_carries_files_by_hand_connects_to_anything() {
    let (desk, folder) = (
        Desk::embedded().flag("--software-token"),
        TempDir::new().unwrap(),
    );
    let kek = keyferry_tests::Kek::shared(2048).az_json();
    let file = folder.path().join("a.byok");
    let (kek, file) = (kek.to_str().unwrap(), file.to_str().unwrap());
    for (count, arguments) in [
        &["keygen", "--kind", "P-256", "--label", "travels"][..],
        &["keys"],
        &["kek", kek],
        &[
            "wrap", "--key", "travels", "--kek", kek, "--yes", "--out", file,
        ],
        &["inspect", file],
    ]
    .iter()
    .enumerate()
    {
        let trace = folder.path().join(format!("trace-{count}"));
        let starter = traced(&trace);
        let starter: Vec<&str> = starter.iter().map(String::as_str).collect();
        let done = desk.detached_by(&starter, *arguments).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        assert_eq!(outward(&trace), Vec::<String>::new(), "{arguments:?}");
    }
}

/// What shows that the other tests of this file can fail.
#[test]
fn a_verb_that_asks_a_vault_is_seen_to_connect() {
    let (desk, folder) = (Desk::embedded(), TempDir::new().unwrap());
    let vault = PracticeVault::start(&desk, &[]);
    let trace = folder.path().join("trace");
    let url = format!("https://{}", vault.authority());
    let starter = traced(&trace);
    let starter: Vec<&str> = starter.iter().map(String::as_str).collect();
    let list = ["vault", "kek", "list", "--vault", &url];
    let done = desk.detached_by(&starter, list).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    assert!(!outward(&trace).is_empty());
}
