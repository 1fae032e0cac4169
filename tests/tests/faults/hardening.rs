//! What a bridge and its worker ask of the system, as `/proc` shows it.

use std::os::unix::fs::MetadataExt as _;

use keyferry_tests::processes;

use super::stage::Stage;

fn limits(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap()
}

#[test]
fn bridge_and_worker_leave_no_core_and_show_their_memory_to_nobody_else() {
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
        // The files of a process that cannot be looked into are root's, whoever runs it.
        let owner = std::fs::metadata(format!("/proc/{pid}/environ"))
            .unwrap()
            .uid();
        assert_eq!(owner, 0);
    }
    // The PIN's page, where the system locks memory at all.
    let may_lock = limits(bridge).lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        line.starts_with("Max locked memory") && fields[3] != "0"
    });
    let locked = processes::status(bridge, "VmLck").unwrap();
    assert_eq!(may_lock, locked != "0 kB", "{locked}");
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
