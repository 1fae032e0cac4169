//! The bare calls of a listing: what the keys of a token cost when nothing is made of them.

use std::path::Path;
use std::time::{Duration, Instant};

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_ATTRIBUTE_TYPE, CK_BBOOL, CK_OBJECT_CLASS, CK_OBJECT_HANDLE,
    CK_SESSION_HANDLE, CK_ULONG, CKA_CLASS, CKA_EC_PARAMS, CKA_EC_POINT, CKA_EXTRACTABLE, CKA_ID,
    CKA_KEY_TYPE, CKA_LABEL, CKA_TOKEN, CKA_WRAP_WITH_TRUSTED, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY,
    CKO_SECRET_KEY,
};

use super::open;
use crate::inner::{Inner, supported};
use crate::memory::{length, number};
use crate::rv::Rv;

/// Handles asked for at once.
const PORTION: usize = 1024;
/// Longer than any attribute of an elliptic-curve key.
const ROOM: usize = 256;

/// What a private key's listing needs, for keys on a curve.
const PRIVATE: [CK_ATTRIBUTE_TYPE; 6] = [
    CKA_KEY_TYPE,
    CKA_LABEL,
    CKA_ID,
    CKA_EXTRACTABLE,
    CKA_WRAP_WITH_TRUSTED,
    CKA_EC_PARAMS,
];

/// What its public half adds.
const PUBLIC: [CK_ATTRIBUTE_TYPE; 5] =
    [CKA_KEY_TYPE, CKA_LABEL, CKA_ID, CKA_EC_PARAMS, CKA_EC_POINT];

/// A token whose keys are all on curves, to be listed by bare calls.
pub struct BareList {
    inner: Inner,
    session: CK_SESSION_HANDLE,
}

impl BareList {
    /// Loads the module and logs in to the token in its first slot.
    ///
    /// # Errors
    /// What does not load, or which return value came.
    pub fn open(module: &Path, pin: &[u8]) -> Result<Self, String> {
        let (inner, session) = open(module, pin)?;
        Ok(Self { inner, session })
    }

    /// One listing: every key object found, and the attributes that a listing shows or decides by, each
    /// object's in one call into the same buffers. Returns the private and secret keys' number.
    ///
    /// # Errors
    /// The return value of the call that failed.
    pub fn list(&self) -> Result<(usize, Duration), String> {
        let begun = Instant::now();
        let listed = || -> Result<usize, Rv> {
            let mut rooms = Rooms::default();
            for handle in self.find(CKO_PUBLIC_KEY)? {
                self.read(handle, &PUBLIC, &mut rooms)?;
            }
            let mut keys = 0;
            for class in [CKO_PRIVATE_KEY, CKO_SECRET_KEY] {
                for handle in self.find(class)? {
                    self.read(handle, &PRIVATE, &mut rooms)?;
                    keys += 1;
                }
            }
            Ok(keys)
        };
        let keys = listed().map_err(|rv| format!("0x{:X}", rv.0))?;
        Ok((keys, begun.elapsed()))
    }

    fn find(&self, class: CK_OBJECT_CLASS) -> Result<Vec<CK_OBJECT_HANDLE>, Rv> {
        find_all(&self.inner, self.session, class)
    }

    fn read(
        &self,
        object: CK_OBJECT_HANDLE,
        kinds: &[CK_ATTRIBUTE_TYPE],
        rooms: &mut Rooms,
    ) -> Result<(), Rv> {
        let call = supported(self.inner.functions().C_GetAttributeValue)?;
        let mut template = Vec::with_capacity(kinds.len());
        for (kind, room) in kinds.iter().zip(&mut rooms.0) {
            template.push(CK_ATTRIBUTE {
                type_: *kind,
                pValue: room.as_mut_ptr().cast(),
                ulValueLen: number(ROOM)?,
            });
        }
        let count = number(template.len())?;
        // SAFETY: each attribute has `ROOM` bytes until the call returns.
        Rv::check(unsafe { call(self.session, object, template.as_mut_ptr(), count) })
    }
}

/// One buffer an attribute, the same for every object.
struct Rooms([[u8; ROOM]; PRIVATE.len()]);

impl Default for Rooms {
    fn default() -> Self {
        Self([[0; ROOM]; PRIVATE.len()])
    }
}

/// All token objects of a class.
pub(super) fn find_all(
    inner: &Inner,
    session: CK_SESSION_HANDLE,
    class: CK_OBJECT_CLASS,
) -> Result<Vec<CK_OBJECT_HANDLE>, Rv> {
    let mut class = class;
    let mut yes: CK_BBOOL = 1;
    let mut template = [
        CK_ATTRIBUTE {
            type_: CKA_CLASS,
            pValue: (&raw mut class).cast(),
            ulValueLen: number(size_of_val(&class))?,
        },
        CK_ATTRIBUTE {
            type_: CKA_TOKEN,
            pValue: (&raw mut yes).cast(),
            ulValueLen: 1,
        },
    ];
    let count = number(template.len())?;
    let call = supported(inner.functions().C_FindObjectsInit)?;
    // SAFETY: the template and its values live until the call returns.
    Rv::check(unsafe { call(session, template.as_mut_ptr(), count) })?;
    let more = supported(inner.functions().C_FindObjects)?;
    let mut all = Vec::new();
    let mut portion = vec![0; PORTION];
    loop {
        let mut found: CK_ULONG = 0;
        // SAFETY: there is room for a portion.
        Rv::check(unsafe { more(session, portion.as_mut_ptr(), number(PORTION)?, &mut found) })?;
        let found = portion.get(..length(found)?).unwrap_or_default();
        if found.is_empty() {
            break;
        }
        all.extend_from_slice(found);
    }
    let call = supported(inner.functions().C_FindObjectsFinal)?;
    // SAFETY: a plain number.
    Rv::check(unsafe { call(session) })?;
    Ok(all)
}
