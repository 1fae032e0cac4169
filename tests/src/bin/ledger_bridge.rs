//! A bridge as far as its ledger goes: takes a seat, claims lines and "imports" them into a file that plays the vault.
//!
//! `ledger_bridge LEDGER FOLDER VAULT LEASE_MS`: a plan has to be in the ledger. Ends when all lines are done, or when it
//! is killed, which the tests do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's support stops the test by a panic"
)]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use keyferry::batch::ledger::{Advance, Claim, Detail, Hold, Ledger, LedgerPlace, Seat, Step};

/// What wraps and imports take.
const WORK: Duration = Duration::from_millis(15);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("LEDGER FOLDER VAULT LEASE_MS");
    let (ledger, folder, vault, lease) = (next(), next(), next(), next());
    let lease = Duration::from_millis(lease.parse().unwrap());
    let place: LedgerPlace = ledger.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work(&place, Path::new(&folder), Path::new(&vault), lease));
}

async fn work(place: &LedgerPlace, folder: &Path, vault: &Path, lease: Duration) {
    let mut hold = Hold::take(folder).unwrap();
    let ledger = Ledger::open(place).await.unwrap();
    let plan = *ledger.plans().await.unwrap().first().unwrap();
    hold.bind(plan).unwrap();
    let seat = ledger.join(&hold, plan, lease).await.unwrap();
    let _alive = seat.keep_alive();
    loop {
        let claims = seat.claim(4).await.unwrap();
        if claims.is_empty() {
            if ledger.counts(plan).await.unwrap().is_complete() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for claim in claims {
            import(&seat, &claim, vault).await;
        }
    }
    seat.leave().await.unwrap();
}

/// One line, with the order of things that keeps a vault from having it twice.
async fn import(seat: &Seat, claim: &Claim, vault: &Path) {
    let advance = |to| {
        let detail = Detail::default();
        seat.advance(vec![Advance {
            number: claim.number,
            to,
            detail,
        }])
    };
    // The end of an import that was begun is not known: the vault says whether it has the key.
    let there = claim.step == Step::Importing && has(vault, claim.number);
    if !there {
        tokio::time::sleep(WORK).await;
        advance(Step::Importing).await.unwrap();
        take(vault, claim.number);
    }
    tokio::time::sleep(WORK).await;
    advance(Step::Done).await.unwrap();
}

fn has(vault: &Path, number: u32) -> bool {
    let text = std::fs::read_to_string(vault).unwrap_or_default();
    text.lines().any(|line| line == number.to_string())
}

fn take(vault: &Path, number: u32) {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).append(true).open(vault).unwrap();
    // One write of a few bytes: whole, whoever else writes.
    file.write_all(format!("{number}\n").as_bytes()).unwrap();
}
