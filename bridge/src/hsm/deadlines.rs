//! How long the HSM may take, by kind of call.

use std::time::Duration;

use serde::Deserialize;

use super::port::Request;

/// Longest deadline that a setting can ask for, in seconds.
const MAX_SECONDS: u16 = 3600;

/// How long the HSM may take, by kind of call. On expiry the worker is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Loading a module and finding the token; covers making the embedded token.
    pub open: Duration,
    /// A login with a PIN.
    pub login: Duration,
    /// A login at the device's PIN pad, which waits for a person.
    pub pin_pad: Duration,
    /// Listing keys, destroying a rehearsal's, and logging out.
    pub read: Duration,
    /// Making a key; RSA-4096 takes minutes on a small device.
    pub generate: Duration,
    /// The self-test of all strategies.
    pub self_test: Duration,
    /// One wrap, or one group of a batch.
    pub wrap: Duration,
}

/// `[deadlines]` of `config.toml`: those that are to be others than by default. Unknown names are refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadlineSettings {
    open_seconds: Option<u16>,
    login_seconds: Option<u16>,
    pin_pad_seconds: Option<u16>,
    read_seconds: Option<u16>,
    generate_seconds: Option<u16>,
    self_test_seconds: Option<u16>,
    wrap_seconds: Option<u16>,
}

impl Deadlines {
    /// How long this request may take.
    pub(super) fn of(&self, request: &Request) -> Duration {
        match request {
            Request::Open(_) | Request::Survey(_) => self.open,
            Request::Login(login) if login.pin_follows => self.login,
            Request::Login(_) => self.pin_pad,
            Request::Logout
            | Request::Keys
            | Request::KeysLike(_)
            | Request::DestroyRehearsalKeys => self.read,
            Request::GenerateKey { .. } | Request::MakeRehearsalKey { .. } => self.generate,
            Request::SelfTest(_) => self.self_test,
            Request::Wrap(_) | Request::WrapMany(_) => self.wrap,
        }
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            open: Duration::from_secs(30),
            login: Duration::from_secs(30),
            pin_pad: Duration::from_secs(180),
            read: Duration::from_secs(60),
            generate: Duration::from_secs(300),
            self_test: Duration::from_secs(300),
            wrap: Duration::from_secs(60),
        }
    }
}

impl DeadlineSettings {
    /// The deadlines, with these in place of the usual ones.
    #[must_use]
    pub fn deadlines(&self) -> Deadlines {
        let usual = Deadlines::default();
        let or = |seconds: Option<u16>, usual| {
            seconds.map_or(usual, |seconds| Duration::from_secs(seconds.into()))
        };
        Deadlines {
            open: or(self.open_seconds, usual.open),
            login: or(self.login_seconds, usual.login),
            pin_pad: or(self.pin_pad_seconds, usual.pin_pad),
            read: or(self.read_seconds, usual.read),
            generate: or(self.generate_seconds, usual.generate),
            self_test: or(self.self_test_seconds, usual.self_test),
            wrap: or(self.wrap_seconds, usual.wrap),
        }
    }

    /// Each has to be 1 second to an hour: none at all would let a module hang for ever.
    ///
    /// # Errors
    /// The name of one that is not, in words.
    pub fn check(&self) -> Result<(), String> {
        let all = [
            ("open_seconds", self.open_seconds),
            ("login_seconds", self.login_seconds),
            ("pin_pad_seconds", self.pin_pad_seconds),
            ("read_seconds", self.read_seconds),
            ("generate_seconds", self.generate_seconds),
            ("self_test_seconds", self.self_test_seconds),
            ("wrap_seconds", self.wrap_seconds),
        ];
        let beyond = |seconds: u16| !(1..=MAX_SECONDS).contains(&seconds);
        match all
            .into_iter()
            .find(|(_, seconds)| seconds.is_some_and(beyond))
        {
            Some((name, _)) => Err(format!("deadlines.{name} must be 1 to {MAX_SECONDS}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Result<DeadlineSettings, String> {
        let settings: DeadlineSettings = toml::from_str(text).map_err(|error| error.to_string())?;
        settings.check().map(|()| settings)
    }

    #[test]
    fn those_that_are_given_replace_the_usual_ones_and_no_others() {
        let deadlines = read("wrap_seconds = 5\nlogin_seconds = 3600\n")
            .unwrap()
            .deadlines();
        assert_eq!(deadlines.wrap, Duration::from_secs(5));
        assert_eq!(deadlines.login, Duration::from_secs(3600));
        assert_eq!(deadlines.open, Deadlines::default().open);
        assert_eq!(read("").unwrap().deadlines(), Deadlines::default());
    }

    #[test]
    fn refuses_none_too_long_and_unknown_ones() {
        for text in [
            "wrap_seconds = 0",
            "wrap_seconds = 3601",
            "open_seconds = -1",
            "read_seconds = 1.5",
            "wrap = 5",
            "wrap_second = 5",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_login_at_a_pin_pad_waits_for_a_person() {
        use crate::hsm::port::{FinalTry, LoginRequest};
        let deadlines = Deadlines::default();
        let login = |pin_follows| {
            deadlines.of(&Request::Login(LoginRequest {
                pin_follows,
                final_try: FinalTry::Refuse,
            }))
        };
        assert_eq!(login(true), deadlines.login);
        assert_eq!(login(false), deadlines.pin_pad);
    }
}
