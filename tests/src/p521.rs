//! P-521 keys of the embedded token. It leaves out the leading zero bytes of a private value, so that one key in 512
//! comes out shorter than the format's table has it and is refused (`wrapped-length`).

use serde_json::Value;

use crate::{Desk, Kek, Onlooker};

/// What KWP makes of such a key: of 96 bytes or less, where 98 would be whole.
const SHORT: usize = 104;

/// Makes one that is long enough to travel; what `keygen` said of it. `flags` are what a wrap needs beside the usual.
///
/// # Panics
/// When three in a row are too short: then it is not chance.
#[must_use]
pub fn make(desk: &Desk, onlooker: &Onlooker, label: &str, flags: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("probe.byok");
    let kek = Kek::shared(2048);
    for _ in 0..3 {
        let keygen = ["keygen", "--kind", "P-521", "--label", label];
        let made = desk.json(keygen).success();
        let answer = desk.wrap(label, kek, &out, flags);
        if answer.code == Some(0) {
            return made;
        }
        assert_eq!(answer.refusal(1), "wrapped-length");
        let length = format!(" {} bytes", kek.bytes() + SHORT);
        assert!(answer.all().contains(&length), "{}", answer.all());
        let _ = onlooker.ask(&["destroy", label]);
    }
    panic!("no P-521 key of this token can travel");
}
