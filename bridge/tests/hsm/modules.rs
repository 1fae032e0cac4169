//! Files that are no PKCS#11 module, each told as what it is.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::Command;

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

#[tokio::test]
async fn a_library_of_another_processor_is_told_by_both_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("libpkcs11.so");
    let (machine, name): (u16, &str) = if cfg!(target_arch = "aarch64") {
        (62, "x86_64")
    } else {
        (183, "aarch64")
    };
    let mut head = vec![0_u8; 64];
    head.splice(..7, *b"\x7fELF\x02\x01\x01");
    head.splice(16..18, 3_u16.to_le_bytes());
    head.splice(18..20, machine.to_le_bytes());
    fs::write(&path, head).unwrap();
    let error = refusal(&path).await;
    assert_eq!(error.code(), "module-wrong-architecture", "{error}");
    let text = error.to_string();
    assert!(
        text.contains(name) && text.contains(std::env::consts::ARCH),
        "{text}"
    );
}

#[tokio::test]
async fn a_library_that_its_module_needs_and_that_is_gone_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let make = |arguments: &[&str]| {
        let made = Command::new("cc")
            .current_dir(folder.path())
            .args(arguments)
            .status()
            .unwrap();
        assert!(made.success());
    };
    fs::write(
        folder.path().join("inner.c"),
        "int inner(void) { return 1; }\n",
    )
    .unwrap();
    fs::write(
        folder.path().join("outer.c"),
        "int inner(void); int outer(void) { return inner(); }\n",
    )
    .unwrap();
    make(&["-shared", "-fPIC", "-o", "libinner.so", "inner.c"]);
    make(&[
        "-shared",
        "-fPIC",
        "-o",
        "libouter.so",
        "outer.c",
        "-L.",
        "-linner",
    ]);
    fs::remove_file(folder.path().join("libinner.so")).unwrap();
    let error = refusal(&folder.path().join("libouter.so")).await;
    assert_eq!(error.code(), "module-library-missing", "{error}");
    assert!(error.to_string().contains("libinner.so"), "{error}");
}
