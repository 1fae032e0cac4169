//! `keyferry batch` against the bare calls and against a script that calls `openssl`; how its cost grows with the
//! number of keys, and along the other axes.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr as _;
use std::thread;
use std::time::Instant;

use keyferry::hsm::Module;
use keyferry_tests::{Kek, tool};
use serde_json::Value;

use super::figure::{Figure, median, rounds, slope};
use super::memory::{self, Peak};
use super::policy;
use super::token::{BenchToken, Kind, Place, clear_keys, folder, label, run_folder};

/// Keys of the comparison.
const KEYS: usize = 1000;
const ROUNDS: usize = 9;
/// Keys of the largest token.
const MANY: usize = 10_000;

/// How a batch went.
struct Run {
    /// From the first claim to the last flush, by the batch's own clock, in seconds.
    inside: f64,
    /// From the start of the process to its end: token opened, self-test, plan, reports.
    whole: f64,
}

/// One bridge's batch: which keys, to what, how.
#[derive(Clone, Copy)]
struct Order<'a> {
    token: &'a BenchToken,
    keys: usize,
    kek: &'a Kek,
    jobs: Option<usize>,
}

impl Order<'_> {
    /// Runs it to its end in a folder of its own, and leaves it alone meanwhile.
    fn run(self, name: &str) -> Run {
        self.run_beside(name, |_| ()).0
    }

    /// The same, its memory looked at: that takes the run some of its time.
    fn run_watched(self, name: &str) -> (Run, Peak) {
        self.run_beside(name, memory::watch)
    }

    fn run_beside<T>(self, name: &str, look: impl FnOnce(&mut Child) -> T) -> (Run, T) {
        let manifest = self.token.beside(&format!("{name}.toml"));
        fs::write(&manifest, self.manifest()).unwrap();
        let folder = self.token.beside(name);
        let policy = policy::file();
        let mut command = self.token.keyferry(&["batch"]);
        command.arg(&manifest).arg("--out").arg(&folder);
        command.args(["--yes", "--json", "--software-token", "--policy"]);
        command.arg(&policy);
        if let Some(jobs) = self.jobs {
            command.args(["--jobs", &jobs.to_string()]);
        }
        let begun = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = thread::spawn(move || lines.map_while(Result::ok).last().unwrap_or_default());
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let said = thread::spawn(move || {
            let mut said = String::new();
            let _ = std::io::Read::read_to_string(&mut errors, &mut said);
            said
        });
        let seen = look(&mut child);
        let status = child.wait().unwrap();
        let whole = begun.elapsed().as_secs_f64();
        let (last, said) = (told.join().unwrap(), said.join().unwrap());
        assert!(status.success(), "{status}: {last}\n{said}");
        let last: Value = serde_json::from_str(&last).unwrap();
        assert_eq!(last["event"], "ended", "{last}");
        assert_eq!(last["done"], self.keys, "{last}");
        let inside = last["seconds"].as_f64().unwrap();
        (Run { inside, whole }, seen)
    }

    /// A line for each key, since each has its own name in the vault.
    fn manifest(&self) -> String {
        let kid = Value::from_str(&fs::read_to_string(self.kek.az_json()).unwrap()).unwrap();
        let kid = kid["key"]["kid"].as_str().unwrap();
        let host = kid.strip_prefix("https://").unwrap().split('/').next();
        let document = self.kek.az_json();
        let mut text = format!(
            "[[vault]]\nurl = \"https://{}\"\nkek = {document:?}\n",
            host.unwrap()
        );
        for number in 0..self.keys {
            let label = label(number);
            text.push_str(&format!(
                "[[key]]\nlabel = \"{label}\"\nname = \"{label}\"\n"
            ));
        }
        text
    }
}

