//! The embedded token.
#![cfg(feature = "embedded")]

use std::fs;
use std::time::{Duration, Instant};

use keyferry::hsm::{
    ExtractableRule, FinalTry, Hsm, LoginStyle, OpenRequest, PinState, TokenChoice,
};
use keyferry::pin::Pin;
use keyferry_core::{KeySelector, SelfTest, Strategy, TargetKind};

use crate::token::{
    embedded, kinds, labelled, moves_every_kind, open_embedded, options, outcomes, request,
};

/// All that Kryoptic can make: it has no secp256k1.
const KINDS: [TargetKind; 9] = [
    TargetKind::Rsa2048,
    TargetKind::Rsa3072,
    TargetKind::Rsa4096,
    TargetKind::P256,
    TargetKind::P384,
    TargetKind::P521,
    TargetKind::Aes128,
    TargetKind::Aes192,
    TargetKind::Aes256,
];

#[tokio::test]
async fn every_kind_moves_by_kwp_exactly() {
    let state = tempfile::tempdir().unwrap();
    let hsm = open_embedded(state.path()).await;
    moves_every_kind(&hsm, &KINDS, Strategy::OaepKwp, |_| SelfTest::Exact).await;
}

#[tokio::test]
async fn the_self_test_is_exact_for_each_kind_and_is_remembered() {
    let state = tempfile::tempdir().unwrap();
    let hsm = open_embedded(state.path()).await;
    let report = hsm.self_test().await.unwrap();
    let proofs = report.proofs;
    assert_eq!(report.extractable, ExtractableRule::Kept);
    assert_eq!(outcomes(&proofs), [(Strategy::OaepKwp, SelfTest::Exact)]);
    assert_eq!(
        kinds(&proofs[0]),
        [
            (TargetKind::Rsa2048, SelfTest::Exact),
            (TargetKind::P256, SelfTest::Exact),
            (TargetKind::Aes256, SelfTest::Exact)
        ]
    );
    let mut least = Duration::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        hsm.self_test().await.unwrap();
        least = least.min(begun.elapsed());
    }
    assert!(
        least < Duration::from_millis(50),
        "the later answers come from memory"
    );
    assert!(
        hsm.keys().await.unwrap().is_empty(),
        "disposable keys are gone"
    );
}

