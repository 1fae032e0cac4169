//! Modules that misbehave: each a few lines of C, since a fault of foreign code is the point.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use keyferry::hsm::{Hsm, HsmError, Module, OpenRequest, TokenChoice};

use crate::token::options;
use crate::worker::is_running;

/// A library whose `C_GetFunctionList` does what `body` says.
fn module(folder: &Path, body: &str) -> PathBuf {
    let (source, library) = (folder.join("module.c"), folder.join("module.so"));
    let text = format!(
        "#include <stdio.h>\n#include <unistd.h>\nunsigned long C_GetFunctionList(void **list) {{ {body} }}\n"
    );
    fs::write(&source, text).unwrap();
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&source)
        .status()
        .unwrap();
    assert!(compiled.success());
    library
}

async fn open(path: PathBuf) -> (Hsm, HsmError) {
    let hsm = Hsm::start(options()).await.unwrap();
    let module = Module::Library { path, args: None };
    let error = hsm
        .open(OpenRequest {
            module,
            token: TokenChoice::Only,
        })
        .await
        .unwrap_err();
    (hsm, error)
}

#[tokio::test]
async fn what_a_module_prints_or_reads_never_touches_the_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let body = r#"char line[9]; puts("noise"); fflush(stdout); fputs("noise\n", stderr); return fgets(line, 9, stdin) ? 0 : 5;"#;
    let (hsm, error) = open(module(folder.path(), body)).await;
    assert_eq!(
        error.to_string(),
        "C_GetFunctionList returned CKR_GENERAL_ERROR (0x5)"
    );
    assert_eq!(
        hsm.keys().await.unwrap_err().code(),
        "token-not-open",
        "the worker goes on"
    );
}

#[tokio::test]
async fn a_module_that_crashes_takes_the_worker_along_and_no_one_else() {
    let folder = tempfile::tempdir().unwrap();
    let (hsm, error) = open(module(folder.path(), "__builtin_trap();")).await;
    assert_eq!(error.code(), "worker-stopped");
    assert_eq!(
        hsm.keys().await.unwrap_err().code(),
        "token-not-open",
        "a successor answers"
    );
}

#[test]
fn a_worker_whose_module_hangs_ends_when_its_bridge_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pid");
    let body = format!(
        r#"FILE *f = fopen("{}", "w"); fprintf(f, "%d.", getpid()); fclose(f); for (;;) pause();"#,
        pid_file.display()
    );
    let library = module(folder.path(), &body);
    let mut bridge = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(["keys", "--pin-source", "fd:0", "--state"])
        .arg(folder.path().join("state"))
        .arg("--module")
        .arg(library)
        .stdin(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let pid = wait_for(|| {
        let text = fs::read_to_string(&pid_file).unwrap_or_default();
        text.strip_suffix('.').map(str::to_owned)
    });
    assert!(is_running(&pid));
    bridge.kill().unwrap();
    bridge.wait().unwrap();
    wait_for(|| (!is_running(&pid)).then_some(()));
}

fn wait_for<T>(mut ready: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "waited in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}
