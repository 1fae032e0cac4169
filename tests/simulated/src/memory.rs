//! C's pointers, read into values and written from them.
#![allow(unsafe_code, reason = "C's pointers")]

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_ATTRIBUTE_TYPE, CK_BYTE, CK_MECHANISM, CK_MECHANISM_TYPE,
    CK_RSA_AES_KEY_WRAP_PARAMS, CK_RSA_PKCS_OAEP_PARAMS, CK_ULONG, CK_UNAVAILABLE_INFORMATION,
    CKM_RSA_AES_KEY_WRAP, CKM_RSA_PKCS_OAEP, CKR_ARGUMENTS_BAD, CKR_BUFFER_TOO_SMALL,
    CKR_MECHANISM_PARAM_INVALID,
};

use crate::rv::Rv;
use crate::wrap::Asked;

/// The initial value of RFC 5649 §3, which a caller may also name.
const KWP_INITIAL_VALUE: [u8; 4] = [0xA6, 0x59, 0x59, 0xA6];

/// One attribute of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) kind: CK_ATTRIBUTE_TYPE,
    pub(crate) value: Vec<u8>,
}

/// Reads a template.
///
/// # Safety
/// `template` is null or points to `count` attributes, whose values are null or as long as they say.
pub(crate) unsafe fn template(
    template: *const CK_ATTRIBUTE,
    count: CK_ULONG,
) -> Result<Vec<Attribute>, Rv> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if template.is_null() {
        return Err(Rv(CKR_ARGUMENTS_BAD));
    }
    // SAFETY: not null, and `count` long by this function's contract.
    let attributes = unsafe { std::slice::from_raw_parts(template, length(count)?) };
    attributes
        .iter()
        .map(|attribute| {
            Ok(Attribute {
                kind: attribute.type_,
                // SAFETY: by this function's contract.
                value: unsafe { bytes(attribute.pValue.cast(), attribute.ulValueLen)? },
            })
        })
        .collect()
}

/// Copies bytes.
///
/// # Safety
/// `from` is null or points to `count` bytes.
pub(crate) unsafe fn bytes(from: *const CK_BYTE, count: CK_ULONG) -> Result<Vec<u8>, Rv> {
    if count == 0 || from.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: not null, and `count` long by this function's contract.
    Ok(unsafe { std::slice::from_raw_parts(from, length(count)?) }.to_vec())
}

/// The mechanism's code.
///
/// # Safety
/// `mechanism` is null or valid.
pub(crate) unsafe fn mechanism_code(
    mechanism: *const CK_MECHANISM,
) -> Result<CK_MECHANISM_TYPE, Rv> {
    // SAFETY: by this function's contract.
    match unsafe { mechanism.as_ref() } {
        Some(mechanism) => Ok(mechanism.mechanism),
        None => Err(Rv(CKR_ARGUMENTS_BAD)),
    }
}

/// What a caller of C_WrapKey asks for.
///
/// # Safety
/// The mechanism's parameter is null or as long as it says.
pub(crate) unsafe fn asked(mechanism: &CK_MECHANISM) -> Result<Asked, Rv> {
    let code = mechanism.mechanism;
    match code {
        CKM_RSA_PKCS_OAEP => {
            // SAFETY: by this function's contract.
            unsafe { parameter::<CK_RSA_PKCS_OAEP_PARAMS>(mechanism) }.map(Asked::Oaep)
        }
        CKM_RSA_AES_KEY_WRAP => {
            // SAFETY: by this function's contract.
            let asked = unsafe { parameter::<CK_RSA_AES_KEY_WRAP_PARAMS>(mechanism)? };
            // SAFETY: null or valid by this function's contract.
            match unsafe { asked.pOAEPParams.as_ref() } {
                Some(oaep) if asked.ulAESKeyBits == 256 => Ok(Asked::RsaAes(*oaep)),
                _ => Err(Rv(CKR_MECHANISM_PARAM_INVALID)),
            }
        }
        _ => {
            // SAFETY: by this function's contract.
            let initial = unsafe { bytes(mechanism.pParameter.cast(), mechanism.ulParameterLen)? };
            if initial.is_empty() || initial == KWP_INITIAL_VALUE {
                Ok(Asked::Bare(code))
            } else {
                Err(Rv(CKR_MECHANISM_PARAM_INVALID))
            }
        }
    }
}

