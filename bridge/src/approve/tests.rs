//! Approvals: bound to what was shown, used once, and given by nobody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use keyferry_core::{
    Admission, ApprovalKind, Kid, PracticeAuthority, Requester, SelfTest, Strategy, TargetKind,
    Thumbprint, TokenInfo,
};

use super::{Approval, ByFlag, Consent, DisposableQuestion, PracticeDemo, WrapQuestion};
use crate::Error;
use crate::hsm::{Choice, Coverage};
use crate::sample::token;

fn kid(text: &str) -> Kid {
    let practice = PracticeAuthority::new("127.0.0.1", 8443).unwrap();
    Kid::parse(
        text,
        &Admission {
            practice: Some(practice),
            extra_suffixes: Vec::new(),
        },
    )
    .unwrap()
}

fn thumbprint(digit: char) -> Thumbprint {
    digit.to_string().repeat(64).parse().unwrap()
}

fn choice(self_test: SelfTest, coverage: Coverage) -> Choice {
    Choice {
        strategy: Strategy::OaepKwp,
        self_test,
        coverage,
        proven_lengths: Vec::new(),
    }
}

fn question() -> WrapQuestion {
    WrapQuestion {
        label: "signing".to_owned(),
        id: "01".to_owned(),
        target: TargetKind::P256,
        token: token(),
        thumbprint: thumbprint('a'),
        kid: kid("https://contoso.vault.azure.net/keys/kek/0123456789abcdef0123456789abcdef"),
        choice: choice(SelfTest::Exact, Coverage::Kind { zeros: 0 }),
        attested: None,
        asked_by: Requester::Page,
    }
}

fn yes() -> Approval {
    Approval::of(&question(), ApprovalKind::Terminal)
}

#[test]
fn an_approval_fits_the_question_it_answers() {
    assert_eq!(yes().consume(&question()).unwrap(), ApprovalKind::Terminal);
}

#[test]
fn an_approval_fits_no_other_key_kek_or_vault() {
    let other_kid =
        kid("https://fabrikam.vault.azure.net/keys/kek/0123456789abcdef0123456789abcdef");
    let others = [
        WrapQuestion {
            id: "02".to_owned(),
            ..question()
        },
        WrapQuestion {
            label: "other".to_owned(),
            ..question()
        },
        WrapQuestion {
            thumbprint: thumbprint('b'),
            ..question()
        },
        WrapQuestion {
            kid: other_kid,
            ..question()
        },
    ];
    for other in others {
        assert!(
            matches!(yes().consume(&other), Err(Error::ApprovalMismatch)),
            "{other:?}"
        );
    }
}

#[tokio::test]
async fn an_expected_kek_approves_that_kek_alone() {
    let mut right = ByFlag::ExpectedKek(thumbprint('a'));
    let approval = right.ask(&question()).await.unwrap();
    assert_eq!(approval.consume(&question()).unwrap(), ApprovalKind::ByFlag);
    let mut wrong = ByFlag::ExpectedKek(thumbprint('b'));
    assert_eq!(
        wrong.rule_out(&thumbprint('a')).unwrap_err().code(),
        "kek-mismatch"
    );
    assert_eq!(
        wrong.ask(&question()).await.unwrap_err().code(),
        "kek-mismatch"
    );
}

#[tokio::test]
async fn the_demonstration_approves_only_software_keys_for_its_own_practice_kek() {
    let practice = WrapQuestion {
        kid: kid("https://127.0.0.1:8443/keys/kek/0123456789abcdef0123456789abcdef"),
        token: TokenInfo {
            software: true,
            ..question().token
        },
        ..question()
    };
    let mut demo = PracticeDemo {
        kek: thumbprint('a'),
    };
    let approval = demo.ask(&practice).await.unwrap();
    assert_eq!(approval.consume(&practice).unwrap(), ApprovalKind::Practice);
    let refused = [
        WrapQuestion {
            kid: question().kid,
            ..practice.clone()
        },
        WrapQuestion {
            token: question().token,
            ..practice.clone()
        },
        WrapQuestion {
            thumbprint: thumbprint('b'),
            ..practice.clone()
        },
    ];
    for other in refused {
        assert!(demo.ask(&other).await.is_err(), "{other:?}");
    }
}

#[tokio::test]
async fn an_unproven_strategy_and_objects_on_the_token_take_a_person() {
    let unproven = WrapQuestion {
        kid: kid("https://127.0.0.1:8443/keys/kek/0123456789abcdef0123456789abcdef"),
        token: TokenInfo {
            software: true,
            ..question().token
        },
        choice: choice(SelfTest::NotRun, Coverage::Nothing),
        ..question()
    };
    assert!(
        unproven.facts().contains("UNPROVEN"),
        "{}",
        unproven.facts()
    );
    let objects = DisposableQuestion {
        token: "token".to_owned(),
        asked_by: Requester::CommandLine,
    };
    let kek = thumbprint('a');
    let (mut yes, mut expected, mut demo) =
        (ByFlag::Yes, ByFlag::ExpectedKek(kek), PracticeDemo { kek });
    let flags: [&mut dyn Consent; 3] = [&mut yes, &mut expected, &mut demo];
    for flag in flags {
        assert!(flag.ask(&unproven).await.is_err());
        assert!(flag.allow_disposable(&objects).await.is_err());
    }
}

#[test]
fn the_question_shows_what_matters() {
    let facts = question().facts();
    for needed in [
        "signing (P-256)",
        &thumbprint('a').grouped(),
        "https://contoso.vault.azure.net/keys/kek/",
        "browser",
    ] {
        assert!(facts.contains(needed), "{needed} is missing in {facts}");
    }
    assert!(!facts.contains("Warning"), "{facts}");
}

#[test]
fn the_question_warns_in_plain_words() {
    let question = WrapQuestion {
        kid: kid("https://127.0.0.1:8443/keys/kek/0123456789abcdef0123456789abcdef"),
        token: TokenInfo {
            software: true,
            ..question().token
        },
        choice: choice(
            SelfTest::TrailingZeros,
            Coverage::Family {
                tried: TargetKind::P384,
                zeros: 5,
            },
        ),
        ..question()
    };
    let facts = question.facts();
    for warning in [
        "practice only",
        "software token",
        "zero bytes",
        "could not cover P-256, only P-384",
    ] {
        assert!(facts.contains(warning), "{warning} is missing in {facts}");
    }
}

#[test]
fn a_label_cannot_forge_the_question() {
    let label = format!(
        "innocent\r\nKEK        {}\u{1b}[2K\u{202e}",
        "b".repeat(300)
    );
    let facts = WrapQuestion {
        label,
        ..question()
    }
    .facts();
    assert_eq!(
        facts.lines().count(),
        question().facts().lines().count(),
        "{facts}"
    );
    assert!(!facts.contains(['\u{1b}', '\r', '\u{202e}']), "{facts}");
    assert!(
        facts.len() < 900,
        "too long for a pinentry: {} bytes",
        facts.len()
    );
}
