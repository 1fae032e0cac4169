//! What a wrap costs in the worker, against the bare C_ calls of the same strategy on the same token.

use std::path::{Path, PathBuf};
use std::process::Command;

use keyferry::hsm::Module;
use keyferry_tests::{Desk, Simulated, SoftHsm, tool};
use serde_json::{Value, json};

use super::bare::Bare;
use super::figure::{Figure, median, rounds};
use super::worker;

/// Wraps of each side.
const RUNS: usize = 1000;
/// Wraps before those, of each side.
const WARM_UP: usize = 50;
/// The key on each token.
const LABEL: &str = "target";
/// The most that the worker may take, in times of the bare calls.
const LIMIT: f64 = 1.1;

pub(crate) fn figures() -> Vec<Figure> {
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
    tokens.iter().flat_map(Token::figures).collect()
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

    fn figures(&self) -> [Figure; 3] {
        let keygen = ["keygen", "--kind", "P-256", "--label", LABEL];
        let _ = self.desk.json(keygen).success();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .arg("wrap-on")
            .arg(&self.library)
            .arg(&self.pin_file);
        command.arg(self.key_wrap).envs(self.variables.clone());
        let took = tool::run(&mut command, b"").unwrap();
        let took: Value = serde_json::from_slice(&took).unwrap();
        let (worker, bare) = (
            took["worker"].as_f64().unwrap(),
            took["bare"].as_f64().unwrap(),
        );
        let how = format!("median of {RUNS} wraps of a P-256 key, in turn with the other side's");
        let of = "of the two, from the same run on the same token";
        let what = |side: &str| format!("wrap, {}, {side}", self.name);
        [
            Figure::new(what("worker"), worker, "µs", &how),
            Figure::new(what("bare calls"), bare, "µs", &how),
            Figure::new(what("ratio"), worker / bare, "×", of).at_most(LIMIT),
        ]
    }
}

/// The medians in microseconds.
pub(crate) fn measure(library: &Path, pin_file: &Path, key_wrap: &str) -> Value {
    let modulus = worker::modulus();
    let module = Module::Library {
        path: library.to_owned(),
        args: None,
    };
    let pin = std::fs::read(pin_file).unwrap().trim_ascii_end().to_vec();
    let mut worker = worker::open(module, Some(pin));
    worker.self_test();
    let hexadecimal = tool::hex(&modulus);
    let verb = ["wrap", LABEL, key_wrap, &hexadecimal];
    let mut bare = Bare::start(library, pin_file, &[], &verb);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for run in 0..WARM_UP.min(rounds(RUNS)) + rounds(RUNS) {
        let (one, other) = (worker.wrap(LABEL, &modulus), bare.seconds(""));
        if run >= WARM_UP.min(rounds(RUNS)) {
            ours.push(one * 1e6);
            theirs.push(other * 1e6);
        }
    }
    json!({"worker": median(&ours), "bare": median(&theirs)})
}
