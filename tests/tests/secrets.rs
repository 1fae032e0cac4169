//! No PIN and no disposable key is left anywhere that the bridge has a hand in, once the token is locked: looked for in
//! the memory of the running program as root can, in its log at its loudest, in the record, in every file of the state
//! folder, and in all that went over HTTP. `KEYFERRY_BIN=…/release/keyferry` has the release binary looked into.
//!
//! Each search is shown to find what is there: the run's secret, which the bridge holds as long as it runs, and the PIN
//! while it is held. The worker's memory is the vendor's library's as well: where that wipes what it had, the worker is
//! judged too, elsewhere what is found there is told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

use std::fs;
use std::path::Path;
use std::thread;

use keyferry_tests::bridge::{Address, on_terminal};
use keyferry_tests::http::Reply;
use keyferry_tests::memory::{self, Needle};
use keyferry_tests::private_key_info::PrivateKeyInfo;
use keyferry_tests::{Desk, Kek, Order, Simulated, SoftHsm, Terminal, processes};
use serde_json::{Value, json};

const LABEL: &str = "travels meanwhile";

/// A bridge on a terminal, and everything that was said to it and by it over HTTP.
struct Run {
    terminal: Terminal,
    address: Address,
    bridge: u32,
    traffic: Vec<u8>,
}

impl Run {
    fn start(desk: &Desk) -> Self {
        let (terminal, address) = on_terminal(desk);
        Self {
            terminal,
            address,
            bridge: processes::bridge(desk.state()).unwrap(),
            traffic: Vec::new(),
        }
    }

    /// Posts, and answers each question that comes of it at the terminal.
    fn post(&mut self, path: &str, body: &Value, questions: &[(&str, &str)]) -> Reply {
        let address = self.address.clone();
        let reply = thread::scope(|scope| {
            let reply = scope.spawn(|| address.post(path, body));
            for (question, answer) in questions {
                self.terminal.expect(question);
                self.terminal.type_line(answer);
            }
            reply.join().unwrap()
        });
        self.traffic.extend(body.to_string().into_bytes());
        for (name, value) in &reply.headers {
            self.traffic
                .extend(format!("{name}: {value}\n").into_bytes());
        }
        self.traffic.extend(&reply.body);
        reply
    }

    fn wrap(&mut self) {
        let order = Order::new(Kek::shared(2048), LABEL);
        let question = [("Wrap this key to this KEK? [y/N] ", "y")];
        let reply = self.post("/v1/wraps", &order.body, &question);
        let _ = order.done(&reply);
    }

    fn lock(&mut self) {
        let locked = self.post("/v1/lock", &json!({}), &[]);
        let said = String::from_utf8_lossy(&locked.body).into_owned();
        assert_eq!(locked.status, 200, "{said}");
        let session = self.address.get("/v1/session").json();
        assert_eq!(session["unlocked"], false, "{session}");
    }

    fn in_workers(&self, needles: &[Needle]) -> Vec<String> {
        let workers = processes::workers(self.bridge);
        assert!(!workers.is_empty());
        let found = workers.into_iter().map(|pid| memory::search(pid, needles));
        found.flatten().collect()
    }

    fn in_bridge(&self, needles: &[Needle]) -> Vec<String> {
        memory::search(self.bridge, needles)
    }

    /// Looks everywhere but in the worker for what must be nowhere.
    fn clean(mut self, desk: &Desk, needles: &[Needle]) {
        // Something to log, since nothing else is worth a line.
        let wrong = self
            .address
            .request("GET", "/v1/keys")
            .without("Authorization");
        assert_eq!(wrong.send(self.address.socket).unwrap().status, 401);
        // The search finds what is there.
        let secret = [Needle::text("the run's secret", &self.address.secret)];
        assert_ne!(self.in_bridge(&secret), [""; 0]);
        assert_eq!(self.in_bridge(needles), [""; 0], "in the bridge's memory");
        let found = |hay: &[u8]| {
            let all = needles.iter().flat_map(|needle| needle.found_in(hay));
            all.collect::<Vec<_>>()
        };
        assert_eq!(found(&self.traffic), [""; 0], "over HTTP");
        self.terminal.interrupt();
        let (shown, _) = self.terminal.end();
        assert!(shown.contains("refused a request"), "it logs: {shown}");
        assert_eq!(found(shown.as_bytes()), [""; 0], "in the log");
        assert!(desk.state().join("audit/log.jsonl").exists());
        for (name, content) in files(desk.state()) {
            assert_eq!(found(&content), [""; 0], "in {name}");
        }
    }
}

