//! The bare calls of a strategy, timed: what a wrap costs when nothing stands around it.
//!
//! One session, handles at hand, no checks: the calls that make the ciphertext and those that remove
//! what they needed. [`BareBatch`] makes them for many keys in one loop, [`BareList`] those of a listing.
//! The benchmark compares the product with these.
#![allow(unsafe_code, reason = "calls through C function pointers")]

mod batch;
mod list;

pub use batch::BareBatch;
pub use list::BareList;

use std::path::Path;
use std::ptr::null_mut;
use std::time::{Duration, Instant};

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_ATTRIBUTE_TYPE, CK_MECHANISM, CK_MECHANISM_TYPE, CK_OBJECT_CLASS,
    CK_OBJECT_HANDLE, CK_RSA_AES_KEY_WRAP_PARAMS, CK_RSA_PKCS_OAEP_PARAMS, CK_SESSION_HANDLE,
    CK_ULONG, CKA_CLASS, CKA_EXTRACTABLE, CKA_KEY_TYPE, CKA_LABEL, CKA_MODULUS, CKA_PRIVATE,
    CKA_PUBLIC_EXPONENT, CKA_SENSITIVE, CKA_TOKEN, CKA_VALUE_LEN, CKA_WRAP, CKF_SERIAL_SESSION,
    CKG_MGF1_SHA1, CKK_RSA, CKM_AES_KEY_GEN, CKM_RSA_AES_KEY_WRAP, CKM_SHA_1, CKO_PRIVATE_KEY,
    CKO_PUBLIC_KEY, CKR_GENERAL_ERROR, CKU_USER, CKZ_DATA_SPECIFIED,
};

use crate::inner::{Inner, InnerWrap, Key, supported};
use crate::memory::{Attribute, number};
use crate::rv::Rv;

/// AES-256.
const WRAPPING_KEY_BYTES: CK_ULONG = 32;

/// A key of a token, to be wrapped by bare calls.
pub struct Bare {
    inner: Inner,
    session: CK_SESSION_HANDLE,
    target: CK_OBJECT_HANDLE,
}

impl Bare {
    /// Loads the module and finds the private key `label` on the token in its first slot.
    ///
    /// # Errors
    /// What does not load, or which return value came.
    pub fn open(module: &Path, pin: &[u8], label: &str) -> Result<Self, String> {
        let (inner, session) = open(module, pin)?;
        let target = find(&inner, session, CKO_PRIVATE_KEY, label);
        let target = target.map_err(|rv| format!("0x{:X}", rv.0))?;
        Ok(Self {
            inner,
            session,
            target,
        })
    }

    /// One wrap: by `CKM_RSA_AES_KEY_WRAP`, or by OAEP and the key wrap of another number.
    ///
    /// # Errors
    /// The return value of the call that failed.
    pub fn wrap(&self, modulus: &[u8], key_wrap: u64) -> Result<Duration, String> {
        let begun = Instant::now();
        let made = if key_wrap == u64::from(CKM_RSA_AES_KEY_WRAP) {
            self.one_shot(modulus)
        } else {
            self.two_step(modulus, key_wrap)
        };
        let took = begun.elapsed();
        match made {
            Ok(ciphertext) if ciphertext.len() > modulus.len() => Ok(took),
            Ok(ciphertext) => Err(format!("{} bytes", ciphertext.len())),
            Err(rv) => Err(format!("0x{:X}", rv.0)),
        }
    }

    fn two_step(&self, modulus: &[u8], key_wrap: CK_MECHANISM_TYPE) -> Result<Vec<u8>, Rv> {
        let kek = self.import(modulus)?;
        let wrapping = self.generate()?;
        let second = wrapping.wrap(InnerWrap::Bare(key_wrap), self.target)?;
        let mut ciphertext = kek.wrap(InnerWrap::Oaep(oaep()), wrapping.handle)?;
        wrapping.destroy();
        kek.destroy();
        ciphertext.extend_from_slice(&second);
        Ok(ciphertext)
    }

    fn one_shot(&self, modulus: &[u8]) -> Result<Vec<u8>, Rv> {
        let kek = self.import(modulus)?;
        let mut oaep = oaep();
        let parameter = CK_RSA_AES_KEY_WRAP_PARAMS {
            ulAESKeyBits: 8 * WRAPPING_KEY_BYTES,
            pOAEPParams: &mut oaep,
        };
        let ciphertext = kek.wrap(InnerWrap::RsaAes(parameter), self.target)?;
        kek.destroy();
        Ok(ciphertext)
    }

