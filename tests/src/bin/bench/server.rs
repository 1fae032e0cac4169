//! A running `keyferry serve` on a token of the benchmark, unlocked, its wraps approved by a policy.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use keyferry_tests::bridge::Address;
use serde_json::{Value, json};

use super::token::BenchToken;

/// A bridge; ended with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: Address,
}

impl Server {
    pub(crate) fn start(token: &BenchToken, flags: &[&str]) -> Self {
        // A place to ask at, without which the bridge starts locked. Nothing is asked while numbers are taken.
        std::fs::write(
            token.state().join("config.toml"),
            "pinentry = \"/usr/bin/true\"\n",
        )
        .unwrap();
        let mut command = token.keyferry(&["serve", "--json", "--offline"]);
        let mut child = command
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let address = loop {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "no address");
            let told: Value = serde_json::from_str(&line).unwrap();
            if let Some(address) = told["url"].as_str().and_then(Address::find) {
                break address;
            }
        };
        let unlocked = address.post("/v1/unlock", &json!({}));
        assert_eq!(
            unlocked.status,
            200,
            "{}",
            String::from_utf8_lossy(&unlocked.body)
        );
        Self { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
