//! A bridge on a simulated token, where wraps go unasked, and what came of each.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use base64ct::{Base64, Encoding as _};
use keyferry_tests::bridge::Detached;
use keyferry_tests::private_key_info::PrivateKeyInfo;
use keyferry_tests::{Desk, Kek, Order, Simulated, audit_chain, opener, order, processes, tool};
use serde_json::Value;

/// The label of the key.
pub(crate) const LABEL: &str = "the real key";

/// Leaves out the question for every key.
const POLICY: &str = "[[rule]]\nname = \"unasked\"\nwithout_asking = true\n";

/// Whether the full counts are wanted.
pub(crate) fn is_full() -> bool {
    std::env::var_os("KEYFERRY_FAULTS").is_some_and(|value| value == "full")
}

/// A token, and a user whose wraps go unasked.
pub(crate) struct Stage {
    pub(crate) token: Simulated,
    pub(crate) desk: Desk,
    /// The public half of the key.
    spki: Vec<u8>,
}

impl Stage {
    /// Plays `rules`; the bridge's settings file is `settings`.
    pub(crate) fn playing(rules: &str, settings: &str) -> Self {
        let token = Simulated::playing(&format!("title = \"x\"\nrecord = \"calls\"\n{rules}\n"));
        let keygen = ["keygen", "--kind", "P-256", "--label", LABEL];
        let _ = token.real().json(keygen).success();
        let keys = token.real().json(["keys"]).success();
        let spki = Base64::decode_vec(keys["keys"][0]["spki"].as_str().unwrap()).unwrap();
        let policy = token.folder().join("policy.toml");
        std::fs::write(&policy, POLICY).unwrap();
        let desk = token.desk().flag("--policy").flag(&policy);
        std::fs::create_dir_all(desk.state()).unwrap();
        std::fs::write(desk.state().join("config.toml"), settings).unwrap();
        Self { token, desk, spki }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.token.folder().join(name)
    }

    pub(crate) fn serve(&self) -> Served<'_> {
        Served {
            bridge: Detached::start(&self.desk),
            stage: self,
            tally: Tally::default(),
        }
    }

    /// Opens a file with the KEK's private key, and compares the key with the token's.
    pub(crate) fn check(&self, file: &[u8]) {
        let kek = kek();
        let opened = opener::open(file, &kek.private_pem(), kek.bytes()).unwrap();
        let info = PrivateKeyInfo::parse(&opened.plaintext).unwrap();
        assert_eq!(info.public_half().unwrap(), self.spki);
    }
}

pub(crate) fn kek() -> &'static Kek {
    Kek::shared(2048)
}

/// How requests ended.
#[derive(Default)]
pub(crate) struct Tally(pub(crate) BTreeMap<String, usize>);

impl Tally {
    pub(crate) fn count(&mut self, outcome: &str) {
        *self.0.entry(outcome.to_owned()).or_default() += 1;
    }

    /// One line of the table.
    pub(crate) fn tell(&self, what: &str) {
        let outcomes: Vec<String> = self
            .0
            .iter()
            .map(|(code, n)| format!("{code} {n}"))
            .collect();
        tool::tell(&format!("faults | {what} | {}", outcomes.join(", ")));
    }
}

/// A bridge that serves.
pub(crate) struct Served<'stage> {
    pub(crate) bridge: Detached,
    pub(crate) stage: &'stage Stage,
    pub(crate) tally: Tally,
}

impl Served<'_> {
    /// One wrap: `right` for a file that opens to the key, else the error's code, which came with advice.
    pub(crate) fn wrap(&mut self) -> String {
        static DOCUMENT: OnceLock<Value> = OnceLock::new();
        let order = Order::new(kek(), LABEL);
        let body = DOCUMENT.get_or_init(|| order.body.clone());
        let reply = self.bridge.address.post("/v1/wraps", body);
        let last = if reply.status == 200 {
            reply.lines().pop().unwrap()
        } else {
            reply.json()
        };
        let outcome = if last["event"] == "done" {
            self.stage.check(&order::file(&last["answer"]));
            "right".to_owned()
        } else {
            for member in ["message", "advice"] {
                let text = last["error"][member].as_str().unwrap_or_default();
                assert!(text.len() > 10, "{member}: {last}");
            }
            last["error"]["code"].as_str().unwrap().to_owned()
        };
        self.tally.count(&outcome);
        outcome
    }

    /// Wraps until it comes out right, and gives the errors on the way there.
    pub(crate) fn wrap_until_right(&mut self, tries: usize) -> Vec<String> {
        let mut errors = Vec::new();
        for _ in 0..tries {
            match self.wrap().as_str() {
                "right" => return errors,
                error => errors.push(error.to_owned()),
            }
        }
        panic!("the bridge serves no longer: {errors:?}");
    }

    /// The bridge's process.
    pub(crate) fn pid(&self) -> u32 {
        processes::wait_for("the bridge", || processes::bridge(self.stage.desk.state()))
    }

    /// Whether the token is unlocked, as the page sees it.
    pub(crate) fn is_unlocked(&self) -> bool {
        self.bridge.address.get("/v1/session").json()["unlocked"] == true
    }

    /// The record, which has to hold.
    pub(crate) fn record(&self) -> Vec<Value> {
        audit_chain::read(self.stage.desk.state()).unwrap()
    }
}
