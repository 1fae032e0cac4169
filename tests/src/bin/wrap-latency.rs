//! What a wrap costs in the worker, against the bare C_ calls of the same strategy on the same token:
//! alternating, in the same run. Prints the numbers as one JSON array, for `make bench`.
//!
//! Without an argument it makes the tokens and starts itself once for each, as `wrap-latency LIBRARY
//! PIN-FILE KEY-WRAP`: a module reads its variables from the environment of its process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use keyferry::hsm::{
    DisposableObjects, FinalTry, LoginRequest, Module, OpenRequest, Port, Request, Response,
    StrategyDemand, TokenChoice, WrapRequest, port_of_this_process,
};
use keyferry::pin::Pin;
use keyferry_core::KeySelector;
use keyferry_tests::{Desk, Simulated, SoftHsm, desk, tool};
use serde_json::{Value, json};

/// Wraps of each side.
const RUNS: usize = 1000;
/// Wraps before those, of each side.
const WARM_UP: usize = 50;
/// The key on each token.
const LABEL: &str = "target";
/// The least that has to be met.
const LIMIT: f64 = 1.1;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => println!("{}", Value::Array(all())),
        [library, pin_file, key_wrap] => {
            let took = measure(Path::new(library), Path::new(pin_file), key_wrap);
            println!("{took}");
        }
        _ => panic!("no argument, or LIBRARY PIN-FILE KEY-WRAP"),
    }
}

fn all() -> Vec<Value> {
    let two_step = Simulated::playing("title = \"the embedded token as it is\"");
    let one_shot = Simulated::named("one-shot");
    let soft_hsm = SoftHsm::new("bench");
    let tokens = [
        Token::simulated("embedded, oaep+kwp", &two_step, "210b"),
        Token::simulated("simulated, rsa-aes-key-wrap", &one_shot, "1054"),
        Token {
            name: "SoftHSM, oaep+aes-wrap-pad",
            desk: Desk::soft_hsm(&soft_hsm),
            library: SoftHsm::module().to_owned(),
            pin_file: soft_hsm.pin_file(),
            variables: vec![("SOFTHSM2_CONF", soft_hsm.configuration())],
            key_wrap: "210a",
        },
    ];
    tokens.iter().flat_map(Token::numbers).collect()
}

/// A token to be measured.
struct Token {
    name: &'static str,
    desk: Desk,
    library: PathBuf,
    pin_file: PathBuf,
    variables: Vec<(&'static str, PathBuf)>,
    key_wrap: &'static str,
}

impl Token {
    fn simulated(name: &'static str, token: &Simulated, key_wrap: &'static str) -> Self {
        Self {
            name,
            desk: token.desk(),
            library: Simulated::module(),
            pin_file: token.pin_file(),
            variables: token.variables(),
            key_wrap,
        }
    }

    fn numbers(&self) -> [Value; 3] {
        let keygen = ["keygen", "--kind", "P-256", "--label", LABEL];
        let _ = self.desk.json(keygen).success();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(&self.library).arg(&self.pin_file);
        command.arg(self.key_wrap).envs(self.variables.clone());
        let took = tool::run(&mut command, b"").unwrap();
        let took: Value = serde_json::from_slice(&took).unwrap();
        let (worker, bare) = (took["worker"].as_f64(), took["bare"].as_f64());
        let how = format!("median of {RUNS} wraps of a P-256 key, in turn with the other side's");
        let number = |what: &str, value: f64, unit: &str, limit: Value, how: &str| {
            json!({
                "what": format!("wrap, {}, {what}", self.name),
                "value": value, "unit": unit, "limit": limit, "how": how,
            })
        };
        let ratio = took["ratio"].as_f64().unwrap();
        let of = "of the two, from the same run on the same token";
        [
            number("worker", worker.unwrap(), "µs", Value::Null, &how),
            number("bare calls", bare.unwrap(), "µs", Value::Null, &how),
            number("ratio", ratio, "×", json!(LIMIT), of),
        ]
    }
}

/// The medians in microseconds, and their ratio.
fn measure(library: &Path, pin_file: &Path, key_wrap: &str) -> Value {
    // A modulus of the right form that nobody holds: its blobs are thrown away.
    let mut modulus = vec![0xB5; 256];
    *modulus.last_mut().unwrap() = 0x37;
    let mut worker = Worker::open(library, pin_file, &modulus);
    let mut bare = Bare::start(library, pin_file, key_wrap, &modulus);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for run in 0..WARM_UP + RUNS {
        let (one, other) = (worker.wrap(), bare.wrap());
        if run >= WARM_UP {
            ours.push(one);
            theirs.push(other);
        }
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let rounded = |value: f64| (value * 100.0).round() / 100.0;
    json!({"worker": rounded(ours), "bare": rounded(theirs), "ratio": rounded(ours / theirs)})
}

/// The worker's side: its requests, answered in this process.
struct Worker<P> {
    port: P,
    modulus: Vec<u8>,
}

impl Worker<()> {
    fn open(library: &Path, pin_file: &Path, modulus: &[u8]) -> Worker<impl Port> {
        let mut port = port_of_this_process();
        let module = Module::Library {
            path: library.to_owned(),
            args: None,
        };
        let open = OpenRequest {
            module,
            token: TokenChoice::Only,
        };
        let _ = port.answer(Request::Open(open), None).unwrap();
        let login = LoginRequest {
            pin_follows: true,
            final_try: FinalTry::Refuse,
        };
        let pin = Pin::new(std::fs::read(pin_file).unwrap().trim_ascii_end().to_vec());
        let _ = port.answer(Request::Login(login), Some(pin)).unwrap();
        let self_test = Request::SelfTest(DisposableObjects::Session);
        let _ = port.answer(self_test, None).unwrap();
        Worker {
            port,
            modulus: modulus.to_vec(),
        }
    }
}

impl<P: Port> Worker<P> {
    /// One wrap, in microseconds.
    fn wrap(&mut self) -> f64 {
        let request = Request::Wrap(WrapRequest {
            key: KeySelector {
                label: Some(LABEL.to_owned()),
                id: None,
            },
            kek_modulus: self.modulus.clone(),
            kek_exponent: vec![1, 0, 1],
            strategy: StrategyDemand::Proven,
        });
        let begun = Instant::now();
        let response = self.port.answer(request, None);
        let took = begun.elapsed();
        assert!(matches!(response, Ok(Response::Wrapped(_))), "{response:?}");
        took.as_secs_f64() * 1e6
    }
}

/// The bare calls' side: `bare-wrap`, a process of its own.
struct Bare {
    child: std::process::Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Bare {
    fn start(library: &Path, pin_file: &Path, key_wrap: &str, modulus: &[u8]) -> Self {
        let mut child = Command::new(desk::built("bare-wrap"))
            .arg(library)
            .arg(pin_file)
            .args([LABEL, key_wrap, &tool::hex(modulus)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// One wrap, in microseconds.
    fn wrap(&mut self) -> f64 {
        let asked = self.child.stdin.as_mut().unwrap();
        asked.write_all(b"\n").unwrap();
        let nanoseconds: f64 = self.lines.next().unwrap().unwrap().parse().unwrap();
        nanoseconds / 1e3
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap()
}
