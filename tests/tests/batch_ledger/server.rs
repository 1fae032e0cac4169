//! What only a server or only a file does.

use std::time::{Duration, Instant};

use keyferry::batch::ledger::{Advance, Detail, Hold, Ledger, LedgerPlace, Step};
use keyferry_tests::PostgresServer;

use crate::place::{Place, run};
use crate::plan::plan;

#[test]
fn a_server_that_is_stopped_and_started_again_loses_nothing_and_doubles_nothing() {
    let server = PostgresServer::start();
    let address: LedgerPlace = server.database("restart").parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let hold = Hold::take(folder.path()).unwrap();
    let work = async {
        let ledger = Ledger::open(&address).await.unwrap();
        let plan = plan(200);
        ledger.record_plan(&plan).await.unwrap();
        let lease = Duration::from_secs(600);
        let seat = ledger.join(&hold, plan.hash(), lease).await.unwrap();
        let worker = tokio::spawn(async move {
            let mut seen = Vec::new();
            loop {
                let claims = seat.claim(5).await.unwrap();
                if claims.is_empty() {
                    return seen;
                }
                for step in [Step::Wrapped, Step::Done] {
                    let group = claims.iter().map(|claim| Advance {
                        number: claim.number,
                        to: step,
                        detail: Detail::default(),
                    });
                    seat.advance(group.collect()).await.unwrap();
                }
                seen.extend(claims);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let done = || async {
            let sql = "SELECT count(*) FROM keyferry_line WHERE step = 4";
            server.ask("restart", sql).parse::<u32>().unwrap()
        };
        let before = Instant::now();
        while done().await < 20 {
            assert!(
                before.elapsed() < Duration::from_secs(60),
                "nothing is done"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for _ in 0..2 {
            server.stop();
            tokio::time::sleep(Duration::from_secs(1)).await;
            server.resume();
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let seen = worker.await.unwrap();
        let numbers: Vec<u32> = seen.iter().map(|claim| claim.number).collect();
        assert_eq!(numbers, (1..=200).collect::<Vec<_>>());
        let twice = seen.iter().filter(|claim| claim.attempt != 1).count();
        assert_eq!(twice, 0, "a claim whose answer was lost gave other lines");
        assert_eq!(done().await, 200);
    };
    tokio::runtime::Runtime::new().unwrap().block_on(work);
}

#[test]
fn a_wrong_password_and_an_absent_server_are_told_at_once_and_without_the_password() {
    let server = PostgresServer::start();
    let good = server.database("secrets");
    let wrong = good.replace(PostgresServer::PASSWORD, "wr0ng-s3cret");
    let (head, _) = good.rsplit_once(':').unwrap();
    let absent = format!("{head}:1/secrets");
    let begun = Instant::now();
    for address in [wrong, absent] {
        let place: LedgerPlace = address.parse().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let error = runtime.block_on(Ledger::open(&place)).err().unwrap();
        assert_eq!(error.code(), "ledger-unusable");
        let said = format!("{error} {error:?} {place} {place:?}");
        assert!(!said.contains("s3cret"), "{said}");
        assert!(said.contains("mover@127.0.0.1"), "{said}");
    }
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn tls_is_verified_and_a_server_that_asks_for_it_gets_nothing_else() {
    let server = PostgresServer::start_with_tls();
    let address = server.database("tls");
    let other = PostgresServer::start_with_tls();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let open = |address: String| {
        let place: LedgerPlace = address.parse().unwrap();
        runtime.block_on(Ledger::open(&place))
    };
    let rooted = |certificate: &std::path::Path| {
        format!(
            "{address}?sslmode=verify-full&sslrootcert={}",
            certificate.display()
        )
    };
    let ledger = open(rooted(&server.certificate())).unwrap();
    let sql = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'keyferry'";
    assert_eq!(server.ask("tls", sql), "t");
    drop(ledger);
    for refused in [
        // Another server's certificate, one that no root of the system vouches for, a name that is not in it, and none.
        rooted(&other.certificate()),
        format!("{address}?sslmode=require"),
        rooted(&server.certificate()).replace("127.0.0.1", "127.0.0.2"),
        format!("{address}?sslmode=disable"),
    ] {
        let error = open(refused).err().unwrap();
        assert_eq!(error.code(), "ledger-unusable", "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn a_server_keeps_many_plans_and_a_file_one() {
    run(Place::sqlite(), |place| async move {
        let ledger = place.connect().await;
        ledger.record_plan(&plan(2)).await.unwrap();
        let error = ledger.record_plan(&plan(3)).await.unwrap_err();
        assert_eq!(error.code(), "ledger-other-plan");
    });
    run(Place::postgres("many_plans"), |place| async move {
        let ledger = place.connect().await;
        ledger.record_plan(&plan(2)).await.unwrap();
        ledger.record_plan(&plan(3)).await.unwrap();
        let seat = ledger
            .join(&place.hold("a"), plan(3).hash(), Duration::from_secs(60))
            .await
            .unwrap();
        assert_eq!(seat.claim(10).await.unwrap().len(), 3);
        assert_eq!(ledger.counts(plan(2).hash()).await.unwrap().open, 2);
    });
}

#[test]
fn a_file_that_is_no_ledger_and_tables_of_a_newer_version_are_refused() {
    run(Place::sqlite(), |place| async move {
        place.connect().await;
        place.tamper("UPDATE keyferry_ledger SET version = 2");
        let error = place.open().await.err().unwrap();
        assert_eq!(error.code(), "ledger-unusable");
        assert!(error.to_string().contains("version 2"), "{error}");
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.sqlite");
    std::fs::write(
        &file,
        "not a database, but long enough to be looked at".repeat(99),
    )
    .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let error = runtime
        .block_on(Ledger::open(&LedgerPlace::File(file)))
        .err();
    assert_eq!(error.unwrap().code(), "ledger-damaged");
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.sqlite");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ledger = runtime
        .block_on(Ledger::open(&LedgerPlace::File(file.clone())))
        .unwrap();
    runtime.block_on(ledger.record_plan(&plan(1))).unwrap();
    for name in ["ledger.sqlite", "ledger.sqlite-wal"] {
        let metadata = std::fs::metadata(folder.path().join(name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
}
