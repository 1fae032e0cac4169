//! What is wrong with an HSM or its module, played by the simulated one: each fault gets its own
//! words, nothing leaves, and no PIN is spent.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use keyferry_tests::{Desk, Kek, Simulated, audit_chain};

/// The label of the real key in these tests.
const LABEL: &str = "the real key";

#[test]
fn a_module_of_another_processor_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("module.so");
    let mut elf = std::fs::read(Simulated::module()).unwrap();
    // e_machine of the ELF header: a processor that nobody has here (EM_S390).
    elf[18..20].copy_from_slice(&22_u16.to_le_bytes());
    std::fs::write(&module, elf).unwrap();
    let desk = Desk::embedded().flag("--module").flag(&module);
    assert_eq!(desk.json(["keys"]).refusal(1), "module-wrong-architecture");
}

#[test]
fn a_module_that_does_not_start_is_told_by_what_happened() {
    for (fault, code, words) in [
        (
            "returns = 0x30",
            "module-does-not-start",
            "CKR_DEVICE_ERROR",
        ),
        ("does = \"abort\"", "worker-stopped", "C_Initialize"),
        ("does = \"crash\"", "worker-stopped", "C_Initialize"),
        ("does = \"exit\"", "worker-stopped", "C_Initialize"),
    ] {
        let token = playing(&format!("[[fault]]\ncall = \"C_Initialize\"\n{fault}"));
        let answer = token.desk().json(["keys"]);
        assert_eq!(answer.refusal(1), code, "{fault}");
        assert!(answer.stdout.contains(words), "{fault}: {}", answer.stdout);
    }
}

#[test]
fn a_module_without_slots_has_no_token() {
    let token = playing("[slots]\ncopies = 0");
    assert_eq!(token.desk().json(["keys"]).refusal(1), "token-absent");
}

#[test]
fn of_two_tokens_of_one_label_the_slot_chooses() {
    let token = playing("[slots]\ncopies = 2");
    let by_label = token.desk().flag("--token").flag("keyferry-software");
    let answer = by_label.json(["keys"]);
    assert_eq!(answer.refusal(1), "token-ambiguous");
    let slots: Vec<&str> = answer.stdout.split("in slot ").skip(1).collect();
    assert_eq!(slots.len(), 2, "{}", answer.stdout);
    for slot in slots {
        let number: String = slot.chars().take_while(char::is_ascii_digit).collect();
        let desk = token.desk().flag("--slot").flag(number);
        let _ = desk.json(["keys"]).success();
    }
}

#[test]
fn a_token_that_is_not_set_up_gets_no_pin() {
    for (flags, code) in [
        (
            "clear = [\"token-initialized\", \"user-pin-initialized\"]",
            "token-uninitialised",
        ),
        ("clear = [\"user-pin-initialized\"]", "pin-not-set"),
        ("set = [\"user-pin-locked\"]", "pin-locked"),
    ] {
        let token = playing(&format!("[token]\n{flags}"));
        assert_eq!(token.desk().json(["keys"]).refusal(1), code, "{flags}");
        assert!(!calls(&token).contains("C_Login"), "{flags}");
    }
    let token = playing("[token]\nset = [\"user-pin-final-try\"]");
    let code = token.desk().json(["keys"]).refusal(1);
    assert!(
        ["pin-final-try", "prompt-unavailable"].contains(&code.as_str()),
        "{code}"
    );
    assert!(!calls(&token).contains("C_Login"));
}

#[test]
fn a_pin_that_has_to_be_changed_is_told_and_tried_once() {
    let token = playing(
        "[token]\nset = [\"user-pin-to-be-changed\"]\n[[fault]]\ncall = \"C_Login\"\nreturns = 0xA3",
    );
    let answer = token.desk().json(["keys"]);
    let _ = answer.refusal(1);
    let said = answer.stdout.contains("CKR_PIN_EXPIRED") || answer.stdout.contains("changed");
    assert!(said, "{}", answer.stdout);
    assert!(calls(&token).matches("C_Login").count() <= 1);
}

#[test]
fn a_pin_pad_takes_the_pin_and_the_program_none() {
    let token =
        playing("[token]\nset = [\"protected-authentication-path\"]\npad-pin-file = \"typed\"");
    let pad = token.desk_asking().flag("--pin-source").flag("protected");
    std::fs::write(token.folder().join("typed"), "0000").unwrap();
    assert_eq!(pad.json(["keys"]).refusal(1), "pin-wrong");
    assert_eq!(calls(&token).matches("C_Login").count(), 1);
    std::fs::copy(token.pin_file(), token.folder().join("typed")).unwrap();
    let _ = pad.json(["keys"]).success();
    assert_eq!(wrapped_by(&token, &pad), "oaep+kwp");
}

#[test]
fn a_mechanism_that_is_listed_and_refuses_gives_way_to_the_next() {
    let token = playing(
        "[[mechanism]]\ncode = 0x210A\nflags = [\"wrap\"]\nwraps = { key = \"kwp\" }\n\
         [[fault]]\ncall = \"C_WrapKey\"\nmechanism = 0x210B\nreturns = 0x70",
    );
    assert_eq!(wrapped_by(&token, &token.desk()), "oaep+aes-wrap-pad");
}

#[test]
fn a_token_that_is_wrong_about_lengths_before_the_wrap_still_transfers() {
    for lie in ["announced = 1", "announced = -1", "room = 9000"] {
        let token = playing(&format!(
            "[[mechanism]]\ncode = 0x210B\n{lie}\n[[mechanism]]\ncode = 9\n{lie}"
        ));
        assert_eq!(wrapped_by(&token, &token.desk()), "oaep+kwp", "{lie}");
    }
}

