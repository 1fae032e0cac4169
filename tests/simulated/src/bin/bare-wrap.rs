//! `bare-wrap MODULE PIN-FILE LABEL KEY-WRAP MODULUS`: for every line of standard input one wrap by
//! bare calls, and its nanoseconds on a line of standard output.
//!
//! KEY-WRAP and MODULUS are hexadecimal. A process of its own, beside the one that is compared with it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark's tool"
)]

use std::path::Path;

use keyferry_simulated::bare::Bare;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, pin_file, label, key_wrap, modulus] = &arguments[..] else {
        panic!("MODULE PIN-FILE LABEL KEY-WRAP MODULUS");
    };
    let pin = std::fs::read(pin_file).unwrap();
    let key_wrap = u64::from_str_radix(key_wrap, 16).unwrap();
    let modulus = bytes(modulus);
    let bare = Bare::open(Path::new(module), pin.trim_ascii_end(), label).unwrap();
    for line in std::io::stdin().lines() {
        let _ = line.unwrap();
        println!("{}", bare.wrap(&modulus, key_wrap).unwrap().as_nanos());
    }
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    hexadecimal
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
