//! Many clients at once, good ones and bad ones, against one running bridge.

mod act;
mod tally;

pub use act::{Act, Target};
pub use tally::{Row, Tally};

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Clients that each do one thing after the other, for so long. What has begun is brought to its end.
pub fn run(target: &Target, clients: u64, time: Duration) -> Tally {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|number| {
                let over = &over;
                scope.spawn(move || client(target, number, over))
            })
            .collect();
        thread::sleep(time);
        over.store(true, Ordering::Relaxed);
        let mut whole = Tally::default();
        for client in clients {
            whole.add(client.join().unwrap());
        }
        whole
    })
}

fn client(target: &Target, number: u64, over: &AtomicBool) -> Tally {
    let mut tally = Tally::default();
    let mut random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    while !over.load(Ordering::Relaxed) {
        // Xorshift: each client's course is its own, and the same in every run.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let act = Act::by_weight(random);
        let began = Instant::now();
        let outcome = act.perform(target);
        tally.count(act, began.elapsed(), outcome);
    }
    tally
}
