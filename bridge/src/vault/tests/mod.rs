//! The practice vault and the client over real TLS; every blob is built by the openssl program,
//! which shares no code with what opens it.

mod answers;
mod blob;
mod deeds;
mod deleted;
mod faults;
mod managed_hsm;
mod opens;
pub(super) mod openssl;
mod patience;
mod real_host;
mod recorded;
mod refuses;
mod route;
mod wire;

use super::practice::{PracticeOptions, PracticeVault};
use super::{KekWishes, VaultClient, VaultError, VaultKey, transport};
use blob::Recipe;
use keyferry_core::{ImportPlan, ImportType, ImportWishes, KekBits, KeyName, TargetKind};
use openssl::Openssl;
pub(super) use route::TestRoute;
use serde_json::Value;

/// A running vault, its client, and a KEK in it.
struct Bench {
    openssl: Openssl,
    vault: PracticeVault,
    client: VaultClient,
    kek: VaultKey,
}

impl Bench {
    async fn new() -> Self {
        Self::with_kek(KekBits::B2048).await
    }

    async fn with_kek(bits: KekBits) -> Self {
        Self::of(PracticeOptions::default(), bits).await
    }

    async fn of(options: PracticeOptions, bits: KekBits) -> Self {
        let vault = PracticeVault::start_with(options).await.unwrap();
        let client = VaultClient::practice(&vault).unwrap();
        let kek = client
            .create_kek(&name("KEKforBYOK"), bits, &KekWishes::default())
            .await
            .unwrap();
        Self {
            openssl: Openssl::new(),
            vault,
            client,
            kek,
        }
    }

    /// A blob as the specification wants it, for this bench's KEK.
    fn blob(&self, plaintext: &[u8]) -> Vec<u8> {
        self.blob_by(&Recipe::default(), plaintext)
    }

    fn blob_by(&self, recipe: &Recipe, plaintext: &[u8]) -> Vec<u8> {
        let ciphertext = recipe.wrap(&self.openssl, self.kek.spki.as_ref().unwrap(), plaintext);
        blob::file(&self.kek.kid, &ciphertext)
    }

    /// A call without the SDK between: its status and its JSON.
    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let http = transport::trusting(self.vault.ca_der()).unwrap();
        let url = format!("{}{path}?api-version=7.4", self.vault.base_url());
        let request = http
            .request(method.parse().unwrap(), url)
            .header("authorization", "Bearer any");
        let response = request.body(body.to_string()).send().await.unwrap();
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn import(&self, kind: TargetKind, file: &[u8]) -> Result<VaultKey, VaultError> {
        let plan = ImportPlan::new(ImportType::of(kind), ImportWishes::default()).unwrap();
        self.client.import(&name("imported"), &plan, file).await
    }

    /// Imports what has to be refused, and names the cause.
    async fn refusal(&self, kind: TargetKind, file: &[u8]) -> String {
        cause(self.import(kind, file).await.unwrap_err())
    }
}

fn name(text: &str) -> KeyName {
    KeyName::parse(text).unwrap()
}

/// The name of the practice vault's cause, by way of the answer that the client read.
fn cause(error: VaultError) -> String {
    match error {
        VaultError::Refused {
            detail: Some(detail),
            ..
        } => {
            assert!(detail.message.is_some());
            detail.code.unwrap()
        }
        other => panic!("no refusal by the practice vault: {other:?}"),
    }
}