pub(crate) fn figures() -> Vec<Figure> {
    let kek = Kek::shared(2048);
    let token = BenchToken::new(Kind::Rsa2048, KEYS, Place::Disk);
    let in_memory = BenchToken::new(Kind::Rsa2048, KEYS, Place::Memory);
    let mut bare = token.bare(&["batch", &tool::hex(kek.modulus())]);
    let order = Order {
        token: &token,
        keys: KEYS,
        kek,
        jobs: None,
    };
    let unflushed = Order {
        token: &in_memory,
        ..order
    };
    let mut worker = super::worker::open(
        Module::Embedded {
            state: token.state(),
        },
        None,
    );
    worker.self_test();
    let (mut ours, mut theirs, mut free) = (Vec::new(), Vec::new(), Vec::new());
    let mut alone = Vec::new();
    let mut ratios = Vec::new();
    let mut whole = Vec::new();
    for round in 0..=rounds(ROUNDS) {
        let one = bare.seconds(&KEYS.to_string());
        let in_process = worker.wrap_many(KEYS, kek.modulus());
        let other = order.run(&format!("batch-{round}"));
        let without = unflushed.run(&format!("batch-{round}"));
        // The first round warms up.
        if round > 0 {
            theirs.push(KEYS as f64 / one);
            alone.push(KEYS as f64 / in_process);
            ours.push(KEYS as f64 / other.inside);
            free.push(KEYS as f64 / without.inside);
            ratios.push(one / other.inside);
            whole.push(other.whole);
        }
    }
    let script = openssl_rate(kek);
    let rate = median(&ours);
    let how = format!(
        "median of {ROUNDS} batches in turn; 1,000 RSA-2048 keys of the embedded token to a KEK of 2048 bits, as `keyferry batch --json` tells it: from the first claim to the last flush of record, files, receipts and ledger"
    );
    vec![
        Figure::new(
            "batch of 1,000, bare calls",
            median(&theirs),
            "keys/s",
            "C_GenerateKey, two C_WrapKey and C_DestroyObject a key in one loop: opened once, handles found once, KEK imported once",
        ),
        Figure::new(
            "batch of 1,000, the worker alone",
            median(&alone),
            "keys/s",
            "the worker's code in one process with the module, one question for all: no pipe, no record, no files, no ledger",
        ),
        Figure::new("batch of 1,000, keyferry", rate, "keys/s", how),
        Figure::new(
            "batch of 1,000, ratio",
            median(&ratios),
            "×",
            "keyferry's rate to the bare calls', median of the rounds' ratios",
        )
        .at_least(0.9),
        Figure::new(
            "batch of 1,000, without flushes",
            median(&free),
            "keys/s",
            "the same with everything in memory, where a flush costs nothing",
        ),
        Figure::new(
            "batch of 1,000, the whole command",
            median(&whole),
            "s",
            "from the process's start to its end: token opened, self-test, plan, run, reports",
        ),
        Figure::new(
            "batch of 1,000, openssl three times a key",
            script,
            "keys/s",
            "tests/bench/openssl-batch.sh on the same keys in the clear; one run",
        ),
        Figure::new(
            "batch of 1,000, to openssl",
            rate / script,
            "×",
            "keyferry's rate to the script's",
        )
        .at_least(20.0),
    ]
}

/// Keys a second of the script that calls `openssl`.
fn openssl_rate(kek: &Kek) -> f64 {
    let out = run_folder(&folder(), Place::Disk);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/openssl-batch.sh");
    let mut command = Command::new(script);
    command
        .arg(public(kek))
        .arg(clear_keys(KEYS))
        .arg(out.path());
    command.arg(KEYS.to_string());
    let begun = Instant::now();
    let _ = tool::run(&mut command, b"").unwrap();
    let took = begun.elapsed().as_secs_f64();
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), KEYS);
    KEYS as f64 / took
}

fn public(kek: &Kek) -> PathBuf {
    kek.az_json().with_file_name("public.pem")
}

