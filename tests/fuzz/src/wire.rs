//! What page and bridge say to each other, what is printed, and what is kept: a message that is understood is the
//! same after it was written and read again.

use keyferry_core::{
    AuditEntry, AuditHead, ErrorBody, Finding, ImportPlan, ImportType, ImportWishes, Inspection,
    KekVerdict, KeyInfo, KeySelector, KeygenOrder, KeysAnswer, MAX_RECEIPT, ModuleOffer, PlanRun,
    PracticeInfo, Reason, Receipt, RetirementAnswer, RetirementOrder, SessionInfo, TargetKind,
    TokenInfo, VaultImportAnswer, VaultImportEvent, VaultImportOrder, VaultKek, VaultKekOrder,
    VaultKekQuery, VaultKeyInfo, VaultKeysAnswer, VaultQuery, Verification, WrapAnswer, WrapEvent,
    WrapOrder, WrapRecord,
};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

/// Reads the bytes as every type there is; how many understood them.
pub fn check(data: &[u8]) -> usize {
    check_plan(data);
    let understood = [
        stable::<KeygenOrder>(data),
        stable::<KeySelector>(data),
        stable::<WrapOrder>(data),
        stable::<VaultQuery>(data),
        stable::<VaultKekQuery>(data),
        stable::<VaultKekOrder>(data),
        stable::<VaultImportOrder>(data),
        stable::<RetirementOrder>(data),
        stable::<PlanRun>(data),
        stable::<SessionInfo>(data),
        stable::<TokenInfo>(data),
        stable::<KeyInfo>(data),
        stable::<KeysAnswer>(data),
        stable::<ModuleOffer>(data),
        stable::<PracticeInfo>(data),
        stable::<Reason>(data),
        stable::<Finding>(data),
        stable::<ErrorBody>(data),
        stable::<WrapRecord>(data),
        stable::<WrapAnswer>(data),
        stable::<WrapEvent>(data),
        stable::<VaultKek>(data),
        stable::<VaultKeyInfo>(data),
        stable::<VaultKeysAnswer>(data),
        stable::<VaultImportAnswer>(data),
        stable::<VaultImportEvent>(data),
        stable::<RetirementAnswer>(data),
        stable::<Verification>(data),
        stable::<KekVerdict>(data),
        stable::<Inspection>(data),
        stable::<AuditHead>(data),
        stable::<AuditEntry>(data),
        check_receipt(data),
    ];
    understood
        .into_iter()
        .filter(|understood| *understood)
        .count()
}

fn stable<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<T>(data) else {
        return false;
    };
    let json = serde_json::to_vec(&value).unwrap();
    assert_eq!(serde_json::from_slice::<T>(&json).unwrap(), value);
    true
}

fn check_receipt(data: &[u8]) -> bool {
    let Ok(receipt) = Receipt::parse(data) else {
        return false;
    };
    assert!(data.len() <= MAX_RECEIPT);
    assert_eq!(Receipt::parse(&receipt.to_bytes()).unwrap(), receipt);
    assert!(
        receipt.check_file(data).is_err(),
        "a receipt is not the file that it is of"
    );
    true
}

/// What an import may ask for is decided whatever was asked; what is allowed is what was wished.
fn check_plan(data: &[u8]) {
    let Ok(order) = serde_json::from_slice::<VaultImportOrder>(data) else {
        return;
    };
    for target in TargetKind::ALL {
        let kind = ImportType::of(target);
        let names: Vec<String> = order
            .operations
            .iter()
            .map(|one| one.name().to_owned())
            .collect();
        let wishes = ImportWishes {
            operations: Some(names.clone()),
            tags: order.tags.clone(),
            not_before: order.not_before,
            expires: order.expires,
            disabled: !order.enabled,
            exportable: order.release_policy.is_some(),
            release_policy: order.release_policy.clone().map(String::into_bytes),
        };
        if let Ok(plan) = ImportPlan::new(kind, wishes) {
            assert!(
                plan.operations()
                    .iter()
                    .all(|one| kind.operations().contains(one))
            );
            assert!(
                plan.operations()
                    .iter()
                    .all(|one| names.contains(&one.name().to_owned()))
            );
            assert_eq!(plan.tags(), &order.tags);
            assert_eq!(plan.is_exportable(), order.release_policy.is_some());
        }
    }
}