    fn import(&self, modulus: &[u8]) -> Result<Key<'_>, Rv> {
        let mut template = [
            (CKA_CLASS, CKO_PUBLIC_KEY.to_ne_bytes().to_vec()),
            (CKA_KEY_TYPE, CKK_RSA.to_ne_bytes().to_vec()),
            (CKA_TOKEN, vec![0]),
            (CKA_PRIVATE, vec![0]),
            (CKA_WRAP, vec![1]),
            (CKA_MODULUS, modulus.to_vec()),
            (CKA_PUBLIC_EXPONENT, vec![1, 0, 1]),
        ]
        .map(|(kind, value)| Attribute { kind, value });
        self.inner.create(self.session, &mut template)
    }

    fn generate(&self) -> Result<Key<'_>, Rv> {
        let mut length = WRAPPING_KEY_BYTES;
        let (mut yes, mut no) = (1_u8, 0_u8);
        let truth = |kind: CK_ATTRIBUTE_TYPE, value: &mut u8| CK_ATTRIBUTE {
            type_: kind,
            pValue: (&raw mut *value).cast(),
            ulValueLen: 1,
        };
        let mut template = [
            truth(CKA_TOKEN, &mut no),
            truth(CKA_PRIVATE, &mut yes),
            truth(CKA_SENSITIVE, &mut yes),
            truth(CKA_EXTRACTABLE, &mut yes),
            truth(CKA_WRAP, &mut yes),
            CK_ATTRIBUTE {
                type_: CKA_VALUE_LEN,
                pValue: (&raw mut length).cast(),
                ulValueLen: number(size_of_val(&length))?,
            },
        ];
        let mut mechanism = CK_MECHANISM {
            mechanism: CKM_AES_KEY_GEN,
            pParameter: null_mut(),
            ulParameterLen: 0,
        };
        let call = supported(self.inner.functions().C_GenerateKey)?;
        let count = number(template.len())?;
        let mut handle = 0;
        // SAFETY: the template and its values live until the call returns.
        Rv::check(unsafe {
            let template = template.as_mut_ptr();
            call(self.session, &mut mechanism, template, count, &mut handle)
        })?;
        Ok(Key {
            inner: &self.inner,
            session: self.session,
            handle,
        })
    }
}

/// Loads the module and logs in to the token in its first slot.
fn open(module: &Path, pin: &[u8]) -> Result<(Inner, CK_SESSION_HANDLE), String> {
    let inner = Inner::load(Some(module))?;
    let opened = || -> Result<_, Rv> {
        let call = supported(inner.functions().C_Initialize)?;
        // SAFETY: no arguments are given.
        Rv::check(unsafe { call(null_mut()) })?;
        let slot = inner.slots()?.into_iter().next();
        let slot = slot.ok_or(Rv(CKR_GENERAL_ERROR))?;
        let mut session = 0;
        let call = supported(inner.functions().C_OpenSession)?;
        // SAFETY: `session` is a valid place for one handle.
        Rv::check(unsafe { call(slot, CKF_SERIAL_SESSION, null_mut(), None, &mut session) })?;
        let mut pin = pin.to_vec();
        let call = supported(inner.functions().C_Login)?;
        // SAFETY: `pin` is as long as it is told.
        Rv::check(unsafe { call(session, CKU_USER, pin.as_mut_ptr(), number(pin.len())?) })?;
        Ok(session)
    };
    let session = opened().map_err(|rv| format!("0x{:X}", rv.0))?;
    Ok((inner, session))
}

fn oaep() -> CK_RSA_PKCS_OAEP_PARAMS {
    CK_RSA_PKCS_OAEP_PARAMS {
        hashAlg: CKM_SHA_1,
        mgf: CKG_MGF1_SHA1,
        source: CKZ_DATA_SPECIFIED,
        pSourceData: null_mut(),
        ulSourceDataLen: 0,
    }
}

fn find(
    inner: &Inner,
    session: CK_SESSION_HANDLE,
    class: CK_OBJECT_CLASS,
    label: &str,
) -> Result<CK_OBJECT_HANDLE, Rv> {
    let (mut class, mut label) = (class, label.as_bytes().to_vec());
    let mut template = [
        CK_ATTRIBUTE {
            type_: CKA_CLASS,
            pValue: (&raw mut class).cast(),
            ulValueLen: number(size_of_val(&class))?,
        },
        CK_ATTRIBUTE {
            type_: CKA_LABEL,
            pValue: label.as_mut_ptr().cast(),
            ulValueLen: number(label.len())?,
        },
    ];
    let count = number(template.len())?;
    let (mut handle, mut found) = (0, 0);
    let call = supported(inner.functions().C_FindObjectsInit)?;
    // SAFETY: the template and its values live until the call returns.
    Rv::check(unsafe { call(session, template.as_mut_ptr(), count) })?;
    let call = supported(inner.functions().C_FindObjects)?;
    // SAFETY: there is room for one handle.
    Rv::check(unsafe { call(session, &mut handle, 1, &mut found) })?;
    let call = supported(inner.functions().C_FindObjectsFinal)?;
    // SAFETY: a plain number.
    Rv::check(unsafe { call(session) })?;
    if found == 1 {
        Ok(handle)
    } else {
        Err(Rv(CKR_GENERAL_ERROR))
    }
}
