//! The simulated module itself: it is the real token where the scenario says nothing, and what the
//! scenario says where it does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use base64ct::{Base64, Encoding as _};
use keyferry_tests::private_key_info::PrivateKeyInfo;
use keyferry_tests::{Kek, Simulated, audit_chain, opener};

#[test]
fn an_empty_scenario_is_the_real_token() {
    let token = Simulated::playing("title = \"nothing\"");
    let made = token
        .desk()
        .json(["keygen", "--kind", "P-256", "--label", "mine"])
        .success();
    let keys = token.desk().json(["keys"]).success();
    assert_eq!(keys["keys"][0], made);
    assert_eq!(keys["keys"], token.real().json(["keys"]).success()["keys"]);
    assert_eq!(
        token.onlooker().ask(&["attributes", "mine"])["extractable"],
        true
    );
}

#[test]
fn what_a_mechanism_makes_is_told_by_the_self_test() {
    for (wraps, outcome) in [
        ("{ key = \"kwp\" }", "exact"),
        ("{ key = \"zero-padded-kwp\" }", "trailing-zeros"),
        ("{ key = \"pkcs7\" }", "self-test-failed"),
    ] {
        let scenario = format!(
            "title = \"x\"\n[mechanisms]\nhidden = [0x210B]\n\
             [[mechanism]]\ncode = 0x210A\nflags = [\"wrap\"]\nwraps = {wraps}\n"
        );
        assert_eq!(transfer(&Simulated::playing(&scenario)), outcome, "{wraps}");
    }
    let one_shot = Simulated::named("one-shot");
    assert_eq!(transfer(&one_shot), "exact");
    let hash = "title = \"x\"\n[[mechanism]]\ncode = 9\nwraps = { oaep = \"sha256\" }";
    assert_eq!(transfer(&Simulated::playing(hash)), "self-test-failed");
}

#[test]
fn a_call_fails_as_the_scenario_says() {
    let fault = |fault: &str| {
        let scenario = format!("title = \"x\"\nrecord = \"calls\"\n[[fault]]\n{fault}\n");
        Simulated::playing(&scenario)
    };
    let token = fault("call = \"C_Login\"\nreturns = 0x30");
    let answer = token.desk().json(["keys"]);
    assert_eq!(answer.refusal(1), "pkcs11-call-failed");
    assert!(answer.stdout.contains("C_Login returned CKR_DEVICE_ERROR"));
    let calls = std::fs::read_to_string(token.folder().join("calls")).unwrap();
    assert_eq!(calls.matches("C_Login").count(), 1, "{calls}");
    assert!(!calls.contains("C_FindObjects"), "{calls}");

    for deed in ["abort", "crash", "exit"] {
        let token = fault(&format!(
            "call = \"C_FindObjects\"\nat = 2\ndoes = \"{deed}\""
        ));
        let answer = token.desk().json(["keys"]);
        assert_eq!(answer.refusal(1), "worker-stopped", "{deed}");
        let calls = std::fs::read_to_string(token.folder().join("calls")).unwrap();
        assert!(calls.ends_with("C_FindObjects\n"), "{calls}");
    }
}

#[test]
fn a_fault_may_come_once_or_for_a_while() {
    let token = Simulated::playing(
        "title = \"x\"\n\
         [[fault]]\ncall = \"C_OpenSession\"\nonce-file = \"struck\"\ndoes = \"abort\"\n\
         [[fault]]\ncall = \"C_GetTokenInfo\"\nwhile-file = \"removed\"\nreturns = 0x32\n",
    );
    // What reads is done again by the worker's successor.
    let _ = token.desk().json(["keys"]).success();
    assert!(token.folder().join("struck").exists());
    std::fs::write(token.folder().join("removed"), "").unwrap();
    assert_eq!(token.desk().json(["keys"]).refusal(1), "pkcs11-call-failed");
    std::fs::remove_file(token.folder().join("removed")).unwrap();
    let _ = token.desk().json(["keys"]).success();
}

/// Makes a P-256 key and wraps it: how the self-test came out, or why the wrap was refused.
fn transfer(token: &Simulated) -> String {
    let desk = token.desk();
    let _ = desk
        .json(["keygen", "--kind", "P-256", "--label", "key"])
        .success();
    let (kek, out) = (Kek::shared(2048), token.folder().join("key.byok"));
    let (kek_file, out_text) = (kek.az_json(), out.to_str().unwrap());
    let kek_file = kek_file.to_str().unwrap();
    let wrap = [
        "wrap", "--yes", "--key", "key", "--kek", kek_file, "--out", out_text,
    ];
    let answer = desk.json(wrap);
    if answer.code != Some(0) {
        assert!(!out.exists());
        return answer.refusal(1);
    }
    let file = std::fs::read(&out).unwrap();
    let opened = opener::open(&file, &kek.private_pem(), kek.bytes()).unwrap();
    let info = PrivateKeyInfo::parse(&opened.plaintext).unwrap();
    let keys = desk.json(["keys"]).success();
    let spki = Base64::decode_vec(keys["keys"][0]["spki"].as_str().unwrap()).unwrap();
    assert_eq!(info.public_half().unwrap(), spki);
    let log = audit_chain::read(desk.state()).unwrap();
    let outcome = log.iter().find(|line| line["event"] == "wrap-outcome");
    let self_test = &outcome.unwrap()["self_test"];
    self_test.as_str().unwrap().to_owned()
}