#[test]
fn the_pin_is_held_while_unlocked_and_nowhere_after_the_lock() {
    let token = SoftHsm::new("held and locked");
    let by_file = Desk::soft_hsm(&token);
    let keygen = ["keygen", "--kind", "P-256", "--label", LABEL];
    let _ = by_file.json(keygen).success();
    let desk = Desk::soft_hsm_asking(&token).variable("KEYFERRY_LOG", "trace");
    let mut run = Run::start(&desk);
    let pin = [Needle::text("the PIN", SoftHsm::PIN)];

    let prompt = format!("PIN of the token {}: ", token.label);
    let unlocked = run.post("/v1/unlock", &json!({}), &[(&prompt, SoftHsm::PIN)]);
    assert_eq!(unlocked.json()["unlocked"], true);
    run.wrap();
    // For a worker that has to be started anew: in one place, whose bytes are wiped.
    let held = run.in_bridge(&pin);
    println!("in the bridge, while unlocked: {held:?}");
    assert_eq!(held.len(), 1, "{held:?}");
    run.lock();
    // SoftHSM wipes what it had of it: the rest of the worker is ours.
    assert_eq!(run.in_workers(&pin), [""; 0], "in the worker");
    run.clean(&desk, &pin);
}

#[test]
fn a_pin_that_is_not_to_be_held_is_gone_once_the_token_has_it() {
    let token = SoftHsm::new("forgotten");
    let by_file = Desk::soft_hsm(&token);
    let keygen = ["keygen", "--kind", "P-256", "--label", LABEL];
    let _ = by_file.json(keygen).success();
    let desk = Desk::soft_hsm_asking(&token)
        .flag("--forget-pin")
        .variable("KEYFERRY_LOG", "trace");
    let mut run = Run::start(&desk);
    let prompt = format!("PIN of the token {}: ", token.label);
    let unlocked = run.post("/v1/unlock", &json!({}), &[(&prompt, SoftHsm::PIN)]);
    assert_eq!(unlocked.json()["unlocked"], true);
    run.wrap();
    let pin = [Needle::text("the PIN", SoftHsm::PIN)];
    assert_eq!(run.in_workers(&pin), [""; 0], "in the worker");
    run.clean(&desk, &pin);
}

/// The simulated module tells what the self-test's disposable keys are, and the target as well.
#[test]
fn no_byte_of_a_disposable_key_leaves_the_worker() {
    let token = Simulated::named("one-shot");
    let keygen = ["keygen", "--kind", "P-256", "--label", LABEL];
    let _ = token.desk().json(keygen).success();
    let revealed = token.folder().join("revealed");
    let desk = token
        .desk()
        .flag("--module-env=KEYFERRY_SIMULATED_REVEALED")
        .variable("KEYFERRY_SIMULATED_REVEALED", &revealed)
        .variable("KEYFERRY_LOG", "trace");
    let mut run = Run::start(&desk);
    run.wrap();
    let keys = fs::read_to_string(&revealed).unwrap();
    let keys: Vec<Vec<u8>> = keys.lines().map(bytes).collect();
    println!("{} keys, the target is the last", keys.len());
    assert!(
        keys.len() >= 4,
        "three kinds and the target: {}",
        keys.len()
    );
    let needles: Vec<Needle> = keys
        .iter()
        .map(|key| Needle::bytes("a key", secret_part(key)))
        .collect();
    println!("in the worker: {:?}", run.in_workers(&needles));
    run.clean(&desk, &needles);
}

/// What nobody may know of a key: the last 32 bytes of what only its owner has.
fn secret_part(key: &[u8]) -> &[u8] {
    if PrivateKeyInfo::parse(key).is_err() {
        return key;
    }
    // Of a P-256 key the private number, which stands behind its version; of an RSA key the end, its coefficient.
    let number = [0x02, 0x01, 0x01, 0x04, 0x20];
    let at = key.windows(5).position(|window| window == number);
    at.map_or(&key[key.len() - 32..], |at| &key[at + 5..at + 37])
}

fn bytes(digits: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(pair).collect()
}

/// Every file below `folder`, with its content.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found
}
