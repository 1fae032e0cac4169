//! What a bridge and its worker ask of the system, as `/proc` shows it.

use std::os::unix::fs::MetadataExt as _;

use std::process::Command;

use keyferry_tests::bridge::Detached;
use keyferry_tests::{Desk, processes};

use super::stage::Stage;

fn limits(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap()
}

#[test]
fn bridge_and_worker_leave_no_core_and_lock_the_pins_page() {
    let stage = Stage::playing("", "");
    let mut served = stage.serve();
    assert_eq!(served.wrap(), "right");
    let bridge = served.pid();
    let workers = processes::workers(bridge);
    assert_eq!(workers.len(), 1);
    for pid in [bridge, workers[0]] {
        let limits = limits(pid);
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        let values: Vec<&str> = core.unwrap().split_whitespace().skip(4).take(2).collect();
        assert_eq!(values, ["0", "0"], "{limits}");
    }
    // The PIN's page, where the system locks memory at all.
    let may_lock = limits(bridge).lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        line.starts_with("Max locked memory") && fields[3] != "0"
    });
    let locked = processes::status(bridge, "VmLck").unwrap();
    assert_eq!(may_lock, locked != "0 kB", "{locked}");
}

/// Whoever runs the bridge in the next test: nobody, where root runs the tests.
const NOBODY: u32 = 65534;

/// Whose the files of a process are, as the system has it.
fn owner(pid: u32) -> u32 {
    std::fs::metadata(format!("/proc/{pid}/environ"))
        .unwrap()
        .uid()
}

/// The files of a process that cannot be looked into are root's, whoever runs it. So it has to be run by somebody else.
#[test]
fn nobody_of_the_same_account_can_look_into_bridge_and_worker() {
    let desk = Desk::embedded();
    let folder = desk.state().parent().unwrap();
    let own = rustix::process::geteuid().as_raw();
    let user = if own == 0 { NOBODY } else { own };
    // Where that user can reach it.
    let binary = folder.join("keyferry");
    std::fs::copy(keyferry_tests::desk::binary(), &binary).unwrap();
    let script = format!("HOME={0:?} exec {1:?} \"$@\"", folder, binary);
    let id = user.to_string();
    let mut starter = vec!["sh", "-c", &script];
    if own == 0 {
        std::os::unix::fs::chown(folder, Some(user), Some(user)).unwrap();
        let becomes = ["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups"];
        starter = [&becomes[..], &starter].concat();
    }
    let _bridge = Detached::start_by(&desk, &starter);
    let pid = processes::wait_for("the bridge", || processes::bridge(desk.state()));
    let worker = processes::wait_for("a worker", || processes::workers(pid).pop());
    for pid in [pid, worker] {
        let runs_as = processes::status(pid, "Uid").unwrap();
        assert!(runs_as.starts_with(&format!("{user}\t")), "{runs_as}");
        // One that was started a moment ago has yet to say so.
        processes::wait_for("files that are root's", || (owner(pid) == 0).then_some(()));
    }
    // Another process of that user shows what it looks like otherwise.
    let mut command = Command::new(starter[0]);
    let sleeps = starter[1..].iter().take_while(|word| **word != "sh");
    if own == 0 {
        command.args(sleeps).arg("sleep");
    } else {
        command = Command::new("sleep");
    }
    let mut other = command.arg("60").spawn().unwrap();
    processes::wait_for("the other process", || {
        (owner(other.id()) == user).then_some(())
    });
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_worker_has_the_modules_variables_and_no_others() {
    let stage = Stage::playing("", "");
    let mut served = stage.serve();
    assert_eq!(served.wrap(), "right");
    let worker = processes::workers(served.pid())[0];
    let Ok(text) = std::fs::read(format!("/proc/{worker}/environ")) else {
        // Only root may look into it, which is the other half of this file.
        assert_ne!(rustix::process::geteuid().as_raw(), 0);
        return;
    };
    let names = text.split(|byte| *byte == 0).filter_map(|pair| {
        let text = std::str::from_utf8(pair).unwrap();
        text.split_once('=').map(|(name, _)| name)
    });
    let known = [
        "HOME",
        "PATH",
        "LANG",
        "TMPDIR",
        "KEYFERRY_SIMULATED",
        "KRYOPTIC_CONF",
    ];
    for name in names {
        assert!(known.contains(&name), "{name}");
    }
}

#[test]
fn no_worker_outlives_a_bridge_that_is_killed() {
    let stage = Stage::playing("", "");
    let mut served = stage.serve();
    assert_eq!(served.wrap(), "right");
    let bridge = served.pid();
    let first = processes::workers(bridge)[0];
    // Its successor is started by another thread, and must end with the bridge as well.
    processes::kill(first);
    assert_eq!(served.wrap(), "right");
    let second = processes::workers(bridge)[0];
    assert_ne!(first, second);
    processes::kill(bridge);
    processes::wait_for("the worker's end", || {
        (!processes::is_running(second)).then_some(())
    });
}
