//! What the record costs the rate of wraps when several are asked for at once and share its flushes.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::thread;
use std::time::Instant;

use keyferry_tests::{Kek, Order};

use super::client::Connection;
use super::figure::{Figure, median, rounds};
use super::policy;
use super::server::Server;
use super::token::{BenchToken, Kind, Place, label};

const KEYS: usize = 1000;
/// Who ask at once.
const CLIENTS: usize = 8;
/// Wraps of each client in a round.
const WRAPS: usize = 40;
const ROUNDS: usize = 9;
/// The least part of the rate without flushes that remains with them.
const LIMIT: f64 = 0.8;
const LINE: usize = 900;

pub(crate) fn figures() -> Vec<Figure> {
    let kek = Kek::shared(2048);
    let tokens =
        [Place::Disk, Place::Memory].map(|place| BenchToken::new(Kind::Rsa2048, KEYS, place));
    let policy = policy::file();
    let flags = ["--software-token", "--policy", policy.to_str().unwrap()];
    let servers = tokens.each_ref().map(|token| Server::start(token, &flags));
    let mut clients = servers.each_ref().map(|server| {
        let open = |_| Connection::open(&server.address);
        (0..CLIENTS).map(open).collect::<Vec<_>>()
    });
    let bodies: Vec<String> = (0..CLIENTS)
        .map(|client| Order::new(kek, &label(client)).body.to_string())
        .collect();
    let mut flushed = OpenOptions::new()
        .create(true)
        .append(true)
        .open(tokens[0].state().join("audit/flushed"))
        .unwrap();
    let mut rates: [Vec<f64>; 3] = Default::default();
    for round in 0..=rounds(ROUNDS) {
        let [on_disk, in_memory] = clients.each_mut().map(|clients| rate(clients, &bodies));
        let begun = Instant::now();
        for _ in 0..100 {
            flushed.write_all(&[b'x'; LINE]).unwrap();
            flushed.sync_data().unwrap();
        }
        let flushes = 100.0 / begun.elapsed().as_secs_f64();
        // The first round warms up.
        if round > 0 {
            let one = [on_disk, in_memory, flushes];
            rates
                .iter_mut()
                .zip(one)
                .for_each(|(all, one)| all.push(one));
        }
    }
    let ratios: Vec<f64> = rates[0]
        .iter()
        .zip(&rates[1])
        .map(|(one, other)| one / other)
        .collect();
    let [on_disk, in_memory, flushes] = rates.map(|all| median(&all));
    let how = format!(
        "median of {ROUNDS} rounds in turn: {CLIENTS} connections to one bridge, {WRAPS} wraps each"
    );
    vec![
        Figure::new(
            "record, flushes alone",
            flushes,
            "/s",
            format!("{LINE} bytes and fdatasync, one after the other, on the record's own disk"),
        ),
        Figure::new(
            "record, wraps with it",
            on_disk,
            "/s",
            format!("two lines a wrap, each on disk before the next step; {how}"),
        ),
        Figure::new(
            "record, wraps without flushes",
            in_memory,
            "/s",
            format!("the same with the state folder in memory, where a flush costs nothing; {how}"),
        ),
        Figure::new(
            "record, ratio",
            median(&ratios),
            "×",
            "median of the rounds' ratios",
        )
        .at_least(LIMIT),
    ]
}

fn rate(clients: &mut [Connection], bodies: &[String]) -> f64 {
    let begun = Instant::now();
    thread::scope(|scope| {
        for (client, body) in clients.iter_mut().zip(bodies) {
            scope.spawn(move || {
                for _ in 0..WRAPS {
                    let last = client.post("/v1/wraps", body.as_bytes());
                    assert_eq!(last["event"], "done", "{last}");
                }
            });
        }
    });
    (CLIENTS * WRAPS) as f64 / begun.elapsed().as_secs_f64()
}
