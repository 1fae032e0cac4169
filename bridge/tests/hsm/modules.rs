//! Files that are no PKCS#11 module, each told as what it is.
#![cfg(unix)]

use std::fs;
use std::path::Path;

use keyferry::hsm::{Hsm, HsmError, Module, OpenRequest, TokenChoice};

use crate::token::options;

async fn refusal(path: &Path) -> HsmError {
    let module = Module::Library {
        path: path.to_owned(),
        args: None,
    };
    let hsm = Hsm::start(options()).await.unwrap();
    hsm.open(OpenRequest {
        module,
        token: TokenChoice::Only,
    })
    .await
    .unwrap_err()
}

#[tokio::test]
async fn a_missing_file_is_missing() {
    assert_eq!(
        refusal(Path::new("/nowhere/libpkcs11.so")).await.code(),
        "module-missing"
    );
}

#[tokio::test]
async fn a_text_an_empty_file_and_a_folder_are_no_libraries() {
    let folder = tempfile::tempdir().unwrap();
    let (text, empty) = (
        folder.path().join("text.so"),
        folder.path().join("empty.so"),
    );
    fs::write(&text, "not a library").unwrap();
    fs::write(&empty, "").unwrap();
    for path in [&text, &empty, &folder.path().to_owned()] {
        let error = refusal(path).await;
        assert_eq!(error.code(), "module-not-a-library", "{error}");
        assert!(!error.advice().is_empty());
    }
}

#[tokio::test]
async fn a_library_without_the_entry_point_is_no_pkcs11_module() {
    let error = refusal(Path::new("libc.so.6")).await;
    assert_eq!(
        error.code(),
        "module-missing",
        "a bare name is a path, not a search"
    );
    let libc = fs::read_to_string("/proc/self/maps")
        .unwrap()
        .lines()
        .find_map(|line| {
            line.split_whitespace()
                .last()
                .filter(|path| path.contains("/libc.so"))
                .map(str::to_owned)
        })
        .unwrap();
    assert_eq!(refusal(Path::new(&libc)).await.code(), "module-not-pkcs11");
}
