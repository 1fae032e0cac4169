//! What the product costs against bare C_ calls, and where the time goes. Prints figures as one JSON array, for
//! `make bench`.
//!
//! `bench VERB`; a verb with arguments is this program's own call of itself, since a module reads its variables from
//! the environment of its process. Everything that is compared runs in turn with what it is compared with.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark"
)]

mod bare;
mod batch;
mod client;
mod figure;
mod group;
mod layers;
mod list;
mod memory;
mod native;
mod policy;
mod server;
mod token;
mod worker;
mod wrap;

use std::path::Path;

use figure::Figure;

/// The product's own: what is measured here of its code is measured with what it has.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let verb: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let figures = match verb[..] {
        ["wrap"] => wrap::figures(),
        ["wrap-on", library, pin_file, key_wrap] => {
            let took = wrap::measure(Path::new(library), Path::new(pin_file), key_wrap);
            return println!("{took}");
        }
        ["fill", pin_file, "P-256", count] => {
            return token::fill_p256(Path::new(pin_file), count.parse().unwrap());
        }
        ["fill", pin_file, "RSA-2048", _] => return token::fill_rsa(Path::new(pin_file)),
        ["native", kek, file] => {
            return println!("{}", native::measure(Path::new(kek), Path::new(file)));
        }
        ["lend", kind, count] => return token::lend(kind, count.parse().unwrap()),
        ["list"] => list::figures(),
        ["layers"] => layers::figures(),
        ["audit"] => group::figures(),
        ["batch"] => batch::figures(),
        ["growth"] => batch::growth(),
        ["axes"] => batch::axes(),
        _ => panic!("no such verb: {verb:?}"),
    };
    println!("{}", Figure::array(&figures));
}