/// # Safety
/// The mechanism's parameter is null or as long as it says.
unsafe fn parameter<T: Copy>(mechanism: &CK_MECHANISM) -> Result<T, Rv> {
    let fits = length(mechanism.ulParameterLen)? == size_of::<T>();
    if mechanism.pParameter.is_null() || !fits {
        return Err(Rv(CKR_MECHANISM_PARAM_INVALID));
    }
    // SAFETY: not null, of the right size, and valid by this function's contract.
    Ok(unsafe { mechanism.pParameter.cast::<T>().read_unaligned() })
}

/// Where a result of unknown length goes (PKCS#11 v3.1 §5.2).
pub(crate) struct Place {
    to: *mut CK_BYTE,
    length: *mut CK_ULONG,
}

/// How a token is wrong about lengths.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Lies {
    pub(crate) announced: i8,
    pub(crate) room: usize,
}

impl Place {
    /// # Safety
    /// `length` is null or valid, and `to` is null or has room for `*length` bytes, until the call returns.
    pub(crate) unsafe fn new(to: *mut CK_BYTE, length: *mut CK_ULONG) -> Self {
        Self { to, length }
    }

    /// Writes the result, or its length.
    pub(crate) fn give(self, result: &[u8], lies: Lies) -> Result<(), Rv> {
        // SAFETY: null or valid by `new`'s contract.
        let Some(place) = (unsafe { self.length.as_mut() }) else {
            return Err(Rv(CKR_ARGUMENTS_BAD));
        };
        if self.to.is_null() {
            *place = number(result.len().saturating_add_signed(lies.announced.into()))?;
            return Ok(());
        }
        let needed = result.len().max(lies.room);
        if length(*place)? < needed {
            *place = number(needed)?;
            return Err(Rv(CKR_BUFFER_TOO_SMALL));
        }
        // SAFETY: `to` is not null and has room for what `*length` said, which is enough.
        unsafe {
            self.to
                .copy_from_nonoverlapping(result.as_ptr(), result.len())
        };
        *place = number(result.len())?;
        Ok(())
    }
}

/// Shows an attribute's value, or that there is none to show.
///
/// # Safety
/// `attribute`'s value is null or has room for what it says.
pub(crate) unsafe fn show(attribute: &mut CK_ATTRIBUTE, value: Option<&[u8]>) -> Result<(), Rv> {
    let Some(value) = value else {
        attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return Ok(());
    };
    if attribute.pValue.is_null() {
        attribute.ulValueLen = number(value.len())?;
        return Ok(());
    }
    if length(attribute.ulValueLen)? < value.len() {
        attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return Err(Rv(CKR_BUFFER_TOO_SMALL));
    }
    // SAFETY: not null, and long enough by this function's contract.
    unsafe {
        attribute
            .pValue
            .cast::<u8>()
            .copy_from_nonoverlapping(value.as_ptr(), value.len());
    }
    attribute.ulValueLen = number(value.len())?;
    Ok(())
}

/// Writes a list of numbers where there is room, or its length.
///
/// # Safety
/// As [`Place::new`], in numbers.
pub(crate) unsafe fn list(
    to: *mut CK_ULONG,
    count: *mut CK_ULONG,
    values: &[CK_ULONG],
) -> Result<(), Rv> {
    // SAFETY: null or valid by this function's contract.
    let Some(place) = (unsafe { count.as_mut() }) else {
        return Err(Rv(CKR_ARGUMENTS_BAD));
    };
    let room = length(*place)?;
    *place = number(values.len())?;
    if to.is_null() {
        return Ok(());
    }
    if room < values.len() {
        return Err(Rv(CKR_BUFFER_TOO_SMALL));
    }
    // SAFETY: not null, and `*count` long by this function's contract, which is enough.
    unsafe { to.copy_from_nonoverlapping(values.as_ptr(), values.len()) };
    Ok(())
}

pub(crate) fn length(count: CK_ULONG) -> Result<usize, Rv> {
    usize::try_from(count).map_err(|_| Rv(CKR_ARGUMENTS_BAD))
}

pub(crate) fn number(count: usize) -> Result<CK_ULONG, Rv> {
    CK_ULONG::try_from(count).map_err(|_| Rv(CKR_ARGUMENTS_BAD))
}
