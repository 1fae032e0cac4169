//! Each call of the module crashes, hangs, or returns an error.

use super::stage::{LABEL, Stage, Tally};

/// Every call that serving a wrap makes, but for those of a worker's end.
const CALLS: [&str; 19] = [
    "C_Initialize",
    "C_GetSlotList",
    "C_GetTokenInfo",
    "C_GetMechanismList",
    "C_GetMechanismInfo",
    "C_OpenSession",
    "C_Login",
    "C_FindObjectsInit",
    "C_FindObjects",
    "C_FindObjectsFinal",
    "C_GetAttributeValue",
    "C_CreateObject",
    "C_GenerateKey",
    "C_GenerateKeyPair",
    "C_DestroyObject",
    "C_WrapKey",
    "C_EncryptInit",
    "C_Encrypt",
    "C_GetFunctionList",
];

/// Return values that modules have been seen to give.
const VALUES: [u32; 15] = [
    0x05, 0x30, 0x31, 0x32, 0x50, 0x60, 0x82, 0xA0, 0xA4, 0xB3, 0x100, 0x101, 0x113, 0x150, 0x190,
];

/// Of what is to hang: it is waited for. All else has the product's own deadlines, which no busy disk exceeds.
const DEADLINES: &str = "[deadlines]\nopen_seconds = 3\nlogin_seconds = 3\nread_seconds = 3\n\
                         self_test_seconds = 20\nwrap_seconds = 3\n";

#[test]
fn the_list_names_every_call_that_is_made() {
    let stage = Stage::playing("", "");
    let mut served = stage.serve();
    assert_eq!(served.wrap(), "right");
    let calls = std::fs::read_to_string(stage.file("calls")).unwrap();
    let mut made: Vec<&str> = calls
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    made.sort_unstable();
    made.dedup();
    let of_the_end = ["C_CloseSession", "C_Finalize", "C_GetSessionInfo"];
    let unknown: Vec<_> = made
        .iter()
        .filter(|name| !CALLS.contains(name) && !of_the_end.contains(name))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

fn deadlines(deed: &str) -> &'static str {
    if deed.contains("hang") { DEADLINES } else { "" }
}

/// Once in whatever process, so that a successor finds the call well.
fn once(call: &str, deed: &str) -> Tally {
    let rule = format!("[[fault]]\ncall = \"{call}\"\nonce-file = \"struck\"\n{deed}");
    let stage = Stage::playing(&rule, deadlines(deed));
    let mut served = stage.serve();
    let errors = served.wrap_until_right(4);
    assert!(stage.file("struck").exists(), "{call} was not called");
    let login_lost = call == "C_Login" && errors == ["operation-lost"];
    assert!(
        errors.is_empty() || login_lost,
        "{call}: a wrap that had not begun is done after all, {errors:?}"
    );
    served.record();
    served.tally
}

fn sum(what: &str, tallies: impl IntoIterator<Item = Tally>) {
    let mut all = Tally::default();
    for tally in tallies {
        for (outcome, count) in tally.0 {
            *all.0.entry(outcome).or_default() += count;
        }
    }
    all.tell(what);
}

#[test]
fn a_crash_in_any_call_costs_no_wrap_that_had_not_begun() {
    sum(
        "crash once in each call",
        CALLS.iter().map(|call| once(call, "does = \"crash\"")),
    );
}

#[test]
fn a_hang_in_any_call_costs_no_wrap_that_had_not_begun() {
    // The self-test has the longest deadline, so that each hang in it is waited for.
    let brief = [
        "C_Login",
        "C_OpenSession",
        "C_GetTokenInfo",
        "C_FindObjects",
    ];
    let calls = CALLS
        .iter()
        .filter(|call| super::stage::is_full() || brief.contains(call));
    sum(
        "hang once in each call",
        calls.map(|call| once(call, "does = \"hang\"")),
    );
}

/// The token is asked for the real key's wrap once, whatever befalls it, and the loss has its own code.
#[test]
fn a_wrap_that_is_lost_is_told_as_lost_and_never_done_again() {
    for deed in ["crash", "hang", "exit", "abort"] {
        let rule = format!(
            "[[fault]]\ncall = \"C_WrapKey\"\ntarget = {{ label-part = \"{LABEL}\" }}\n\
             while-file = \"armed\"\ndoes = \"{deed}\""
        );
        let stage = Stage::playing(&rule, deadlines(deed));
        let mut served = stage.serve();
        assert_eq!(served.wrap(), "right");
        std::fs::write(stage.file("armed"), "").unwrap();
        let before = std::fs::read_to_string(stage.file("calls")).unwrap().len();
        assert_eq!(served.wrap(), "operation-lost", "{deed}");
        let calls = std::fs::read_to_string(stage.file("calls")).unwrap();
        assert_eq!(calls[before..].matches("C_WrapKey").count(), 1, "{deed}");
        std::fs::remove_file(stage.file("armed")).unwrap();
        assert_eq!(served.wrap(), "right", "{deed}");
        let record = served.record();
        let lost = record
            .iter()
            .filter(|line| line["code"] == "operation-lost");
        assert_eq!(lost.count(), 1, "{deed}");
        served.tally.tell(&format!("{deed} within the wrap"));
    }
}

