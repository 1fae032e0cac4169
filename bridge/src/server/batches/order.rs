//! What the page wishes, as a manifest: the rules of plans are those of the manifest's, and there are no others.

use std::path::Path;
use std::sync::Arc;

use keyferry_core::{Admission, KeyOperation, Kid, PlannedKey};
use serde::Serialize;
use std::collections::BTreeMap;

use super::Ground;
use crate::Error;
use crate::batch::manifest::{Form, Manifest};
use crate::batch::plan::{self, VaultGround};
use crate::batch::{BatchError, Plan};
use crate::server::desk::PlanRequest;
use crate::transfer::Grounds;

/// What problems call the order: the page has no file.
const NAME: &str = "the order";

/// Makes the plan of an order. Reads the token's keys; touches nothing.
pub(super) async fn plan(ground: Ground<'_>, request: PlanRequest) -> Result<Plan, Error> {
    let manifest = manifest(&request, ground.admission)?;
    let keys = ground.session.keys(ground.audit).await?;
    let token = ground.session.open().await?.info.clone();
    let PlanRequest {
        kek,
        document,
        attestation,
        ..
    } = request;
    let judge = Grounds::of(
        ground.session,
        Arc::new(kek),
        attestation.as_deref(),
        ground.software,
    )
    .await;
    let vault = VaultGround {
        judge,
        document,
        attestation,
    };
    Ok(plan::make(&manifest, &token, &keys, &[vault]).map_err(BatchError::from)?)
}

/// A manifest, as its file would have it.
#[derive(Serialize)]
struct Written<'a> {
    defaults: Defaults<'a>,
    vault: [Vault<'a>; 1],
    key: &'a [PlannedKey],
}

#[derive(Serialize)]
struct Vault<'a> {
    url: String,
    /// Of a manifest's file; what is wrapped to is the KEK of the order.
    kid: &'a str,
}

#[derive(Serialize)]
struct Defaults<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ops: Option<&'a [KeyOperation]>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'a BTreeMap<String, String>,
}

fn manifest(request: &PlanRequest, admission: &Admission) -> Result<Manifest, Error> {
    let kid: &Kid = request.kek.kid();
    let written = Written {
        defaults: Defaults {
            name: &request.name,
            ops: request.operations.as_deref(),
            tags: &request.tags,
        },
        vault: [Vault {
            url: kid.vault_url(),
            kid: kid.as_str(),
        }],
        key: &request.keys,
    };
    let text = toml::to_string(&written)
        .map_err(|_| Error::Internal("an order that cannot be written as a manifest"))?;
    let none = |_: &Path| Err(Error::Internal("an order of the page names no file"));
    let manifest = Manifest::parse(text.as_bytes(), Form::Toml, NAME, admission, &none);
    Ok(manifest.map_err(BatchError::from)?)
}
