//! The scenario files, and what is refused in one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

#[test]
fn every_scenario_of_this_folder_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let read = Scenario::read(&path);
        let scenario = read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(scenario.origin.is_some(), "{}: no origin", path.display());
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn a_scenario_says_what_it_rests_on() {
    let with = |origin: &str| Scenario::parse(&format!("title = \"x\"\n[origin]\n{origin}"));
    assert!(with("sources = [\"a manual\"]").is_ok());
    assert!(with("assumed = true\nwhy = \"nothing is published\"").is_ok());
    for refused in ["", "assumed = true", "sources = []", "why = \"no reason\""] {
        assert!(with(refused).is_err(), "{refused}");
    }
}

#[test]
fn what_is_misspelt_is_refused() {
    for text in [
        "titel = \"x\"",
        "title = \"x\"\nnonsense = 1",
        "title = \"x\"\n[token]\nmaker = \"y\"",
        "title = \"x\"\n[token]\nset = [\"locked\"]",
        "title = \"x\"\n[token]\nfirmware = \"7\"",
        "title = \"x\"\n[[mechanism]]\ncode = 9\nwraps = { oaep = \"md5\" }",
        "title = \"x\"\n[[fault]]\ncall = \"C_Warp\"\nreturns = 5",
        "title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"",
        "title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\nreturns = 5\ndoes = \"hang\"",
    ] {
        assert!(Scenario::parse(text).is_err(), "{text}");
    }
}

#[test]
fn mechanisms_are_kept_by_both_lists() {
    let text = "title = \"x\"\n[mechanisms]\nonly = [9, 0x210B]\nhidden = [0x210B]";
    let scenario = Scenario::parse(text).unwrap();
    let kept = |code| scenario.mechanisms.keeps(code);
    assert_eq!([9, 0x210B, 0x210A].map(kept), [true, false, false]);
}
