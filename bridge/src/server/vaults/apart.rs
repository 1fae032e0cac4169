//! Work that stays on one thread.

use tokio::runtime::Handle;

use crate::Error;

/// Runs `work` to its end on a thread of its own, even when nobody waits for it any more: a change in a vault is
/// not left half done. What it awaits need not be able to move between threads.
///
/// # Errors
/// What `work` says.
pub(in crate::server) async fn apart<T, Work>(
    work: impl FnOnce() -> Work + Send + 'static,
) -> Result<T, Error>
where
    T: Send + 'static,
    Work: Future<Output = Result<T, Error>>,
{
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work()))
        .await
        .map_err(|_| Error::Internal("work with a vault stopped"))?
}
