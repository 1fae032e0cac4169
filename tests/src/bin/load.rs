//! `load [SECONDS [CLIENTS]]`: many clients, good and bad, against the bridge that was built beside this program. Prints
//! a table; exits 1 when something was not as it has to be, or when the bridge or its worker holds more than before.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a measurement"
)]

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use keyferry_core::{AuditHead, verify_chain};
use keyferry_tests::bridge::Detached;
use keyferry_tests::holdings::{Holdings, family};
use keyferry_tests::load::{self, Row, Target};

use keyferry_tests::{Desk, Kek, Order, audit_chain, desk};
use tempfile::TempDir;

/// What the bridge may hold at the end, against what it held after the warm-up.
const GROWTH: f64 = 1.10;
/// Long enough for every kind of act, and for the allocator to have what it needs.
const WARM_UP: Duration = Duration::from_secs(15);
/// Longer than slow clients are suffered, and than threads without work are kept.
const SETTLE: Duration = Duration::from_secs(13);

fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .map(|argument| argument.parse().expect("load [SECONDS [CLIENTS]]"))
        .collect();
    let seconds = numbers.first().copied().unwrap_or(60);
    let clients = numbers.get(1).copied().unwrap_or(64);

    let folder = TempDir::new().unwrap();
    let policy = folder.path().join("policy.toml");
    let rules = "[allow]\nkey_labels = ['allowed']\n\n\
                 [[rule]]\nname = 'load'\nkey_labels = ['allowed']\nwithout_asking = true\n";
    std::fs::write(&policy, rules).unwrap();
    let user = Desk::embedded().flag("--software-token");
    for label in ["allowed", "forbidden"] {
        let made = user.json(["keygen", "--kind", "P-256", "--label", label]);
        let _ = made.success();
    }
    let user = user.flag("--policy").flag(&policy);
    let user = user.flag("--pin-source").flag("protected");
    let bridge = Detached::start(&user);
    let order = |label| Order::new(Kek::shared(2048), label).body;
    let target = Target {
        address: bridge.address.clone(),
        approved: order("allowed"),
        refused: order("forbidden"),
        unknown: order("nobody"),
    };
    println!(
        "{}, {clients} clients, {} s of warm-up, {seconds} s",
        desk::binary().display(),
        WARM_UP.as_secs()
    );

    let _ = load::run(&target, clients, WARM_UP);
    thread::sleep(SETTLE);
    let before = family(bridge.pid());
    let mut tally = load::run(&target, clients, Duration::from_secs(seconds));
    thread::sleep(SETTLE);
    let after = family(bridge.pid());

    let rows = tally.rows();
    let mut good = tell(&rows, seconds);
    good &= hold(&before, &after);
    let wraps = rows.iter().filter(|row| row.act == load::Act::Wrap);
    good &= recorded(&user, wraps.map(|row| row.count).sum());
    let logged = bridge.stop();
    for line in logged.lines().take(20) {
        println!("logged: {line}");
    }
    good &= !logged.contains("panicked");
    println!("{}", if good { "held" } else { "NOT HELD" });
    ExitCode::from(u8::from(!good))
}

/// The table; true when nothing failed, and every act was done.
fn tell(rows: &[Row], seconds: u64) -> bool {
    let milliseconds = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
    println!(
        "\n{:<22}{:>8}{:>8}{:>11}{:>10}{:>12}",
        "what", "times", "failed", "median ms", "p99 ms", "longest ms"
    );
    for row in rows {
        println!(
            "{:<22}{:>8}{:>8}{:>11}{:>10}{:>12}",
            format!("{:?}", row.act),
            row.count,
            row.failed,
            milliseconds(row.median),
            milliseconds(row.p99),
            milliseconds(row.longest)
        );
        for words in &row.words {
            println!("    {words}");
        }
    }
    let all: usize = rows.iter().map(|row| row.count).sum();
    let failed: usize = rows.iter().map(|row| row.failed).sum();
    println!(
        "{all} in all, {:.0} a second, {failed} failed\n",
        all as f64 / seconds as f64
    );
    failed == 0 && all > 0 && rows.iter().filter(|row| row.act.is_good()).count() == 4
}

/// Memory, descriptors and threads, before and after.
fn hold(before: &[Holdings], after: &[Holdings]) -> bool {
    let mut good = before.len() == after.len();
    for (before, after) in before.iter().zip(after) {
        let growth = after.rss_kb as f64 / before.rss_kb as f64;
        let held = before.pid == after.pid
            && growth <= GROWTH
            && after.descriptors <= before.descriptors
            && after.threads <= before.threads;
        println!(
            "{:<8} {:>7} → {:>7} kB (× {growth:.3}), {} → {} descriptors, {} → {} threads: {}",
            before.name,
            before.rss_kb,
            after.rss_kb,
            before.descriptors,
            after.descriptors,
            before.threads,
            after.threads,
            if held { "flat" } else { "GREW" }
        );
        good &= held;
    }
    good
}

/// The record holds, and has a pair of lines for every wrap that was answered.
fn recorded(user: &Desk, wraps: usize) -> bool {
    let folder = user.state().join("audit");
    // A minute fills several files.
    let read = |name: &String| std::fs::read_to_string(folder.join(name)).unwrap();
    let text: String = audit_chain::names(&folder).iter().map(read).collect();
    // By core: the tests' own reader asks openssl about every line, and here are tens of thousands.
    let end = match verify_chain(AuditHead::GENESIS, text.lines()) {
        Ok(end) => end,
        Err((line, error)) => {
            println!("the record does not hold at line {line}: {error}");
            return false;
        }
    };
    let of = |event: &str, outcome: &str| {
        let fits = |line: &&str| {
            line.contains(&format!("\"event\":\"{event}\",\"outcome\":\"{outcome}\""))
        };
        text.lines().filter(fits).count()
    };
    let (intended, done) = (of("wrap-intent", "intended"), of("wrap-outcome", "done"));
    println!(
        "the record: {} lines, {intended} wraps intended, {done} done",
        end.seq
    );
    intended == done && done >= wraps
}
