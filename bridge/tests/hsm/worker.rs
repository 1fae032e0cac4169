//! The worker process itself: deadlines, its end, what it gets of the environment.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keyferry::hsm::{Hsm, Module, OpenRequest, TokenChoice, WorkerOptions};

use crate::token::options;

/// A program in place of the worker.
fn options_of(program: PathBuf) -> WorkerOptions {
    WorkerOptions::of(program, &[])
}

fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("worker");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

fn any_token() -> OpenRequest {
    let module = Module::Library {
        path: "/nowhere".into(),
        args: None,
    };
    OpenRequest {
        module,
        token: TokenChoice::Only,
    }
}

pub(crate) fn is_running(pid: &str) -> bool {
    // A zombie has ended; it only waits to be counted.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn a_call_that_hangs_is_ended_at_its_deadline_and_the_worker_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pid");
    let program = program(
        folder.path(),
        &format!("echo $$ > {}; exec sleep 60", pid_file.display()),
    );
    let mut options = options_of(program);
    options.deadlines.open = Duration::from_millis(300);
    options.deadlines.read = Duration::from_millis(300);
    let hsm = Hsm::start(options).await.unwrap();
    let begun = Instant::now();
    assert_eq!(
        hsm.open(any_token()).await.unwrap_err().code(),
        "deadline-exceeded"
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(hsm.keys().await.unwrap_err().code(), "deadline-exceeded");
    assert!(!is_running(fs::read_to_string(pid_file).unwrap().trim()));
}

#[tokio::test]
async fn a_worker_that_dies_is_told_and_its_handle_stays_usable() {
    let folder = tempfile::tempdir().unwrap();
    let hsm = Hsm::start(options_of(program(folder.path(), "exit 1")))
        .await
        .unwrap();
    assert_eq!(
        hsm.open(any_token()).await.unwrap_err().code(),
        "worker-stopped"
    );
    assert_eq!(
        hsm.open(any_token()).await.unwrap_err().code(),
        "worker-stopped"
    );
}

#[tokio::test]
async fn a_worker_that_answers_nonsense_breaks_the_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let hsm = Hsm::start(options_of(program(
        folder.path(),
        "printf 'nonsense'; exec sleep 60",
    )))
    .await
    .unwrap();
    assert_eq!(
        hsm.open(any_token()).await.unwrap_err().code(),
        "worker-protocol"
    );
}

#[tokio::test]
async fn a_program_that_is_missing_does_not_start() {
    let error = Hsm::start(options_of("/nowhere/keyferry".into()))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "worker-does-not-start");
}

#[tokio::test]
async fn the_worker_gets_the_variables_of_its_list_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("environment");
    let mut options = options_of(program(folder.path(), &format!("env > {}", seen.display())));
    options
        .environment
        .insert("VENDOR_CONF".into(), "here".into());
    let hsm = Hsm::start(options).await.unwrap();
    hsm.open(any_token()).await.unwrap_err();
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.contains("VENDOR_CONF=here"));
    // Cargo sets dozens for a test; a shell adds its own PWD, OLDPWD, SHLVL and _.
    assert!(!seen.contains("CARGO"), "{seen}");
}

#[tokio::test]
async fn the_worker_ends_with_the_last_handle() {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pid");
    let real = options();
    let wrapper = program(
        folder.path(),
        &format!(
            "echo $$ > {}; exec {} \"$@\"",
            pid_file.display(),
            real.program.display()
        ),
    );
    let hsm = Hsm::start(WorkerOptions {
        program: wrapper,
        ..real
    })
    .await
    .unwrap();
    assert_eq!(hsm.keys().await.unwrap_err().code(), "token-not-open");
    let pid = fs::read_to_string(pid_file).unwrap();
    let clone = hsm.clone();
    drop(hsm);
    assert_eq!(clone.keys().await.unwrap_err().code(), "token-not-open");
    assert!(is_running(pid.trim()));
    drop(clone);
    let begun = Instant::now();
    while is_running(pid.trim()) {
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "the worker outlives its handles"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
