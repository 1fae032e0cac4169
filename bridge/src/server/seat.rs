//! One tab at a time: who knows the secret may take the seat, and only the tab that has it is answered.
//!
//! A page makes itself an identifier and sends it along. It is no secret and admits nobody; it tells two tabs of
//! one person apart, so that neither works on without knowing of the other.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};

/// Carries the tab's identifier.
pub(super) const TAB: HeaderName = HeaderName::from_static("keyferry-tab");

/// 128 bits, in hexadecimal digits.
const DIGITS: usize = 32;

/// A tab, as it calls itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tab(String);

impl Tab {
    /// The tab that a request names; none when it names none, several, or something else.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(&TAB).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return None;
        };
        let text = value.to_str().ok()?;
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == DIGITS && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }
}

/// Whoever makes a request: a tab, or a client that names none.
#[derive(Debug, Clone, Default)]
pub(super) struct Asker(pub(super) Option<Tab>);

impl<S: Sync> FromRequestParts<S> for Asker {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Tab::of(&parts.headers)))
    }
}

/// The seat of this run.
#[derive(Debug, Default)]
pub(super) struct Seat {
    holder: Mutex<Option<Tab>>,
}

impl Seat {
    /// Whether `tab` may go on: it has the seat, or the seat is free and is its from now on. A client without a
    /// tab (a script of the owner's) may while no page has the seat.
    pub(super) fn admits(&self, Asker(tab): &Asker) -> bool {
        let mut holder = self.lock();
        match (holder.as_ref(), tab) {
            (None, None) => true,
            (None, Some(tab)) => {
                *holder = Some(tab.clone());
                true
            }
            (Some(held), tab) => tab.as_ref() == Some(held),
        }
    }

    /// Gives the seat to `tab`, whoever had it: a person said so in that tab.
    pub(super) fn take_over(&self, tab: Tab) {
        *self.lock() = Some(tab);
    }

    /// Frees the seat, if `tab` has it: the page is being closed.
    pub(super) fn leave(&self, tab: &Tab) {
        let mut holder = self.lock();
        if holder.as_ref() == Some(tab) {
            *holder = None;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Tab>> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tab(digit: &str) -> Tab {
        Tab(digit.repeat(DIGITS))
    }

    fn asker(tab: &Tab) -> Asker {
        Asker(Some(tab.clone()))
    }

    #[test]
    fn the_first_tab_has_the_seat_until_another_takes_it_or_it_leaves() {
        let (seat, one, other) = (Seat::default(), tab("1"), tab("2"));
        assert!(seat.admits(&Asker(None)), "nobody has it");
        assert!(seat.admits(&asker(&one)));
        for refused in [asker(&other), Asker(None)] {
            assert!(!seat.admits(&refused));
        }
        seat.take_over(other.clone());
        assert!(seat.admits(&asker(&other)) && !seat.admits(&asker(&one)));
        seat.leave(&one);
        assert!(!seat.admits(&asker(&one)), "it was not its to leave");
        seat.leave(&other);
        assert!(seat.admits(&asker(&one)));
    }

    #[test]
    fn a_tab_is_named_once_and_by_its_digits_alone() {
        let headers = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(TAB, value.parse().unwrap());
            }
            Tab::of(&headers)
        };
        let digits = "0123456789abcdef0123456789abcdef";
        assert_eq!(headers(&[digits]), Some(Tab(digits.to_owned())));
        for wrong in [
            &[][..],
            &[""],
            &[&digits[1..]],
            &["0123456789ABCDEF0123456789ABCDEF"],
            &[digits, digits],
        ] {
            assert_eq!(headers(wrong), None, "{wrong:?}");
        }
    }
}
