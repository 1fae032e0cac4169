//! How much one client may ask of the bridge, and how long it may take.

use std::time::Duration;

/// Bounds on connections and requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connections at once; more wait in the system's queue.
    pub(super) connections: usize,
    /// Admitted API requests at once; more wait.
    pub(super) requests: usize,
    /// From the first byte awaited to the end of the head.
    pub(super) head_time: Duration,
    /// Bytes of a head.
    pub(super) head_bytes: usize,
    /// Header lines of a head.
    pub(super) head_lines: usize,
    /// From the end of the head to the end of the body.
    pub(super) body_time: Duration,
    /// Bytes of a body.
    pub(super) body_bytes: usize,
    /// Bytes of a body that names many keys; authorised before any of it is read, as every body is.
    pub(super) plan_bytes: usize,
    /// For a short order that finds the token or the prompt in use.
    pub(super) queue_time: Duration,
    /// For the connections that are open when the bridge stops.
    pub(super) stop_time: Duration,
    /// For a wrap or an import that is approved when the bridge stops.
    pub(super) wrap_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            requests: 16,
            head_time: Duration::from_secs(5),
            head_bytes: 16 * 1024,
            head_lines: 64,
            body_time: Duration::from_secs(10),
            body_bytes: 64 * 1024,
            plan_bytes: 4 * 1024 * 1024,
            queue_time: Duration::from_secs(10),
            stop_time: Duration::from_secs(1),
            wrap_time: Duration::from_secs(60),
        }
    }
}
