//! The bare calls of many wraps in one loop: what a batch costs when nothing stands around it.

use std::path::Path;
use std::time::{Duration, Instant};

use cryptoki_sys::{CK_OBJECT_HANDLE, CKM_AES_KEY_WRAP_KWP, CKO_PRIVATE_KEY};

use super::list::find_all;
use super::{Bare, oaep, open};
use crate::inner::InnerWrap;
use crate::rv::Rv;

/// All private keys of a token, to be wrapped by bare calls.
pub struct BareBatch {
    /// Its target is the first of them.
    bare: Bare,
    targets: Vec<CK_OBJECT_HANDLE>,
}

impl BareBatch {
    /// Loads the module, logs in to the token in its first slot and finds its private keys.
    ///
    /// # Errors
    /// What does not load, or which return value came.
    pub fn open(module: &Path, pin: &[u8]) -> Result<Self, String> {
        let (inner, session) = open(module, pin)?;
        let targets = find_all(&inner, session, CKO_PRIVATE_KEY);
        let targets = targets.map_err(|rv| format!("0x{:X}", rv.0))?;
        let target = targets.first().copied().ok_or("the token is empty")?;
        let bare = Bare {
            inner,
            session,
            target,
        };
        Ok(Self { bare, targets })
    }

    /// How many keys there are.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.targets.len()
    }

    /// Wraps the first `count` keys by OAEP and KWP: the KEK is imported once, and each key has a wrapping
    /// key of its own, as the format wants it.
    ///
    /// # Errors
    /// The return value of the call that failed.
    pub fn wrap(&self, modulus: &[u8], count: usize) -> Result<Duration, String> {
        let begun = Instant::now();
        let wrapped = || -> Result<(), Rv> {
            let kek = self.bare.import(modulus)?;
            for target in self.targets.iter().take(count) {
                let wrapping = self.bare.generate()?;
                let _second = wrapping.wrap(InnerWrap::Bare(CKM_AES_KEY_WRAP_KWP), *target)?;
                let _first = kek.wrap(InnerWrap::Oaep(oaep()), wrapping.handle)?;
                wrapping.destroy();
            }
            kek.destroy();
            Ok(())
        };
        wrapped().map_err(|rv| format!("0x{:X}", rv.0))?;
        Ok(begun.elapsed())
    }
}
