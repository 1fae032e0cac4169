//! The file that a wrap writes: whole or not at all, for its owner alone, never over another.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use keyferry_tests::{Answer, Desk, Kek, audit_chain, opener};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

#[test]
fn is_its_owners_alone() {
    let case = Case::new();
    let mut command = case
        .desk
        .detached_by(&["sh", "-c", "umask 0; exec \"$0\" \"$@\""], case.wrap());
    assert_eq!(Answer::new(command.output().unwrap()).code, Some(0));
    assert_eq!(fs::metadata(&case.out).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(case.names(), ["key.byok", "key.receipt.json"]);
    case.opens();
}

#[test]
fn is_never_written_over_another_without_force() {
    let case = Case::new();
    fs::write(&case.out, "mine").unwrap();
    assert_eq!(case.desk.json(case.wrap()).refusal(1), "output-exists");
    assert_eq!(fs::read(&case.out).unwrap(), b"mine");
    assert_eq!(case.intents(), 0);
    let forced = case
        .desk
        .json([&case.wrap()[..], &["--force".to_owned()]].concat());
    let _ = forced.success();
    assert_eq!(case.names(), ["key.byok", "key.receipt.json"]);
    case.opens();
}

#[test]
fn a_folder_that_is_not_there_is_told_before_the_wrap() {
    let mut case = Case::new();
    case.out = case.folder.path().join("none/key.byok");
    assert_eq!(case.desk.json(case.wrap()).refusal(1), "output-unwritable");
    assert_eq!((case.intents(), case.names().len()), (0, 0));
}

#[test]
fn a_name_that_is_no_files_is_wrong_usage() {
    let mut case = Case::new();
    let folder = case.folder.path().display().to_string();
    for name in [
        format!("{folder}/new/"),
        format!("{folder}/.."),
        "/".to_owned(),
        ".".to_owned(),
    ] {
        case.out = name.into();
        let answer = case.desk.run(case.wrap());
        assert_eq!(
            answer.code,
            Some(2),
            "{}: {}",
            case.out.display(),
            answer.all()
        );
        assert_eq!((case.intents(), case.names().len()), (0, 0));
    }
}

/// File modes hold root back only without the capability to override them.
#[test]
fn a_read_only_folder_is_told_before_the_wrap() {
    let case = Case::new();
    fs::set_permissions(case.folder.path(), Permissions::from_mode(0o500)).unwrap();
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let starter: &[&str] = if root {
        &["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    } else {
        &[]
    };
    let mut command = case.desk.detached_by(starter, case.wrap());
    let answer = Answer::new(command.arg("--json").output().unwrap());
    fs::set_permissions(case.folder.path(), Permissions::from_mode(0o700)).unwrap();
    assert_eq!(answer.refusal(1), "output-unwritable");
    assert!(
        answer.stdout.contains("ermission denied"),
        "{}",
        answer.stdout
    );
    assert_eq!((case.intents(), case.names().len()), (0, 0));
}

/// The system refuses to let any file grow beyond a few blocks, as a full disk would.
#[test]
fn a_full_disk_is_told_before_the_wrap_and_leaves_no_half_file() {
    let case = Case::new();
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let mut command = case.desk.detached_by(&["sh", "-c", script], case.wrap());
    let answer = Answer::new(command.arg("--json").output().unwrap());
    assert_eq!(answer.refusal(1), "output-unwritable");
    assert_eq!((case.intents(), case.names().len()), (0, 0));
}

/// Not even the record's first line fits: then nothing may be wrapped.
#[test]
fn a_record_that_cannot_be_written_stops_the_wrap() {
    let case = Case::new();
    let log = case.desk.state().join("audit/log.jsonl");
    let held = case.desk.state().join("audit/held");
    fs::rename(&log, held).unwrap();
    fs::create_dir(&log).unwrap();
    assert_eq!(case.desk.json(case.wrap()).refusal(1), "audit-unwritable");
    assert_eq!(case.names().len(), 0);
}

#[test]
fn a_record_that_was_edited_stops_the_wrap() {
    let case = Case::new();
    let log = case.desk.state().join("audit/log.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    let edited = text.replace("\"travels\"", "\"stays\"");
    assert_ne!(text, edited);
    fs::write(&log, edited).unwrap();
    assert_eq!(case.desk.json(case.wrap()).refusal(1), "audit-damaged");
    assert_eq!(case.names().len(), 0);
}

/// Wherever in its course the command is stopped, there is no file or a whole one.
#[test]
fn an_interrupt_at_any_time_leaves_nothing_half() {
    let case = Case::new();
    for wait in [5, 20, 50, 100, 200, 400, 800] {
        let child = case.spawn();
        std::thread::sleep(Duration::from_millis(wait));
        case.interrupt(child);
    }
    // A line may stand before its head; the next one settles that.
    let verdict = case.desk.json(["audit", "verify"]);
    assert_eq!(verdict.code, Some(0), "{}", verdict.all());
    let _ = case.desk.json(case.wrap()).success();
    audit_chain::read(case.desk.state()).unwrap();
}

/// A process that is killed tidies nothing up: what it leaves has to be whole, and nothing else.
#[test]
fn a_kill_at_any_time_leaves_nothing_half() {
    let case = Case::new();
    for wait in [5, 50, 100, 200, 400, 800] {
        let child = case.spawn();
        std::thread::sleep(Duration::from_millis(wait));
        case.stop(child, Signal::KILL);
    }
    // The moment at which the first name is there.
    for _ in 0..12 {
        let mut child = case.spawn();
        while case.names().is_empty() && child.try_wait().unwrap().is_none() {}
        case.stop(child, Signal::KILL);
    }
    let _ = case.desk.json(case.wrap()).success();
}

/// Whoever reads a verb's output must not take a part of it for the whole.
#[test]
fn a_full_standard_output_is_no_success() {
    let case = Case::new();
    for verb in [
        &["keys"][..],
        &["keys", "--json"],
        &["audit", "verify", "--json"],
        &["--version"],
        &["--help"],
    ] {
        let script = "exec \"$0\" \"$@\" > /dev/full";
        let mut command = case.desk.detached_by(&["sh", "-c", script], verb.to_vec());
        let answer = Answer::new(command.output().unwrap());
        assert_eq!(answer.code, Some(1), "{verb:?}");
        assert!(
            answer.stderr.contains("error[output-unwritable]")
                && answer.stderr.contains("standard output"),
            "{verb:?}: {}",
            answer.stderr
        );
    }
}

const RECEIPT: &str = "key.receipt.json";

/// One key on the embedded token, and a folder for its file.
struct Case {
    desk: Desk,
    folder: TempDir,
    out: PathBuf,
}

impl Case {
    fn new() -> Self {
        let desk = Desk::embedded().flag("--software-token");
        let _ = desk
            .json(["keygen", "--kind", "P-256", "--label", "travels"])
            .success();
        let folder = TempDir::new().unwrap();
        let out = folder.path().join("key.byok");
        Self { desk, folder, out }
    }

    fn wrap(&self) -> Vec<String> {
        let kek = Kek::shared(2048).az_json();
        let out = self.out.to_str().unwrap();
        let arguments = ["wrap", "--key", "travels", "--yes", "--out", out, "--kek"];
        let arguments = arguments.into_iter().chain([kek.to_str().unwrap()]);
        arguments.map(str::to_owned).collect()
    }

    fn spawn(&self) -> Child {
        let mut command = self.desk.detached(self.wrap());
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn interrupt(&self, child: Child) {
        self.stop(child, Signal::INT);
    }

    /// Stops the command and looks at what is there once it has ended.
    fn stop(&self, child: Child, signal: Signal) {
        // It may have ended by itself.
        let _ = kill_process(Pid::from_child(&child), signal);
        let answer = Answer::new(child.wait_with_output().unwrap());
        match self.names().as_slice() {
            [] => assert_ne!(answer.code, Some(0), "{}", answer.all()),
            // The file is whole as soon as it is there; its receipt comes after it.
            [name, rest @ ..] if name == "key.byok" && rest.iter().all(|name| name == RECEIPT) => {
                self.opens();
                for name in [name, RECEIPT] {
                    let _ = fs::remove_file(self.folder.path().join(name));
                }
            }
            other => panic!("{other:?} is left"),
        }
    }

    fn opens(&self) {
        let file = fs::read(&self.out).unwrap();
        opener::open(&file, &Kek::shared(2048).private_pem(), 256).unwrap();
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn intents(&self) -> usize {
        let log = audit_chain::read(self.desk.state()).unwrap();
        log.iter()
            .filter(|line| line["event"] == "wrap-intent")
            .count()
    }
}
