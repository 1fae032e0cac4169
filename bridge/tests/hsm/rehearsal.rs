//! Keys for a rehearsal: destroyed when told and when their worker ends, and no others with them.

use keyferry_core::TargetKind;

use crate::token::open_embedded;

#[tokio::test]
async fn destroys_what_it_made_for_a_rehearsal_and_nothing_else() {
    let state = tempfile::tempdir().unwrap();
    let hsm = open_embedded(state.path()).await;
    let own = hsm.generate(TargetKind::P256, "my own").await.unwrap();
    let first = hsm.make_rehearsal_key(TargetKind::P256).await.unwrap();
    let second = hsm.make_rehearsal_key(TargetKind::Aes256).await.unwrap();
    assert_eq!(hsm.keys().await.unwrap().len(), 3);

    let destroyed = hsm.destroy_rehearsal_keys().await.unwrap();
    assert_eq!(
        destroyed.gone,
        [first.info().label.clone(), second.info().label.clone()]
    );
    assert_eq!(destroyed.left, []);
    assert_eq!(hsm.keys().await.unwrap(), [own]);
    // There is nothing left to destroy.
    assert_eq!(hsm.destroy_rehearsal_keys().await.unwrap().gone, [""; 0]);
}

#[tokio::test]
async fn what_one_worker_made_another_does_not_destroy() {
    let state = tempfile::tempdir().unwrap();
    let (one, other) = (
        open_embedded(state.path()).await,
        open_embedded(state.path()).await,
    );
    let key = one.make_rehearsal_key(TargetKind::P256).await.unwrap();
    assert_eq!(other.destroy_rehearsal_keys().await.unwrap().gone, [""; 0]);
    let destroyed = one.destroy_rehearsal_keys().await.unwrap();
    assert_eq!(destroyed.gone, [key.info().label.clone()]);
}

#[tokio::test]
async fn a_worker_whose_bridge_goes_away_without_a_word_destroys_them() {
    let state = tempfile::tempdir().unwrap();
    let hsm = open_embedded(state.path()).await;
    let own = hsm.generate(TargetKind::P256, "my own").await.unwrap();
    let _key = hsm.make_rehearsal_key(TargetKind::P384).await.unwrap();
    drop(hsm);
    let hsm = open_embedded(state.path()).await;
    for _ in 0..100 {
        if hsm.keys().await.unwrap() == [own.clone()] {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("still there: {:?}", hsm.keys().await.unwrap());
}
