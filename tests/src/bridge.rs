//! A running `keyferry serve`, on a terminal or without one.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::http::{Reply, Request};
use crate::{Desk, Terminal};

/// How the address of the page begins on the start line.
const PREFIX: &str = "http://127.0.0.1:";
const FRAGMENT: &str = "/#token=";

/// Where a bridge listens, and this run's secret.
#[derive(Clone)]
pub struct Address {
    /// The socket.
    pub socket: SocketAddr,
    /// The secret of the fragment.
    pub secret: String,
}

impl Address {
    /// Finds `http://127.0.0.1:PORT/#token=SECRET` in a line.
    #[must_use]
    pub fn find(line: &str) -> Option<Self> {
        let (port, rest) = line.split_once(PREFIX)?.1.split_once(FRAGMENT)?;
        let kept = |sign: &char| sign.is_ascii_alphanumeric() || "-_".contains(*sign);
        let secret: String = rest.chars().take_while(kept).collect();
        Some(Self {
            socket: ([127, 0, 0, 1], port.parse().ok()?).into(),
            secret,
        })
    }

    /// The origin of the page.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.socket)
    }

    /// A request as the page itself would send it.
    #[must_use]
    pub fn request(&self, method: &str, path: &str) -> Request {
        let request = Request::new(method, path)
            .header("Host", &self.socket.to_string())
            .header("Authorization", &format!("Bearer {}", self.secret));
        if method == "POST" {
            let request = request.header("Origin", &self.origin());
            request
                .header("Content-Type", "application/json")
                .body("{}")
        } else {
            request
        }
    }

    /// Sends what the page would send.
    #[must_use]
    pub fn get(&self, path: &str) -> Reply {
        self.request("GET", path).send(self.socket).unwrap()
    }

    /// Sends what the page would send.
    #[must_use]
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.request("POST", path)
            .body(body.to_string())
            .send(self.socket)
            .unwrap()
    }
}

/// A bridge without a terminal; ended with this value.
pub struct Detached {
    child: Child,
    /// Where it listens.
    pub address: Address,
    /// The lines of standard output up to the address.
    pub start: String,
}

impl Detached {
    /// Starts `serve` and waits for its address.
    #[must_use]
    pub fn start(desk: &Desk) -> Self {
        Self::start_by(desk, &[])
    }

    /// The same, started by another command (`setpriv …`, `sh -c …`), which has to become it.
    #[must_use]
    pub fn start_by(desk: &Desk, starter: &[&str]) -> Self {
        let mut command = desk.detached_by(starter, ["serve"]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut start = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let address = loop {
            let from = start.len();
            if lines.read_line(&mut start).unwrap() == 0 {
                let output = child.wait_with_output().unwrap();
                panic!(
                    "no address: {start}\n{}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
            let line = &start[from..];
            // Another user's bridge takes this pipe for no private place.
            let kept = line
                .split_once("the whole address is in ")
                .map(|(_, path)| std::fs::read_to_string(path.trim_end()).unwrap());
            if let Some(address) = Address::find(kept.as_deref().unwrap_or(line)) {
                break address;
            }
        };
        Self {
            child,
            address,
            start,
        }
    }

    /// The bridge's process: `setsid` became it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it, and gives what it wrote to standard error.
    #[must_use]
    pub fn stop(mut self) -> String {
        self.child.kill().unwrap();
        let mut errors = String::new();
        let mut pipe = self.child.stderr.take().unwrap();
        std::io::Read::read_to_string(&mut pipe, &mut errors).unwrap();
        errors
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts `serve` on a terminal, and waits for its address.
#[must_use]
pub fn on_terminal(desk: &Desk) -> (Terminal, Address) {
    let mut terminal = Terminal::start(desk, ["serve"]);
    terminal.expect(PREFIX);
    let port = terminal.expect(FRAGMENT);
    let secret = terminal.expect("\n");
    let address = Address::find(&format!("{PREFIX}{port}{FRAGMENT}{secret}")).unwrap();
    (terminal, address)
}
