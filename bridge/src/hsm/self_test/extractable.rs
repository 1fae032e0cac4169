//! Does the token keep what `CKA_EXTRACTABLE = false` says?

use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki_sys::CK_ULONG;
use keyferry_core::TargetKind;

use crate::hsm::choice::Choice;
use crate::hsm::port::{ExtractableRule, Proof};
use crate::hsm::strategy::{Disposable, KekNumbers, StrategyEntry, Workbench};

const AES_256_BYTES: CK_ULONG = 32;

/// Tries to wrap a disposable AES key that is not extractable, in a way that works for one that is.
pub(super) fn extractable_rule(
    bench: &Workbench<'_>,
    kek: &KekNumbers,
    candidates: &[StrategyEntry],
    proofs: &[Proof],
) -> ExtractableRule {
    let works = Choice::proven(proofs, TargetKind::Aes256).and_then(|choice| {
        candidates
            .iter()
            .find(|candidate| candidate.strategy == choice.strategy)
    });
    let template = [
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::ValueLen(AES_256_BYTES.into()),
    ];
    let stays = bench.session.generate_key(&Mechanism::AesKeyGen, &template);
    let (Some(candidate), Ok(stays)) = (works, stays) else {
        return ExtractableRule::Unknown;
    };
    let stays = Disposable::new(bench.session, stays);
    match candidate.wrap(bench, kek, stays.handle()) {
        Ok(_) => ExtractableRule::Ignored,
        Err(_) => ExtractableRule::Kept,
    }
}
