//! A time in minutes, as people give it: `15`, `0.5`, and `0` for never.

use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

/// A week: longer is a slip of the hand.
const MOST: f64 = 7.0 * 24.0 * 60.0;
/// Shorter would lock a token before it can be used.
const LEAST: f64 = 0.01;

/// Minutes, or never.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Minutes(f64);

impl Minutes {
    /// So many whole minutes; 0 for never.
    #[must_use]
    pub const fn whole(minutes: u8) -> Self {
        Self(minutes as f64)
    }

    /// How long; none for never.
    #[must_use]
    pub fn duration(self) -> Option<Duration> {
        (self.0 > 0.0).then(|| Duration::from_secs_f64(self.0 * 60.0))
    }
}

impl Eq for Minutes {}

impl TryFrom<f64> for Minutes {
    type Error = String;

    fn try_from(minutes: f64) -> Result<Self, String> {
        if minutes == 0.0 || (LEAST..=MOST).contains(&minutes) {
            Ok(Self(minutes))
        } else {
            Err(format!(
                "give minutes from {LEAST} to {MOST}, or 0 for never"
            ))
        }
    }
}

impl FromStr for Minutes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number: f64 = text
            .parse()
            .map_err(|_| "give minutes as a number, such as 15 or 0.5".to_owned())?;
        number.try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_a_number_in_bounds_and_zero_is_never() {
        let read = |text: &str| text.parse::<Minutes>().map(Minutes::duration);
        assert_eq!(read("15"), Ok(Some(Duration::from_secs(900))));
        assert_eq!(read("0.5"), Ok(Some(Duration::from_secs(30))));
        assert_eq!(read("0"), Ok(None));
        for text in ["-1", "0.001", "nan", "inf", "10081", "ten", ""] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
