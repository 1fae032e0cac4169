//! What is done for every line of standard input, and how long it took on a line of standard output, in
//! nanoseconds. A process of its own, beside the one that is compared with it.
//!
//! - `bare MODULE PIN-FILE wrap LABEL KEY-WRAP MODULUS`: one wrap of that key; lines are empty.
//! - `bare MODULE PIN-FILE batch MODULUS`: wraps in one loop, as many as the line says.
//! - `bare MODULE PIN-FILE list`: one listing; lines are empty, and the answer begins with the number of keys.
//!
//! KEY-WRAP and MODULUS are hexadecimal.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark's tool"
)]

use std::path::Path;

use keyferry_simulated::bare::{Bare, BareBatch, BareList};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, pin_file, verb @ ..] = &arguments[..] else {
        panic!("MODULE PIN-FILE VERB …");
    };
    let (module, pin) = (Path::new(module), std::fs::read(pin_file).unwrap());
    let pin = pin.trim_ascii_end();
    let verb: Vec<&str> = verb.iter().map(String::as_str).collect();
    match verb[..] {
        ["wrap", label, key_wrap, modulus] => {
            let key_wrap = u64::from_str_radix(key_wrap, 16).unwrap();
            let modulus = bytes(modulus);
            let bare = Bare::open(module, pin, label).unwrap();
            answer(|_| {
                bare.wrap(&modulus, key_wrap)
                    .unwrap()
                    .as_nanos()
                    .to_string()
            });
        }
        ["batch", modulus] => {
            let modulus = bytes(modulus);
            let bare = BareBatch::open(module, pin).unwrap();
            answer(|count| {
                let count = count.parse().unwrap();
                assert!(count <= bare.keys(), "{count} of {} keys", bare.keys());
                bare.wrap(&modulus, count).unwrap().as_nanos().to_string()
            });
        }
        ["list"] => {
            let bare = BareList::open(module, pin).unwrap();
            answer(|_| {
                let (keys, took) = bare.list().unwrap();
                format!("{keys} {}", took.as_nanos())
            });
        }
        _ => panic!("no such verb: {verb:?}"),
    }
}

fn answer(to: impl Fn(&str) -> String) {
    for line in std::io::stdin().lines() {
        println!("{}", to(line.unwrap().trim()));
    }
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    hexadecimal
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
