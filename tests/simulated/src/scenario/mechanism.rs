//! Which mechanisms the token lists, and what they do.

use cryptoki_sys::{
    CK_FLAGS, CK_MECHANISM_INFO, CK_MECHANISM_TYPE, CK_ULONG, CKF_DECRYPT, CKF_ENCRYPT,
    CKF_GENERATE, CKF_GENERATE_KEY_PAIR, CKF_HW, CKF_SIGN, CKF_UNWRAP, CKF_VERIFY, CKF_WRAP,
};
use serde::Deserialize;

use super::TargetFilter;

/// What stays of the real token's list. What is not listed is refused as well.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Mechanisms {
    /// Only these.
    pub(crate) only: Option<Vec<CK_MECHANISM_TYPE>>,
    /// All but these.
    #[serde(default)]
    pub(crate) hidden: Vec<CK_MECHANISM_TYPE>,
}

impl Mechanisms {
    pub(crate) fn keeps(&self, code: CK_MECHANISM_TYPE) -> bool {
        let among = |list: &Vec<_>| list.contains(&code);
        self.only.as_ref().is_none_or(among) && !self.hidden.contains(&code)
    }
}

/// One mechanism that the token adds, or does in its own way.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct MechanismRule {
    pub(crate) code: CK_MECHANISM_TYPE,
    /// What `C_GetMechanismInfo` says; absent, what the real token says.
    pub(crate) flags: Option<Vec<MechanismFlag>>,
    /// Smallest and largest key, in the mechanism's own unit.
    pub(crate) sizes: Option<[CK_ULONG; 2]>,
    /// What wrapping with it makes; absent, what the real token makes.
    pub(crate) wraps: Option<Wraps>,
    /// Only for such a key; for others it does what the real token does.
    pub(crate) target: Option<TargetFilter>,
    /// Added to the length that is announced when no buffer is given.
    #[serde(default)]
    pub(crate) announced: i8,
    /// Added to the length that is returned; more is filled with zero bytes.
    #[serde(default)]
    pub(crate) returned: i8,
    /// The least buffer that it takes; a smaller one is told to be too small.
    #[serde(default)]
    pub(crate) room: usize,
}

/// What wrapping makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Wraps {
    /// RSAES-OAEP with this hash, whatever was asked for.
    Oaep(OaepHash),
    /// AES key wrap of a target.
    Key(KeyWrap),
    /// Both in one: `CKM_RSA_AES_KEY_WRAP`.
    RsaAes {
        /// The hash of the first part.
        hash: OaepHash,
        /// How the target is wrapped.
        key: KeyWrap,
    },
}

/// The hash of OAEP and its MGF1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OaepHash {
    Sha1,
    Sha256,
}

/// How a target is wrapped under an AES key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KeyWrap {
    /// RFC 5649.
    Kwp,
    /// PKCS#7 padding, then RFC 3394: how NSS reads `CKM_AES_KEY_WRAP_PAD`.
    Pkcs7,
    /// Zero bytes up to a multiple of eight, then RFC 5649: what SoftHSM does.
    ZeroPaddedKwp,
}

/// A flag of `CK_MECHANISM_INFO` (PKCS#11 v3.1 §3.5).
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MechanismFlag {
    Hardware,
    Encrypt,
    Decrypt,
    Sign,
    Verify,
    Generate,
    GenerateKeyPair,
    Wrap,
    Unwrap,
}

impl MechanismFlag {
    fn bit(self) -> CK_FLAGS {
        match self {
            Self::Hardware => CKF_HW,
            Self::Encrypt => CKF_ENCRYPT,
            Self::Decrypt => CKF_DECRYPT,
            Self::Sign => CKF_SIGN,
            Self::Verify => CKF_VERIFY,
            Self::Generate => CKF_GENERATE,
            Self::GenerateKeyPair => CKF_GENERATE_KEY_PAIR,
            Self::Wrap => CKF_WRAP,
            Self::Unwrap => CKF_UNWRAP,
        }
    }
}

impl MechanismRule {
    /// What the token says of the mechanism; `told` is the real token's word.
    pub(crate) fn info(&self, told: CK_MECHANISM_INFO) -> CK_MECHANISM_INFO {
        let mut info = told;
        if let Some(flags) = &self.flags {
            info.flags = flags.iter().fold(0, |all, flag| all | flag.bit());
        }
        if let Some([least, most]) = self.sizes {
            (info.ulMinKeySize, info.ulMaxKeySize) = (least, most);
        }
        info
    }

    /// Whether lengths come out otherwise than the real token has them.
    pub(crate) fn lies(&self) -> bool {
        self.announced != 0 || self.returned != 0 || self.room != 0
    }
}
