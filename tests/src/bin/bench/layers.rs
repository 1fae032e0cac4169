//! One wrap over HTTP against the bare calls, and where the time between them goes: layer by layer, each measured
//! as the difference to the one below, all in turn on the same token.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Instant;

use keyferry::hsm::{FinalTry, Hsm, Module, WorkerOptions};
use keyferry_tests::{Kek, Order, desk, tool};

use super::client::Connection;
use super::figure::{Figure, median, rounds};
use super::server::Server;
use super::token::{BenchToken, Kind, Place, folder, label};
use super::{policy, worker};

const KEYS: usize = 1000;
const RUNS: usize = 400;
const WARM_UP: usize = 40;
/// The most that a wrap may take beyond the bare calls, in milliseconds.
const LIMIT: f64 = 1.5;
/// About as long as a line of the record.
const LINE: usize = 900;

pub(crate) fn figures() -> Vec<Figure> {
    let kek = Kek::shared(2048);
    let modulus = kek.modulus().to_vec();
    let [on_disk, in_memory] =
        [Place::Disk, Place::Memory].map(|place| BenchToken::new(Kind::Rsa2048, KEYS, place));
    let key = label(0);
    let hexadecimal = tool::hex(&modulus);
    let mut bare = on_disk.bare(&["wrap", &key, "210b", &hexadecimal]);
    let module = Module::Embedded {
        state: on_disk.state(),
    };
    let mut port = worker::open(module.clone(), None);
    port.self_test();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let pipe = runtime.block_on(async {
        let options = WorkerOptions::of(desk::binary(), &[]);
        let hsm = Hsm::start(options).await.unwrap();
        let _ = hsm.open(worker::request(module)).await.unwrap();
        hsm.login(None, FinalTry::Refuse).await.unwrap();
        let _ = hsm.self_test().await.unwrap();
        hsm
    });
    let flags = [
        "--software-token",
        "--policy",
        policy::file().to_str().unwrap(),
    ]
    .map(str::to_owned);
    let flags = flags.each_ref().map(String::as_str);
    let servers = [&in_memory, &on_disk].map(|token| Server::start(token, &flags));
    let mut pages = servers
        .each_ref()
        .map(|server| Connection::open(&server.address));
    let body = Order::new(kek, &key).body.to_string();
    let mut flushed = OpenOptions::new()
        .create(true)
        .append(true)
        .open(on_disk.beside("flushed"))
        .unwrap();
    let mut took: [Vec<f64>; 6] = Default::default();
    for run in 0..WARM_UP.min(rounds(RUNS)) + rounds(RUNS) {
        let bare = bare.seconds("");
        let in_process = port.wrap(&key, &modulus);
        let order = worker::order(&key, &modulus);
        let begun = Instant::now();
        let _ = runtime.block_on(pipe.wrap(order)).unwrap();
        let over_pipe = begun.elapsed().as_secs_f64();
        let over_http = pages.each_mut().map(|page| {
            let begun = Instant::now();
            let last = page.post("/v1/wraps", body.as_bytes());
            let took = begun.elapsed().as_secs_f64();
            assert_eq!(last["event"], "done", "{last}");
            took
        });
        let begun = Instant::now();
        flushed.write_all(&[b'x'; LINE]).unwrap();
        flushed.sync_data().unwrap();
        let flush = begun.elapsed().as_secs_f64();
        if run >= WARM_UP.min(rounds(RUNS)) {
            let one = [
                bare,
                in_process,
                over_pipe,
                over_http[0],
                over_http[1],
                flush,
            ];
            took.iter_mut()
                .zip(one)
                .for_each(|(all, one)| all.push(one * 1e3));
        }
    }
    let [bare, in_process, over_pipe, in_memory, on_disk, flush] = took.map(|all| median(&all));
    let how = format!("median of {RUNS} wraps of an RSA-2048 key to a KEK of 2048 bits, in turn");
    let figure = |what: &str, value: f64, how: &str| {
        Figure::new(format!("one wrap, {what}"), value, "ms", how)
    };
    let whole = format!("POST /v1/wraps, approved by policy, record on disk; {how}");
    vec![
        figure("bare calls", bare, &how),
        figure("over HTTP", on_disk, &whole),
        figure(
            "beyond the bare calls",
            on_disk - bare,
            "difference of the two medians",
        )
        .at_most(LIMIT),
        figure(
            "of it worker",
            in_process - bare,
            "the worker's code in one process with the module, less the bare calls",
        ),
        figure(
            "of it pipe",
            over_pipe - in_process,
            "asked of a worker's process, less the same in one process",
        ),
        figure(
            "of it HTTP and rules",
            in_memory - over_pipe,
            "POST /v1/wraps with the record in memory, less the same over the pipe: connection, guard, KEK, policy, record's lines, events",
        ),
        figure(
            "of it fsync",
            on_disk - in_memory,
            "POST /v1/wraps with the record on disk, less the same with it in memory",
        ),
        figure(
            "a flush alone",
            flush,
            &format!(
                "{LINE} bytes appended to a file of the same disk, and fdatasync; {}",
                folder().display()
            ),
        ),
    ]
}
