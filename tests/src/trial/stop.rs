//! Ctrl-C: the step at hand is finished and what was made is destroyed.

use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C stops between two steps.
pub(super) fn listen() {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let _ = runtime.block_on(tokio::signal::ctrl_c());
        ASKED.store(true, Ordering::Relaxed);
    });
}

/// Whether someone asked to stop.
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
