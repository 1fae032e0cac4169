//! Processes of their own on one folder: killed at any moment, and with a disk that is full. The test's own binary
//! is the other process.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::*;

const FOLDER: &str = "KEYFERRY_TEST_RECORD_FOLDER";

/// Not a case: what the other process does. It appends from eight tasks and prints each line's number when it was
/// answered, until it is killed or refused.
#[test]
#[ignore = "the other process of the cases below, which start it"]
fn appends_until_it_ends() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let state = StateFolder::open(Some(Path::new(&folder))).unwrap();
    let log = AuditLog::open(&state).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks = (0..8).map(|_| async {
            loop {
                match log.append(entry()).await {
                    Ok(line) => answered(&format!("{}", line.seq)),
                    Err(error) => break answered(error.code()),
                }
            }
        });
        futures_util::future::join_all(tasks).await;
    });
}

/// One write: a killed process leaves no half of a number that was answered.
fn answered(text: &str) {
    use std::io::Write;
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(Path::new(&std::env::var_os(FOLDER).unwrap()).join("answered"))
        .unwrap();
    file.write_all(format!("{text}\n").as_bytes()).unwrap();
}

fn other(place: &Place, wrapper: &[&str]) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut command = match wrapper {
        [] => Command::new(&program),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(&program);
            command
        }
    };
    command
        .args(["--ignored", "--exact"])
        .arg("audit_log::tests::processes::appends_until_it_ends")
        .env(FOLDER, place.state.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn answers(place: &Place) -> Vec<String> {
    fs::read_to_string(place.state.path().join("answered"))
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn processes_killed_at_any_moment_lose_no_line_that_was_answered() {
    let place = Place::new();
    for round in 0..12u64 {
        let mut children = [other(&place, &[]), other(&place, &[])];
        let before = answers(&place).len();
        let enough = if round == 11 { 100 } else { before };
        while answers(&place).len() <= before.max(enough) {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(7 * round));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        place.append();
        let lines = place.events().len() as u64;
        for answer in answers(&place) {
            let seq: u64 = answer.parse().unwrap();
            assert!(seq <= lines, "line {seq} was answered, and is not there");
        }
    }
    let mut all: Vec<_> = answers(&place);
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count, "no line was answered twice");
    assert!(count > 100, "{count}");
}

#[cfg(unix)]
#[test]
fn a_full_disk_refuses_whole_groups_and_leaves_nothing_half_written() {
    let place = Place::new();
    place.append();
    // The system's own limit on a file's size: the write that crosses it is cut short, as on a full disk.
    let limited = "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"";
    let mut child = other(&place, &["sh", "-c", limited]);
    assert!(child.wait().unwrap().success());
    let answers = answers(&place);
    let refused = answers.iter().filter(|a| *a == "audit-unwritable").count();
    assert_eq!(refused, 8, "{answers:?}");
    let written = answers.len() - refused;
    assert!(written > 50, "{written}");
    assert_eq!(place.events().len(), 1 + written);
    place.append();
    assert_eq!(place.events(), vec![AuditEvent::Keygen; 2 + written]);
}
