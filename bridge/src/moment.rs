//! Moments as people write and read them: dates, times with a zone, seconds since 1970.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds since 1970 of a date, a time with its zone, or a number.
pub(crate) fn seconds(text: &str) -> Result<i64, String> {
    let number = text.parse().ok();
    let moment = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    number
        .or_else(|| moment(text).map(OffsetDateTime::unix_timestamp))
        .or_else(|| moment(&format!("{text}T00:00:00Z")).map(OffsetDateTime::unix_timestamp))
        .ok_or_else(|| {
            "write a time as 2026-11-25, 2026-11-25T08:00:00Z or seconds since 1970".to_owned()
        })
}

/// RFC 3339 in UTC, or the number where no calendar reaches.
pub(crate) fn text(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("{seconds} seconds since 1970"))
}

/// The present, RFC 3339 in UTC, in whole seconds; none when the clock shows no date that can be written.
pub(crate) fn present() -> Option<String> {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).ok()?;
    now.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_times_and_seconds() {
        for (text, expected) in [
            ("0", 0),
            ("1970-01-02", 86_400),
            ("1970-01-01T01:00:00+01:00", 0),
            ("2027-01-15T08:00:00Z", 1_800_000_000),
        ] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in ["", "tomorrow", "2026-13-01", "2026-11-25T08:00:00", "1.5"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
