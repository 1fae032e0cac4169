//! `vault practice`: a practice vault for other programs, and what it leaves behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::os::unix::fs::PermissionsExt as _;

use keyferry_tests::Desk;
use keyferry_tests::practice_vault::PracticeVault;

/// Files in `STATE/practice`, by name.
fn files(desk: &Desk) -> Vec<String> {
    let entries = std::fs::read_dir(desk.state().join("practice")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn another_program_that_is_given_its_ca_reaches_it_and_is_told_that_it_is_practice() {
    let desk = Desk::embedded();
    let vault = PracticeVault::start(&desk, &[]);
    assert_eq!(vault.start["practice"], true);
    assert_eq!(vault.start["service"], "vault");
    let answer = vault.get("/keys").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("\r\nx-keyferry-practice: practice vault: "),
        "{answer}"
    );
    assert!(
        answer.ends_with("{\"nextLink\":null,\"value\":[]}"),
        "{answer}"
    );
}

#[test]
fn its_files_are_the_users_alone_and_gone_when_it_ends() {
    let desk = Desk::embedded();
    let vault = PracticeVault::start(&desk, &["--managed-hsm"]);
    assert_eq!(vault.start["service"], "managed-hsm");
    assert_eq!(files(&desk), ["ca.pem", "vault.json", "vault.lock"]);
    let folder = desk.state().join("practice");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in files(&desk) {
        assert_eq!(mode(&folder.join(&name)), 0o600, "{name}");
    }
    assert_eq!(vault.interrupt(), Some(0));
    assert_eq!(files(&desk), ["vault.lock"]);
}

#[test]
fn a_second_one_is_refused_and_a_killed_ones_files_stand_in_nobodys_way() {
    let desk = Desk::embedded();
    let vault = PracticeVault::start(&desk, &[]);
    let answer = desk.json(["vault", "practice"]);
    assert_eq!(answer.refusal(1), "practice-running");
    // The one that runs was not disturbed.
    vault.get("/keys").unwrap();
    let killed = vault.start["url"].clone();
    vault.kill();
    assert!(files(&desk).contains(&"vault.json".to_owned()));
    let next = PracticeVault::start(&desk, &[]);
    assert_ne!(next.start["url"], killed);
    next.get("/keys").unwrap();
}

#[test]
fn faults_are_named_at_the_start_and_strike() {
    let desk = Desk::embedded();
    let vault = PracticeVault::start(&desk, &["--fault", "429@list,403-firewall@get"]);
    assert_eq!(vault.start["faults"], "429,403-firewall");
    let throttled = vault.get("/keys").unwrap();
    assert!(throttled.starts_with("HTTP/1.1 429 "), "{throttled}");
    assert!(throttled.contains("\r\nretry-after: 1\r\n"), "{throttled}");
    assert!(vault.get("/keys").unwrap().starts_with("HTTP/1.1 200 "));
    assert!(
        vault
            .get("/keys/k")
            .unwrap()
            .contains("ForbiddenByFirewall")
    );
}
