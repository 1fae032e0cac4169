//! Opening the page in the user's browser.

use std::process::Stdio;

use tokio::process::Command;

#[cfg(target_os = "macos")]
const OPENER: (&str, &[&str]) = ("open", &[]);
#[cfg(windows)]
const OPENER: (&str, &[&str]) = ("rundll32", &["url.dll,FileProtocolHandler"]);
#[cfg(not(any(target_os = "macos", windows)))]
const OPENER: (&str, &[&str]) = ("xdg-open", &[]);

/// True when a browser's window could be seen.
#[cfg(feature = "vault")]
pub(super) fn has_display() -> bool {
    cfg!(any(target_os = "macos", windows))
        || ["WAYLAND_DISPLAY", "DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Opens `url`, which others can see in the program's arguments: it must carry a single-use code and no secret.
/// False when nothing could be started.
pub(super) fn open(url: &str) -> bool {
    let (program, arguments) = OPENER;
    Command::new(program)
        .args(arguments)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .is_ok()
}
