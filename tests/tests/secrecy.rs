//! A PIN stays where it belongs: not in what is printed or logged, not in a file of the state
//! folder, not in what the system shows of a process. The same goes for a run's secret.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use keyferry_tests::bridge::Detached;
use keyferry_tests::{Answer, Desk, Kek, SoftHsm};
use serde_json::json;

#[test]
fn a_pin_is_in_no_output_no_log_and_no_file() {
    let token = SoftHsm::new("discreet");
    let file = format!("file:{}", token.pin_file().display());
    for source in ["env:TOKEN_PIN", &file] {
        let desk = Desk::soft_hsm_asking(&token)
            .flag("--pin-source")
            .flag(source)
            .variable("TOKEN_PIN", SoftHsm::PIN)
            .variable("KEYFERRY_LOG", "trace");
        let said = every_verb(&desk, source);
        assert!(!said.contains(SoftHsm::PIN), "{source}: {said}");
        assert_eq!(holders(desk.state(), SoftHsm::PIN), [""; 0], "{source}");
    }
}

#[test]
fn a_pin_is_taken_from_a_descriptor() {
    let token = SoftHsm::new("by descriptor");
    let desk = Desk::soft_hsm_asking(&token)
        .flag("--pin-source")
        .flag("fd:7");
    let script = "exec \"$0\" \"$@\" 7<\"$PIN_FILE\"";
    let mut command = desk.detached_by(&["sh", "-c", script], ["keys", "--json"]);
    let answer = Answer::new(command.env("PIN_FILE", token.pin_file()).output().unwrap());
    assert_eq!(answer.success()["keys"], json!([]));
}

#[test]
fn the_embedded_tokens_pin_is_random_and_its_owners_alone() {
    let pins = [0, 1].map(|_| {
        let desk = Desk::embedded()
            .flag("--software-token")
            .variable("KEYFERRY_LOG", "trace");
        let said = every_verb(&desk, "embedded");
        let file = desk.state().join("token/pin");
        let pin = fs::read_to_string(&file).unwrap();
        let pin = pin.trim_end().to_owned();
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o600);
        for folder in [
            desk.state().to_owned(),
            desk.state().join("token"),
            desk.state().join("audit"),
        ] {
            assert_eq!(
                fs::metadata(&folder).unwrap().mode() & 0o077,
                0,
                "{}",
                folder.display()
            );
        }
        assert!(!said.contains(&pin), "{said}");
        assert_eq!(holders(desk.state(), &pin), ["pin"]);
        pin
    });
    assert!(pins[0].len() >= 16 && pins[0] != pins[1]);
}

/// `ps`, `/proc` and a child's environment are readable by others than the one who typed the PIN.
#[test]
fn a_pin_shows_in_no_process() {
    let token = SoftHsm::new("watched");
    let desk = Desk::soft_hsm_asking(&token)
        .flag("--pin-source")
        .flag("env:TOKEN_PIN")
        .variable("TOKEN_PIN", SoftHsm::PIN);
    let bridge = Detached::start(&desk);
    let unlocked = bridge.address.post("/v1/unlock", &json!({})).json();
    assert_eq!(unlocked["unlocked"], true, "{unlocked}");
    let mut seen = 0;
    for process in fs::read_dir("/proc").unwrap() {
        let process = process.unwrap().path();
        let read = |name: &str| fs::read(process.join(name)).unwrap_or_default();
        let command = String::from_utf8_lossy(&read("cmdline")).into_owned();
        // Its own worker has no state folder in its arguments, but its parent's place in the tree.
        let of_this_bridge =
            command.contains(desk.state().to_str().unwrap()) || command.contains("hsm-worker");
        if of_this_bridge {
            seen += 1;
            let shown = command + &String::from_utf8_lossy(&read("environ"));
            assert!(
                !shown.contains(SoftHsm::PIN),
                "{}: {shown}",
                process.display()
            );
            assert!(
                !shown.contains(&bridge.address.secret),
                "{}",
                process.display()
            );
        }
    }
    assert!(seen >= 2, "bridge and worker are there: {seen}");
}

#[test]
fn a_runs_secret_is_in_no_log_and_no_file() {
    let desk = Desk::embedded().variable("KEYFERRY_LOG", "trace");
    let bridge = Detached::start(&desk);
    let secret = bridge.address.secret.clone();
    assert_eq!(bridge.address.get("/v1/session").status, 200);
    let wrong = bridge
        .address
        .request("GET", "/v1/keys")
        .header("Authorization", "Bearer no");
    assert_eq!(wrong.send(bridge.address.socket).unwrap().status, 401);
    let logged = bridge.stop();
    assert!(!logged.contains(&secret), "{logged}");
    assert_eq!(holders(desk.state(), &secret), [""; 0]);
}

/// Runs what has to do with a token, well and badly; everything that was said.
fn every_verb(desk: &Desk, label: &str) -> String {
    let out = desk.state().join("key.byok");
    let (kek, small) = (Kek::shared(2048).az_json(), Kek::shared(1024).az_json());
    let wrap = |kek: &Path, key: &str| {
        [
            "wrap",
            "--yes",
            "--force",
            "--key",
            key,
            "--kek",
            kek.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let keygen = ["keygen", "--kind", "P-256", "--label", label]
        .map(str::to_owned)
        .to_vec();
    let cases = [
        (vec!["keys".to_owned()], 0),
        (keygen.clone(), 0),
        (keygen, 1),
        (wrap(&kek, label), 0),
        (wrap(&kek, "nobody"), 1),
        (wrap(&small, label), 1),
    ];
    let mut said = String::new();
    for (arguments, code) in cases {
        let mut command = desk.detached(arguments.clone());
        if code == 0 && arguments[0] != "keygen" {
            said += &Answer::new(command.arg("--json").output().unwrap()).all();
        }
        let answer = desk.run(arguments.clone());
        assert_eq!(answer.code, Some(code), "{arguments:?}: {}", answer.all());
        said += &answer.all();
    }
    fs::remove_file(&out).unwrap();
    said
}

/// The names of the files below `folder` that hold `secret`.
fn holders(folder: &Path, secret: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holders(&path, secret));
        } else {
            let content = fs::read(&path).unwrap();
            if content
                .windows(secret.len())
                .any(|window| window == secret.as_bytes())
            {
                found.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found
}
