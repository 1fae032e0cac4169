//! What time it is, for the validity of KEKs and certificates.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970; none when the clock stands before.
pub(crate) fn now() -> Option<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}
