//! The bridge's own log: on standard error, warnings and errors unless `KEYFERRY_LOG` says otherwise.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Begins to log; once per process.
pub(super) fn begin() {
    let filter = EnvFilter::builder()
        .with_env_var("KEYFERRY_LOG")
        .with_default_directive(LevelFilter::WARN.into())
        .from_env_lossy();
    // A second beginning changes nothing, and is no reason to fail.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .try_init();
}
