//! How the client waits for a vault, and tells of it.

use super::name;
use crate::vault::practice::{Faults, PracticeOptions, PracticeVault};
use crate::vault::{
    KekWishes, Outward, Patience, PracticeTrust, VaultClient, VaultError, Wait, WaitReason,
};
use keyferry_core::{KekBits, VaultAddress};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Waits as a person would hear of them; a second is a millisecond here.
struct Waiting {
    client: VaultClient,
    heard: Arc<Mutex<Vec<Wait>>>,
    _vault: PracticeVault,
}

impl Waiting {
    async fn on(faults: &str, role: Duration) -> Self {
        let vault = PracticeVault::start_with(PracticeOptions {
            faults: faults.parse::<Faults>().unwrap(),
            ..PracticeOptions::default()
        })
        .await
        .unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = Arc::clone(&heard);
        let patience = Patience::new(role, move |wait| ears.lock().unwrap().push(wait))
            .with_unit(Duration::from_millis(1));
        let outward = Outward::to_practice(PracticeTrust::from(&vault), patience);
        let address = VaultAddress::parse(&vault.base_url(), outward.admission()).unwrap();
        Self {
            client: outward.connect(&address).unwrap(),
            heard,
            _vault: vault,
        }
    }

    async fn create(&self) -> Result<(), VaultError> {
        self.client
            .create_kek(&name("KEK"), KekBits::B2048, &KekWishes::default())
            .await
            .map(|_| ())
    }

    fn reasons(&self) -> Vec<WaitReason> {
        let heard = self.heard.lock().unwrap();
        heard.iter().map(|wait| wait.reason).collect()
    }
}

const NO_ROLE_WAIT: Duration = Duration::ZERO;

#[tokio::test]
async fn a_throttled_call_goes_on_with_and_without_retry_after() {
    for faults in ["429@create:1", "429-bare@create:3"] {
        let waiting = Waiting::on(faults, NO_ROLE_WAIT).await;
        waiting.create().await.unwrap();
        let reasons = waiting.reasons();
        assert!(!reasons.is_empty(), "{faults}");
        assert!(
            reasons
                .iter()
                .all(|reason| *reason == WaitReason::Throttled)
        );
    }
    let waiting = Waiting::on("429@create:1", NO_ROLE_WAIT).await;
    waiting.create().await.unwrap();
    // What Retry-After named, in whole seconds, not what we would have waited.
    assert!(waiting.heard.lock().unwrap()[0].time >= Duration::from_secs(1));
}

#[tokio::test]
async fn throttling_without_end_ends_in_its_error() {
    let waiting = Waiting::on("429-bare@create:always", NO_ROLE_WAIT).await;
    let error = waiting.create().await.unwrap_err();
    assert_eq!(error.code(), "vault-throttled");
    assert_eq!(waiting.reasons().len(), 8);
}

#[tokio::test]
async fn a_role_that_spreads_is_waited_for_as_long_as_was_said_and_no_longer() {
    let waiting = Waiting::on("403-rbac@create:2", Duration::from_secs(1)).await;
    waiting.create().await.unwrap();
    assert_eq!(waiting.reasons(), [WaitReason::RoleMaySpread; 2]);

    let waiting = Waiting::on("403-rbac@create:always", Duration::from_millis(12)).await;
    assert_eq!(waiting.create().await.unwrap_err().code(), "vault-no-role");
    // 5 + 5 + 2 milliseconds.
    assert_eq!(waiting.reasons(), [WaitReason::RoleMaySpread; 3]);

    let waiting = Waiting::on("403-rbac@create:always", NO_ROLE_WAIT).await;
    assert_eq!(waiting.create().await.unwrap_err().code(), "vault-no-role");
    assert_eq!(waiting.reasons(), []);
}

#[tokio::test]
async fn no_other_403_is_waited_for() {
    for (fault, code) in [
        ("403-policy@create", "vault-no-permission"),
        ("403-firewall@create", "vault-firewall"),
        ("403-network@create", "vault-private-endpoint"),
        ("standard", "vault-standard-tier"),
    ] {
        let waiting = Waiting::on(fault, Duration::from_secs(60)).await;
        assert_eq!(waiting.create().await.unwrap_err().code(), code, "{fault}");
        assert_eq!(waiting.reasons(), [], "{fault}");
    }
}

#[tokio::test]
async fn a_read_outlives_a_fault_and_a_change_is_never_done_twice_by_itself() {
    let waiting = Waiting::on("500@get:1,half@get:1", NO_ROLE_WAIT).await;
    waiting.create().await.unwrap();
    waiting.client.show(&name("KEK"), None).await.unwrap();
    assert_eq!(waiting.reasons(), [WaitReason::Fault; 2]);

    for fault in [
        "500@create:1",
        "half@create:1",
        "lost@create:1",
        "503@create:1",
    ] {
        let waiting = Waiting::on(fault, NO_ROLE_WAIT).await;
        let error = waiting.create().await.unwrap_err();
        assert!(error.may_have_landed(), "{fault}: {error}");
        assert_eq!(waiting.reasons(), [], "{fault}");
    }
}

#[tokio::test]
async fn a_token_that_ran_out_is_renewed_once_and_a_loop_of_challenges_ends() {
    let waiting = Waiting::on("401-expired@create", NO_ROLE_WAIT).await;
    waiting.create().await.unwrap();
    let waiting = Waiting::on("401-loop", NO_ROLE_WAIT).await;
    let error = waiting.create().await.unwrap_err();
    assert_eq!(error.code(), "vault-token-refused");
}

#[tokio::test]
async fn one_call_that_is_told_to_slow_down_slows_all_of_a_client() {
    let waiting = Waiting::on("429@get:1", NO_ROLE_WAIT).await;
    waiting.create().await.unwrap();
    let started = std::time::Instant::now();
    let kek = name("KEK");
    let (one, other) = tokio::join!(waiting.client.show(&kek, None), async {
        // Begins after the first was refused.
        tokio::time::sleep(Duration::from_millis(300)).await;
        waiting.client.show(&kek, None).await
    });
    one.unwrap();
    other.unwrap();
    let asked = waiting.heard.lock().unwrap()[0].time;
    assert!(started.elapsed() >= asked, "{asked:?}");
    assert_eq!(waiting.reasons(), [WaitReason::Throttled]);
}