#[test]
fn a_refused_kek_is_told_as_such() {
    let token = playing("[[fault]]\ncall = \"C_CreateObject\"\nreturns = 0xD1");
    let answer = wrap(&token, &token.desk());
    // None of its mechanisms was tried, so none is called wrong.
    assert_eq!(answer.refusal(1), "self-test-failed");
    assert!(
        answer.stdout.contains("oaep+kwp not-run"),
        "{}",
        answer.stdout
    );
    let told = token.desk().json(["doctor", "--self-test"]).stdout;
    assert!(told.contains("the token takes no KEK"), "{told}");
    assert!(told.contains("CKR_TEMPLATE_INCONSISTENT"), "{told}");
}

/// The self-test passes, and then the real wrap is of another length.
#[test]
fn a_wrap_of_a_wrong_length_leaves_nothing_and_names_the_token() {
    for (mechanism, returned) in [(0x210B, 8), (0x210B, -8), (0x210B, 1)] {
        let token = playing(&format!(
            "[token]\nlabel = \"liar\"\n[[mechanism]]\ncode = {mechanism}\nreturned = {returned}\n\
             target = {{ label-part = \"{LABEL}\" }}"
        ));
        let answer = wrap(&token, &token.desk());
        let code = answer.refusal(1);
        assert!(code.contains("length"), "{returned}: {}", answer.stdout);
        assert!(answer.stdout.contains("liar"), "{}", answer.stdout);
    }
}

#[test]
fn a_token_without_a_free_session_is_told() {
    let token = playing("[policy]\nsessions = 1");
    let answer = token.desk().json(["keys"]);
    let _ = answer.refusal(1);
    assert!(
        answer.stdout.contains("CKR_SESSION_COUNT"),
        "{}",
        answer.stdout
    );
    assert!(answer.stdout.contains("sessions"), "{}", answer.stdout);
}

#[test]
fn an_attribute_that_holds_a_key_back_is_its_reason() {
    for (rule, code) in [
        ("attribute = 0x162\nvalue = false", "not-extractable"),
        ("attribute = 0x210\nvalue = true", "wrap-with-trusted"),
    ] {
        let token = playing(&format!("[[attribute]]\n{rule}\nlabel = \"{LABEL}\""));
        let answer = wrap(&token, &token.desk());
        assert_eq!(answer.refusal(1), code);
        let keys = token.desk().json(["keys"]).success();
        assert_eq!(keys["keys"][0]["transferable"], false);
        assert_eq!(keys["keys"][0]["reasons"][0]["code"], code);
    }
}

/// Every call that a transfer makes, and the process gone inside it: an answer each time, and the
/// token as good as before.
#[test]
fn a_crash_in_any_call_of_a_transfer_ends_in_an_answer() {
    let token = playing("");
    let _ = wrap(&token, &token.desk()).success();
    let mut names: Vec<String> = calls(&token)
        .lines()
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        // After the answer has been given.
        .filter(|name| !["C_Finalize", "C_CloseSession"].contains(&name.as_str()))
        .collect();
    names.sort();
    names.dedup();
    assert!(names.len() > 15, "{names:?}");
    let token = names.iter().fold(token, |token, name| {
        let scenario = format!("title = \"x\"\n[[fault]]\ncall = \"{name}\"\ndoes = \"abort\"");
        let token = token.turned(&scenario);
        let answer = wrap_again(&token, &token.desk());
        // What reads is done again and fails as before; a login, which looks at its session first, never is.
        let code = match name.as_str() {
            "C_Login" | "C_GetSessionInfo" => "operation-lost",
            _ => "worker-stopped",
        };
        assert_eq!(answer.refusal(1), code, "{name}");
        token
    });
    let token = token.turned("title = \"whole again\"");
    let _ = wrap_again(&token, &token.desk()).success();
}

fn playing(rules: &str) -> Simulated {
    Simulated::playing(&format!("title = \"x\"\nrecord = \"calls\"\n{rules}\n"))
}

fn calls(token: &Simulated) -> String {
    std::fs::read_to_string(token.folder().join("calls")).unwrap()
}

/// Makes the real key, behind the scenario's back, and wraps it.
fn wrap(token: &Simulated, desk: &Desk) -> keyferry_tests::Answer {
    let keygen = ["keygen", "--kind", "P-256", "--label", LABEL];
    let _ = token.real().json(keygen).success();
    wrap_again(token, desk)
}

/// Wraps the real key. Where that is refused, nothing is left and the record is whole.
fn wrap_again(token: &Simulated, desk: &Desk) -> keyferry_tests::Answer {
    let out = token.folder().join("key.byok");
    let kek = Kek::shared(2048).az_json();
    let wrap = ["wrap", "--yes", "--force", "--key", LABEL, "--kek"];
    let files = [kek.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let before = std::fs::read(&out).ok();
    let answer = desk.json(wrap.iter().copied().chain(files));
    if answer.code != Some(0) {
        assert_eq!(std::fs::read(&out).ok(), before, "{}", answer.stdout);
    }
    let _ = audit_chain::read(desk.state()).unwrap();
    answer
}

/// The strategy of a wrap that has to succeed.
fn wrapped_by(token: &Simulated, desk: &Desk) -> String {
    let answer = wrap(token, desk).success();
    answer["strategy"].as_str().unwrap().to_owned()
}
