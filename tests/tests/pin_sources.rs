//! Where a PIN comes from, and who gets to see it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![cfg(target_os = "linux")]

use keyferry_tests::bridge::Detached;
use keyferry_tests::{Desk, SoftHsm};

#[test]
fn a_pin_in_a_variable_unlocks_and_is_in_no_process_environment() {
    let token = SoftHsm::new("variable");
    let desk = Desk::soft_hsm_asking(&token)
        .flag("--pin-source")
        .flag("env:HSM_PIN")
        .variable("HSM_PIN", SoftHsm::PIN);
    let bridge = Detached::start(&desk);
    // The module gets a variable named by the user, but not this one.
    assert!(bridge.address.get("/v1/keys").json()["keys"].is_array());
    let environments = environments_of(desk.state().to_str().unwrap());
    assert!(environments.len() >= 2, "bridge and worker were looked for");
    for (process, environment) in environments {
        assert!(
            !environment.contains(SoftHsm::PIN),
            "{process} has the PIN in its environment"
        );
    }
}

/// Arguments and environment of the processes that were started on `state`, and of their children.
fn environments_of(state: &str) -> Vec<(String, String)> {
    let read = |pid: &str, name: &str| {
        let bytes = std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', " ")
    };
    let pids: Vec<String> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    let ours: Vec<&String> = pids
        .iter()
        .filter(|pid| {
            read(pid, "cmdline").contains(state) && read(pid, "comm").starts_with("keyferry")
        })
        .collect();
    let child = |pid: &String| {
        let status = read(pid, "status");
        ours.iter()
            .any(|parent| status.contains(&format!("PPid:\t{parent}\n")))
    };
    pids.iter()
        .filter(|pid| ours.contains(pid) || child(pid))
        .map(|pid| (read(pid, "cmdline"), read(pid, "environ")))
        .collect()
}