#[tokio::test]
async fn says_that_it_is_software_and_keeps_its_pin_to_its_owner() {
    let state = tempfile::tempdir().unwrap();
    let hsm = Hsm::start(options()).await.unwrap();
    let token = hsm.open(embedded(state.path())).await.unwrap();
    assert!(token.info.software);
    assert_eq!(token.info.label, "keyferry-software");
    assert_eq!(
        (token.login, token.pin_state),
        (LoginStyle::Pin, PinState::Ok)
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path| {
            fs::metadata(state.path().join(path))
                .unwrap()
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!(mode("token"), 0o700);
        assert_eq!(mode("token/pin"), 0o600);
        assert_eq!(mode("token/token.sql"), 0o600);
    }
}

#[tokio::test]
async fn keys_outlive_the_worker_and_other_workers_see_them() {
    let state = tempfile::tempdir().unwrap();
    let (one, two) = (
        open_embedded(state.path()).await,
        open_embedded(state.path()).await,
    );
    let made = one.generate(TargetKind::P256, "shared").await.unwrap();
    assert_eq!(two.keys().await.unwrap(), std::slice::from_ref(&made));
    drop((one, two));
    let three = open_embedded(state.path()).await;
    assert_eq!(three.keys().await.unwrap(), [made]);
}

#[tokio::test]
async fn two_writers_at_once_lose_no_key() {
    let state = tempfile::tempdir().unwrap();
    let (one, two) = tokio::join!(open_embedded(state.path()), open_embedded(state.path()));
    for round in 0..10 {
        let (first, second) = (format!("one {round}"), format!("two {round}"));
        let (first, second) = tokio::join!(
            one.generate(TargetKind::P256, &first),
            two.generate(TargetKind::Aes256, &second)
        );
        first.unwrap();
        second.unwrap();
    }
    assert_eq!(one.keys().await.unwrap().len(), 20);
}

#[tokio::test]
async fn a_token_that_was_half_made_is_made_anew() {
    let state = tempfile::tempdir().unwrap();
    fs::create_dir(state.path().join("token.making")).unwrap();
    fs::write(state.path().join("token.making/token.sql"), "torn").unwrap();
    fs::create_dir(state.path().join("token")).unwrap();
    fs::write(state.path().join("token/pin"), "torn").unwrap();
    let hsm = open_embedded(state.path()).await;
    assert!(hsm.keys().await.unwrap().is_empty());
    assert!(!state.path().join("token.making").exists());
}

#[tokio::test]
async fn a_wrong_pin_is_tried_once_and_the_last_try_only_when_allowed() {
    let state = tempfile::tempdir().unwrap();
    let mut tries = 0;
    // One worker a try, so that nothing but the token's own counter remembers.
    let error = loop {
        let hsm = Hsm::start(options()).await.unwrap();
        hsm.open(embedded(state.path())).await.unwrap();
        let error = hsm
            .login(Some(Pin::new(b"wrong".to_vec())), FinalTry::Refuse)
            .await
            .unwrap_err();
        if error.code() != "pin-wrong" {
            break error;
        }
        tries += 1;
        assert!(tries < 20, "the token never says that the last try is near");
    };
    assert_eq!(error.code(), "pin-final-try");
    assert_eq!(tries, 9, "each login is one try");
    let hsm = Hsm::start(options()).await.unwrap();
    assert_eq!(
        hsm.open(embedded(state.path())).await.unwrap().pin_state,
        PinState::FinalTry
    );
    hsm.login(None, FinalTry::Allow).await.unwrap();
}

#[tokio::test]
async fn without_a_login_nothing_is_listed_made_or_wrapped() {
    let state = tempfile::tempdir().unwrap();
    let hsm = Hsm::start(options()).await.unwrap();
    assert_eq!(hsm.keys().await.unwrap_err().code(), "token-not-open");
    hsm.open(embedded(state.path())).await.unwrap();
    assert_eq!(hsm.keys().await.unwrap_err().code(), "not-logged-in");
    assert_eq!(
        hsm.generate(TargetKind::P256, "x")
            .await
            .unwrap_err()
            .code(),
        "not-logged-in"
    );
    assert_eq!(
        hsm.wrap(request(labelled("x"), 256))
            .await
            .unwrap_err()
            .code(),
        "not-logged-in"
    );
    hsm.login(None, FinalTry::Refuse).await.unwrap();
    hsm.keys().await.unwrap();
    hsm.logout().await.unwrap();
    assert_eq!(hsm.keys().await.unwrap_err().code(), "not-logged-in");
}

#[tokio::test]
async fn a_label_names_one_key_and_an_id_too() {
    let state = tempfile::tempdir().unwrap();
    let hsm = open_embedded(state.path()).await;
    let made = hsm.generate(TargetKind::Aes256, "one").await.unwrap();
    assert_eq!(
        hsm.generate(TargetKind::P256, "one")
            .await
            .unwrap_err()
            .code(),
        "label-taken"
    );
    assert_eq!(
        hsm.generate(TargetKind::P256, "").await.unwrap_err().code(),
        "label-refused"
    );
    assert_eq!(
        hsm.generate(TargetKind::P256K, "k")
            .await
            .unwrap_err()
            .code(),
        "kind-unsupported"
    );
    assert_eq!(
        hsm.wrap(request(labelled("two"), 256))
            .await
            .unwrap_err()
            .code(),
        "key-unknown"
    );
    let by_id = KeySelector {
        label: None,
        id: Some(made.id.to_uppercase()),
    };
    assert_eq!(
        hsm.wrap(request(by_id, 256)).await.unwrap().target,
        TargetKind::Aes256
    );
    let neither = KeySelector {
        label: None,
        id: None,
    };
    assert_eq!(
        hsm.wrap(request(neither, 256)).await.unwrap_err().code(),
        "key-unknown"
    );
}

#[tokio::test]
async fn an_unknown_label_or_slot_is_told_with_what_there_is() {
    let state = tempfile::tempdir().unwrap();
    let request = |token| OpenRequest {
        token,
        ..embedded(state.path())
    };
    let hsm = Hsm::start(options()).await.unwrap();
    let error = hsm
        .open(request(TokenChoice::Label("other".into())))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "token-unknown");
    assert!(error.to_string().contains("keyferry-software"));
    let hsm = Hsm::start(options()).await.unwrap();
    assert_eq!(
        hsm.open(request(TokenChoice::Slot(77)))
            .await
            .unwrap_err()
            .code(),
        "slot-unknown"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let hsm = Hsm::start(options()).await.unwrap();
    let error = hsm
        .open(embedded(std::path::Path::new("/dev/null/state")))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "token-folder");
}
