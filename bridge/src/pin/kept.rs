//! The PIN that the token took, for as long as it is unlocked.
//!
//! A worker that was lost is started anew, and its successor has to log in; without this a person would be asked
//! each time. The PIN lies on a page of its own, which the system is asked to keep out of swap, and is wiped when
//! the token is locked.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroize;

use super::Pin;

/// Longest PIN that is kept, in bytes: as long as one may be on its way to the worker.
const MAX_KEPT: usize = 1024;

/// Whether the bridge keeps the PIN while the token is unlocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PinMemory {
    /// Kept, and wiped at the lock.
    #[default]
    Keep,
    /// Never kept: `--forget-pin`. Whoever is needed again is asked again.
    Forget,
}

/// The place for one PIN. Clones share it: the workers of one token log in with the same.
#[derive(Clone)]
pub struct PinKeeper(Option<Arc<Mutex<Option<KeptPin>>>>);

impl PinKeeper {
    /// A place that keeps, or one that never does.
    #[must_use]
    pub fn new(memory: PinMemory) -> Self {
        Self((memory == PinMemory::Keep).then(Arc::default))
    }

    /// A copy of `pin` that can be kept once the token has taken it; none where nothing is ever kept.
    pub(crate) fn copy(&self, pin: &Pin) -> Option<KeptPin> {
        self.0.as_ref().and_then(|_| KeptPin::new(pin))
    }

    /// Keeps a PIN that the token took.
    pub(crate) fn keep(&self, pin: KeptPin) {
        if let Some(place) = &self.0 {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(pin);
        }
    }

    /// The PIN that is kept.
    pub(crate) fn pin(&self) -> Option<Pin> {
        let place = self.0.as_ref()?;
        let kept = place.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().map(KeptPin::pin)
    }

    /// Wipes it.
    pub(crate) fn wipe(&self) {
        if let Some(place) = &self.0 {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

impl Default for PinKeeper {
    /// Never keeps: keeping is what a session decides.
    fn default() -> Self {
        Self::new(PinMemory::Forget)
    }
}

impl fmt::Debug for PinKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinKeeper")
    }
}

/// A PIN on a page of its own, locked where the system allows it, wiped when dropped.
pub(crate) struct KeptPin {
    /// Two pages, of which the PIN has one whole: unlocking it must not unlock another's.
    pages: Box<[u8]>,
    begin: usize,
    length: usize,
    /// None where the system does not lock that much; the PIN is wiped all the same.
    _locked: Option<region::LockGuard>,
}

impl KeptPin {
    /// None for a PIN that no token takes.
    fn new(pin: &Pin) -> Option<Self> {
        // EXPOSE: into the page that is wiped with this value.
        let bytes = pin.expose();
        let page = region::page::size();
        let mut pages = vec![0; page * 2].into_boxed_slice();
        let begin = pages.as_ptr().align_offset(page);
        let room = pages.get_mut(begin..begin.checked_add(page)?)?;
        let locked = region::lock(room.as_ptr(), room.len()).ok();
        if locked.is_none() {
            tracing::debug!("the system locks no memory for the PIN");
        }
        let place = room
            .get_mut(..bytes.len())
            .filter(|_| bytes.len() <= MAX_KEPT)?;
        place.copy_from_slice(bytes);
        Some(Self {
            pages,
            begin,
            length: bytes.len(),
            _locked: locked,
        })
    }

    fn pin(&self) -> Pin {
        let end = self.begin + self.length;
        // EXPOSE: a copy on its way to the worker, wiped when it is there.
        Pin::new(self.pages.get(self.begin..end).unwrap_or_default().to_vec())
    }
}

impl Drop for KeptPin {
    fn drop(&mut self) {
        self.pages.zeroize();
    }
}

impl fmt::Debug for KeptPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptPin")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pin(text: &str) -> Pin {
        Pin::new(text.as_bytes().to_vec())
    }

    #[test]
    fn what_is_kept_is_there_for_every_clone_until_it_is_wiped() {
        let keeper = PinKeeper::new(PinMemory::Keep);
        let other = keeper.clone();
        assert!(other.pin().is_none());
        keeper.keep(keeper.copy(&pin("123456")).unwrap());
        assert_eq!(other.pin().unwrap().expose(), b"123456");
        other.wipe();
        assert!(keeper.pin().is_none());
    }

    #[test]
    fn one_that_forgets_takes_no_copy() {
        let keeper = PinKeeper::new(PinMemory::Forget);
        assert!(keeper.copy(&pin("123456")).is_none());
        assert!(PinKeeper::default().copy(&pin("123456")).is_none());
    }

    #[test]
    fn the_pin_has_a_page_of_its_own() {
        let kept = KeptPin::new(&pin("123456")).unwrap();
        let page = region::page::size();
        let start = kept.pages.as_ptr() as usize + kept.begin;
        assert_eq!(start % page, 0);
        assert!(kept.begin + page <= kept.pages.len());
    }

    #[test]
    fn a_pin_beyond_every_tokens_length_is_not_kept() {
        assert!(KeptPin::new(&pin(&"1".repeat(MAX_KEPT))).is_some());
        assert!(KeptPin::new(&pin(&"1".repeat(MAX_KEPT + 1))).is_none());
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        let keeper = PinKeeper::new(PinMemory::Keep);
        let kept = keeper.copy(&pin("123456")).unwrap();
        assert_eq!(format!("{kept:?} {keeper:?}"), "KeptPin PinKeeper");
    }
}
