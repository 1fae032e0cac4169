//! Disposable keys, and what the token itself says of them.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use keyferry_core::TargetKind;

use super::open::Refusal;
use super::plaintext::{Found, compare_aes256, compare_p256, compare_rsa};
use crate::hsm::error::HsmError;
use crate::hsm::pkcs11::{Generated, Lifetime, generate, spki_of};
use crate::hsm::strategy::{Disposable, Workbench};

/// One kind of each family: mechanisms treat the sizes within a family alike.
pub(super) const KINDS: [TargetKind; 3] =
    [TargetKind::Rsa2048, TargetKind::P256, TargetKind::Aes256];

/// A block to encrypt; its value does not matter.
const BLOCK: [u8; 16] = *b"keyferry selftst";

/// A disposable key that ends with this value.
pub(super) struct Subject<'session> {
    pub(super) kind: TargetKind,
    key: Disposable<'session>,
    _public: Option<Disposable<'session>>,
    known: Known,
}

/// What an opened key is compared with.
enum Known {
    Rsa { spki: Vec<u8> },
    P256 { spki: Vec<u8> },
    Aes256 { encrypted: Vec<u8> },
}

impl<'session> Subject<'session> {
    /// Makes a disposable key of one of [`KINDS`] and asks the token for its known half.
    pub(super) fn make(bench: &Workbench<'session>, kind: TargetKind) -> Result<Self, HsmError> {
        let session = bench.session;
        let generated = make_key(bench, kind)?;
        let key = Disposable::new(session, generated.key);
        let public = generated
            .public
            .map(|handle| Disposable::new(session, handle));
        let spki = || match &public {
            Some(object) => spki_of(session, object.handle())?.ok_or_else(|| hidden(kind)),
            None => Err(hidden(kind)),
        };
        let known = match kind {
            TargetKind::Rsa2048 => Known::Rsa { spki: spki()? },
            TargetKind::P256 => Known::P256 { spki: spki()? },
            _ => Known::Aes256 {
                encrypted: encrypt_block(session, key.handle())?,
            },
        };
        Ok(Self {
            kind,
            key,
            _public: public,
            known,
        })
    }

    pub(super) fn handle(&self) -> ObjectHandle {
        self.key.handle()
    }

    /// Whether `plaintext` is this key.
    pub(super) fn compare(&self, plaintext: &[u8]) -> Result<Found, Refusal> {
        match &self.known {
            Known::Rsa { spki } => compare_rsa(plaintext, spki),
            Known::P256 { spki } => compare_p256(plaintext, spki),
            Known::Aes256 { encrypted } => {
                compare_aes256(plaintext, |key| encrypts_to(key, encrypted))
            }
        }
    }
}

/// A session object; a token object where the token takes no other and these are allowed.
fn make_key(bench: &Workbench<'_>, kind: TargetKind) -> Result<Generated, HsmError> {
    let refused = match generate(bench.session, kind, &Lifetime::Session) {
        Ok(generated) => return Ok(generated),
        Err(error) => error,
    };
    let Some(label) = bench.token_objects else {
        return Err(refused);
    };
    let lifetime = Lifetime::Token {
        label: label.to_owned(),
        id: label.as_bytes().to_vec(),
    };
    generate(bench.session, kind, &lifetime)
}

/// One block under the key. Where ECB is forbidden, CBC with a zero IV does the same to one block.
fn encrypt_block(session: &Session, key: ObjectHandle) -> Result<Vec<u8>, HsmError> {
    session
        .encrypt(&Mechanism::AesEcb, key, &BLOCK)
        .or_else(|_| session.encrypt(&Mechanism::AesCbc([0; 16]), key, &BLOCK))
        .map_err(HsmError::from)
}

fn encrypts_to(key: &[u8], expected: &[u8]) -> bool {
    let mut block = BLOCK.into();
    Aes256::new_from_slice(key).is_ok_and(|cipher| {
        cipher.encrypt_block(&mut block);
        block.as_slice() == expected
    })
}

fn hidden(kind: TargetKind) -> HsmError {
    HsmError::ModuleAnswer {
        why: format!("the token does not show the public half of a new {kind} key"),
    }
}
