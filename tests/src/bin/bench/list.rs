//! Listing ten thousand keys with their reasons, against the bare calls that a listing is made of.

use std::time::Instant;

use keyferry::hsm::{Hsm, Module, WorkerOptions};
use keyferry_tests::desk;

use super::client::Connection;
use super::figure::{Figure, median, rounds};
use super::server::Server;
use super::token::{BenchToken, Kind, Place};
use super::worker;

const KEYS: usize = 10_000;
const RUNS: usize = 7;
const LIMIT: f64 = 1.2;

pub(crate) fn figures() -> Vec<Figure> {
    let token = BenchToken::new(Kind::P256, KEYS, Place::Disk);
    let mut bare = token.bare(&["list"]);
    let module = Module::Embedded {
        state: token.state(),
    };
    let mut worker = worker::open(module.clone(), None);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let pipe = runtime.block_on(async {
        let hsm = Hsm::start(WorkerOptions::of(desk::binary(), &[]))
            .await
            .unwrap();
        let _ = hsm.open(worker::request(module)).await.unwrap();
        hsm.login(None, keyferry::hsm::FinalTry::Refuse)
            .await
            .unwrap();
        hsm
    });
    let server = Server::start(&token, &[]);
    let mut page = Connection::open(&server.address);
    let mut took: [Vec<f64>; 5] = Default::default();
    for run in 0..=rounds(RUNS) {
        let (keys, bare) = answer(&bare.ask(""));
        let (listed, in_process) = worker.list();
        let begun = Instant::now();
        let over = runtime.block_on(pipe.keys()).unwrap().len();
        let over_pipe = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let body = page.get("/v1/keys");
        let over_http = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let command = token.keyferry(&["keys", "--json"]).output().unwrap();
        let command_line = begun.elapsed().as_secs_f64();
        assert!(command.status.success(), "{command:?}");
        assert_eq!((keys, listed, over), (KEYS, KEYS, KEYS));
        assert!(body.len() > 100 * KEYS, "{}", body.len());
        // The first run warms up.
        if run > 0 {
            let one = [bare, in_process, over_pipe, over_http, command_line];
            took.iter_mut()
                .zip(one)
                .for_each(|(all, one)| all.push(one * 1e3));
        }
    }
    let [bare, in_process, over_pipe, over_http, command_line] = took.map(|all| median(&all));
    let how = format!("median of {RUNS}, in turn");
    let figure = |what: &str, value: f64, how: &str| {
        Figure::new(format!("list 10,000 keys, {what}"), value, "ms", how)
    };
    vec![
        figure(
            "bare calls",
            bare,
            &format!(
                "C_FindObjects, and C_GetAttributeValue once for each private and public object; {how}"
            ),
        ),
        figure(
            "worker",
            in_process,
            &format!(
                "the worker's code in one process with the module, reasons and public halves included; {how}"
            ),
        ),
        Figure::new(
            "list 10,000 keys, ratio",
            in_process / bare,
            "×",
            "worker to bare calls, from the same run on the same token",
        )
        .at_most(LIMIT),
        figure(
            "over the pipe",
            over_pipe,
            &format!("from the worker's process, JSON both ways; {how}"),
        ),
        Figure::new(
            "list 10,000 keys, ratio with the pipe",
            over_pipe / bare,
            "×",
            "the same with the pipe and its JSON",
        )
        .at_most(LIMIT),
        figure(
            "over HTTP",
            over_http,
            &format!("GET /v1/keys on a connection that stands; {how}"),
        ),
        figure(
            "`keyferry keys`",
            command_line,
            &format!("a process from start to end, token opened and unlocked; {how}"),
        ),
    ]
}

/// `KEYS NANOSECONDS`, as keys and seconds.
fn answer(line: &str) -> (usize, f64) {
    let (keys, nanoseconds) = line.split_once(' ').unwrap();
    let nanoseconds: f64 = nanoseconds.parse().unwrap();
    (keys.parse().unwrap(), nanoseconds / 1e9)
}