/// How time and memory grow with the number of keys.
pub(crate) fn growth() -> Vec<Figure> {
    let kek = Kek::shared(2048);
    let token = BenchToken::new(Kind::P256, MANY, Place::Disk);
    let mut figures = Vec::new();
    let (mut inside, mut whole, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
    for (keys, times) in [(10, 5), (100, 5), (1000, 3), (MANY, 1)] {
        let order = Order {
            token: &token,
            keys,
            kek,
            jobs: None,
        };
        let runs: Vec<(Run, Peak)> = (0..rounds(times))
            .map(|round| order.run_watched(&format!("growth-{keys}-{round}")))
            .collect();
        let middle = |pick: fn(&(Run, Peak)) -> f64| {
            let all: Vec<f64> = runs.iter().map(pick).collect();
            median(&all)
        };
        let (ran, took) = (middle(|(run, _)| run.inside), middle(|(run, _)| run.whole));
        let (bridge, worker) = (
            middle(|(_, peak)| peak.bridge),
            middle(|(_, peak)| peak.worker),
        );
        inside.push((keys as f64, ran));
        whole.push((keys as f64, took));
        peaks.push((bridge, worker));
        let how =
            format!("median of {times}; P-256 keys of a token that has 10,000, KEK of 2048 bits");
        figures.push(Figure::new(
            format!("batch of {keys}, run"),
            ran,
            "s",
            format!("from the first claim to the last flush; {how}"),
        ));
        figures.push(Figure::new(
            format!("batch of {keys}, the whole command"),
            took,
            "s",
            format!("from the process's start to its end; {how}"),
        ));
        for (who, peak) in [("bridge", bridge), ("worker", worker)] {
            figures.push(Figure::new(
                format!("batch of {keys}, memory of the {who}"),
                peak,
                "MB",
                "most of Rss in smaps_rollup, looked at every 20 ms",
            ));
        }
    }
    let last = |points: &[(f64, f64)]| slope(&points[2..]);
    let of = "of the line through the logarithms of keys and seconds";
    figures.push(
        Figure::new(
            "growth, slope from 10 to 10,000",
            slope(&inside),
            "",
            format!("of the run, {of}"),
        )
        .at_most(1.05),
    );
    figures.push(
        Figure::new(
            "growth, slope from 1,000 to 10,000",
            last(&inside),
            "",
            format!("the same over the last decade, where no start-up flatters it; {of}"),
        )
        .at_most(1.05),
    );
    figures.push(
        Figure::new("growth, slope of the whole command", slope(&whole), "", of).at_most(1.05),
    );
    figures.push(Figure::new(
        "growth, memory of the bridge",
        peaks[3].0 / peaks[2].0,
        "×",
        "peak with 10,000 keys to that with 1,000",
    ));
    figures.push(Figure::new(
        "growth, memory of the worker",
        peaks[3].1 / peaks[2].1,
        "×",
        "peak with 10,000 keys to that with 1,000",
    ));
    figures
}

/// Rates by `--jobs`, KEK size, kind of key and number of HSMs.
pub(crate) fn axes() -> Vec<Figure> {
    let rsa = BenchToken::new(Kind::Rsa2048, KEYS, Place::Disk);
    let p256 = BenchToken::new(Kind::P256, KEYS, Place::Disk);
    let order = Order {
        token: &rsa,
        keys: KEYS,
        kek: Kek::shared(2048),
        jobs: None,
    };
    let mut figures = Vec::new();
    let mut add = |what: String, order: Order<'_>| {
        let name = what.replace([' ', ','], "-");
        let runs =
            (0..rounds(3)).map(|round| KEYS as f64 / order.run(&format!("{name}-{round}")).inside);
        let rate = median(&runs.collect::<Vec<_>>());
        figures.push(Figure::new(
            format!("batch of 1,000 by {what}"),
            rate,
            "keys/s",
            "median of 3; RSA-2048 keys, KEK of 2048 bits, one worker, unless named",
        ));
    };
    for jobs in [1, 2, 3, 4] {
        add(
            format!("--jobs {jobs}"),
            Order {
                jobs: Some(jobs),
                ..order
            },
        );
    }
    for bits in [2048, 3072, 4096] {
        add(
            format!("KEK of {bits} bits"),
            Order {
                kek: Kek::shared(bits),
                ..order
            },
        );
    }
    add("kind RSA-2048".to_owned(), order);
    add(
        "kind P-256".to_owned(),
        Order {
            token: &p256,
            ..order
        },
    );
    for count in [1, 2, 3] {
        let tokens: Vec<BenchToken> = (0..count)
            .map(|_| BenchToken::new(Kind::Rsa2048, KEYS, Place::Disk))
            .collect();
        let slowest = thread::scope(|scope| {
            let runs: Vec<_> = tokens
                .iter()
                .map(|token| scope.spawn(move || Order { token, ..order }.run("hsms").inside))
                .collect();
            let took = runs.into_iter().map(|run| run.join().unwrap());
            took.fold(0.0, f64::max)
        });
        figures.push(Figure::new(format!("batch of 1,000 by {count} HSMs"), (count * KEYS) as f64 / slowest, "keys/s", "one bridge a token at the same time, each with 1,000 keys; all keys by the slowest one's run"));
    }
    figures
}
