//! Who vouches for the partition that signed: the maker (root → card → partition), and the pool's owner.
//!
//! A fixed path of three links. Candidates are found by signature, not by position; wherever two fit,
//! the bundle is refused, because two readers could follow two paths.

use super::certificate::Certificate;
use super::refusal::Refusal;
use super::roots::TrustedRoots;

/// The maker's chain, verified down to the partition's key.
#[derive(Debug)]
pub(super) struct MakerChain<'a> {
    pub(super) card: &'a Certificate,
    pub(super) partition: &'a Certificate,
}

impl<'a> MakerChain<'a> {
    /// Follows the chain from a trusted root, every link valid at `now` (seconds since 1970).
    pub(super) fn verify(
        bundle: &'a [Certificate],
        roots: &TrustedRoots,
        now: i64,
    ) -> Result<Self, Refusal> {
        let mut cards = Vec::new();
        let mut named = false;
        for root in roots.list() {
            for certificate in bundle {
                // The root itself may be in the bundle, in whichever of its editions.
                if certificate.spki() == root.spki() || !certificate.is_named_issued_by(root) {
                    continue;
                }
                named = true;
                if certificate.is_signed_by(root) {
                    root.check_time(now)?;
                    cards.push(certificate);
                }
            }
        }
        let card = match cards.as_slice() {
            [card] => *card,
            [] if named => {
                return Err(Refusal::file(
                    "chain-card-signature",
                    "a certificate names the HSM maker's root as its issuer, but that root did not sign it",
                ));
            }
            [] => {
                return Err(Refusal::file(
                    "chain-root-unknown",
                    "no certificate is issued by the HSM maker's root",
                ));
            }
            _ => {
                return Err(Refusal::file(
                    "chain-two-cards",
                    "two certificates are signed by the HSM maker's root, so it is unclear which card is meant",
                ));
            }
        };
        card.check_time(now)?;

        let named: Vec<&Certificate> = bundle
            .iter()
            .filter(|certificate| certificate.is_named_issued_by(card))
            .collect();
        let partitions: Vec<&Certificate> = named
            .iter()
            .copied()
            .filter(|certificate| certificate.is_signed_by(card))
            .collect();
        let partition = match partitions.as_slice() {
            [partition] => *partition,
            [] if named.is_empty() => {
                return Err(Refusal::file(
                    "chain-no-partition",
                    "no certificate is issued by the card",
                ));
            }
            [] => {
                return Err(Refusal::file(
                    "chain-partition-signature",
                    "a certificate names the card as its issuer, but the card did not sign it",
                ));
            }
            _ => {
                return Err(Refusal::file(
                    "chain-two-partitions",
                    "two certificates are signed by the card, so it is unclear which partition is meant",
                ));
            }
        };
        partition.check_time(now)?;
        Ok(Self { card, partition })
    }
}

/// The owner's certificate: self-signed, and issuer of a certificate for the partition's own key.
///
/// It proves nothing by itself, since whoever submits the bundle chose it; its fingerprint does when
/// the user knows it. None when there is no such certificate.
pub(super) fn owner<'a>(
    bundle: &'a [Certificate],
    partition: &Certificate,
    roots: &TrustedRoots,
    now: i64,
) -> Result<Option<&'a Certificate>, Refusal> {
    let owners: Vec<&Certificate> = bundle
        .iter()
        .filter(|owner| {
            owner.is_signed_by(owner) && roots.list().iter().all(|root| root.spki() != owner.spki())
        })
        .collect();
    let owner = match owners.as_slice() {
        [] => return Ok(None),
        [owner] => *owner,
        _ => {
            return Err(Refusal::file(
                "owner-ambiguous",
                "the bundle holds two self-signed certificates, so it is unclear whose pool it is",
            ));
        }
    };
    let vouched = bundle.iter().find(|certificate| {
        certificate.spki() == partition.spki()
            && certificate.is_named_issued_by(owner)
            && certificate.is_signed_by(owner)
    });
    let Some(vouched) = vouched else {
        return Err(Refusal::file(
            "owner-other-pool",
            format!(
                "the pool “{}” did not sign the key of the partition that holds this KEK",
                owner.common_name()
            ),
        ));
    };
    owner.check_time(now)?;
    vouched.check_time(now)?;
    Ok(Some(owner))
}
