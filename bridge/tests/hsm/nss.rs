//! NSS softokn: one of its two key wraps is RFC 5649, the other is not, and only the self-test tells.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use keyferry::hsm::{ExtractableRule, FinalTry, Hsm, Module, OpenRequest, TokenChoice};
use keyferry::pin::Pin;
use keyferry_core::{SelfTest, Strategy, TargetKind};

use crate::token::{labelled, options, outcomes, request};

const PIN: &str = "1234";
/// The slot of softokn's key database; slot 1 is its keyless one.
const DATABASE_SLOT: u64 = 2;

/// Debian's libnss3, which the browsers of the page's tests bring along.
fn module() -> PathBuf {
    format!(
        "/usr/lib/{}-linux-gnu/libsoftokn3.so",
        std::env::consts::ARCH
    )
    .into()
}

/// Makes a key database and returns what softokn takes for it in `pReserved`.
fn database(folder: &Path) -> String {
    let (path, pin_file) = (format!("sql:{}", folder.display()), folder.join("pin"));
    fs::write(&pin_file, format!("{PIN}\n")).unwrap();
    let made = Command::new("certutil")
        .args(["-N", "-d", &path, "-f"])
        .arg(&pin_file)
        .status()
        .unwrap();
    assert!(made.success());
    format!("configdir='{path}' certPrefix='' keyPrefix='' secmod='' flags=")
}

#[tokio::test]
async fn kwp_is_exact_and_wrap_pad_is_told_as_another_padding() {
    let folder = tempfile::tempdir().unwrap();
    let module = Module::Library {
        path: module(),
        args: Some(database(folder.path())),
    };
    let hsm = Hsm::start(options()).await.unwrap();
    hsm.open(OpenRequest {
        module,
        token: TokenChoice::Slot(DATABASE_SLOT),
    })
    .await
    .unwrap();
    hsm.login(Some(Pin::new(PIN.into())), FinalTry::Refuse)
        .await
        .unwrap();
    let report = hsm.self_test().await.unwrap();
    let proofs = report.proofs;
    assert_eq!(report.extractable, ExtractableRule::Ignored);
    assert_eq!(
        outcomes(&proofs),
        [
            (Strategy::OaepKwp, SelfTest::Exact),
            (Strategy::OaepAesWrapPad, SelfTest::WrongPadding)
        ],
        "{proofs:#?}"
    );
    hsm.generate(TargetKind::Rsa2048, "target").await.unwrap();
    let wrapped = hsm.wrap(request(labelled("target"), 256)).await.unwrap();
    assert_eq!(
        (wrapped.choice.strategy, wrapped.choice.self_test),
        (Strategy::OaepKwp, SelfTest::Exact)
    );
}