/// One bridge a call; each value strikes once, and after it a wrap has to come out right.
#[test]
fn any_return_value_in_any_call_is_told_or_survived() {
    let calls = [
        "C_WrapKey",
        "C_OpenSession",
        "C_FindObjectsInit",
        "C_FindObjects",
        "C_GetAttributeValue",
        "C_CreateObject",
        "C_GenerateKey",
        "C_GetTokenInfo",
    ];
    let most = if super::stage::is_full() {
        calls.len()
    } else {
        4
    };
    for call in calls.iter().take(most) {
        let rules: String = VALUES
            .iter()
            .map(|value| {
                let target = match *call {
                    "C_WrapKey" => format!("target = {{ label-part = \"{LABEL}\" }}\n"),
                    _ => String::new(),
                };
                format!(
                    "[[fault]]\ncall = \"{call}\"\n{target}while-file = \"armed-{value:X}\"\n\
                     once-file = \"struck-{value:X}\"\nreturns = {value}\n"
                )
            })
            .collect();
        let stage = Stage::playing(&rules, "");
        let mut served = stage.serve();
        assert_eq!(served.wrap(), "right");
        for value in VALUES {
            if *call != "C_WrapKey" {
                // Sessions and the list of keys are kept until the lock, or for a while.
                let _ = served
                    .bridge
                    .address
                    .post("/v1/lock", &serde_json::json!({}));
            }
            std::fs::write(stage.file(&format!("armed-{value:X}")), "").unwrap();
            let outcome = served.wrap();
            assert!(
                stage.file(&format!("struck-{value:X}")).exists(),
                "{call} was not called"
            );
            std::fs::remove_file(stage.file(&format!("armed-{value:X}"))).unwrap();
            let then = served.wrap_until_right(2);
            assert!(
                then.is_empty(),
                "{call} 0x{value:X}: {outcome}, then {then:?}"
            );
        }
        served.record();
        served
            .tally
            .tell(&format!("{} return values of {call}", VALUES.len()));
    }
}

/// What a login returns is told, and a PIN that was refused is neither kept nor tried again.
#[test]
fn what_a_login_returns_is_told_and_a_refused_pin_is_not_tried_again() {
    for value in VALUES {
        let rule =
            format!("[[fault]]\ncall = \"C_Login\"\nonce-file = \"struck\"\nreturns = {value}");
        let stage = Stage::playing(&rule, "");
        let mut served = stage.serve();
        let first = served.wrap();
        match value {
            0xA0 => {
                assert_eq!(first, "pin-wrong");
                assert!(!served.is_unlocked());
                assert_eq!(served.wrap(), "pin-wrong", "from memory");
                let calls = std::fs::read_to_string(stage.file("calls")).unwrap();
                assert_eq!(calls.matches("C_Login").count(), 1);
            }
            0x100 => {
                // A token that calls somebody logged in who is not shows no private keys: that is told.
                assert_eq!(first, "key-unknown");
            }
            _ => {
                let _ = served.wrap_until_right(2);
            }
        }
        served.record();
        served.tally.tell(&format!("C_Login returns 0x{value:X}"));
    }
}

#[test]
fn a_token_that_is_removed_and_returned_between_two_wraps_wraps_again() {
    let rule = "[[fault]]\ncall = \"*\"\nwhile-file = \"removed\"\nreturns = 0xE0";
    let stage = Stage::playing(rule, "");
    let mut served = stage.serve();
    for _ in 0..2 {
        assert_eq!(served.wrap(), "right");
        std::fs::write(stage.file("removed"), "").unwrap();
        assert_ne!(served.wrap(), "right");
        std::fs::remove_file(stage.file("removed")).unwrap();
    }
    let errors = served.wrap_until_right(1);
    assert!(errors.is_empty());
    served.record();
    served.tally.tell("token removed and returned");
}

#[test]
fn another_token_in_the_slot_is_not_wrapped_with() {
    let stage = Stage::playing("", "");
    let mut served = stage.serve();
    assert_eq!(served.wrap(), "right");
    // The next worker reads it.
    let scenario = stage.file("scenario.toml");
    let before = std::fs::read_to_string(&scenario).unwrap();
    std::fs::write(
        &scenario,
        format!("{before}[token]\nserial = \"another\"\n"),
    )
    .unwrap();
    for worker in keyferry_tests::processes::workers(served.pid()) {
        keyferry_tests::processes::kill(worker);
    }
    assert_eq!(served.wrap(), "token-replaced");
    std::fs::write(&scenario, before).unwrap();
    assert_eq!(served.wrap(), "right", "the first one is back");
    served.tally.tell("another token in the slot");
}
