//! The shipped binary on its way to a real vault's name: through the system's proxy, by the system's
//! trust store, with each credential. A proxy of the test stands at the other end; no flag leads there,
//! only the variables that every program of a system obeys.
#![cfg(all(feature = "vault", unix))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod proxy;

use proxy::{Proxy, SIGN_IN, TOKEN, VAULT, identity_service};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use tempfile::TempDir;

const SECRET: &str = "s3cret-of-the-application";

struct Way {
    proxy: Proxy,
    folder: TempDir,
}

struct Answer {
    json: Value,
    all: String,
}

impl Way {
    async fn new() -> Self {
        let (proxy, folder) = (Proxy::start().await, TempDir::new().unwrap());
        fs::write(folder.path().join("ca.pem"), &proxy.ca_pem).unwrap();
        Self { proxy, folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// `vault kek list` of the real name, with these variables and options and no others.
    async fn list(&self, variables: &[(&str, &str)], more: &[&str]) -> Answer {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry"));
        let vault = format!("https://{VAULT}");
        command
            .args([
                "vault",
                "kek",
                "list",
                "--json",
                "--role-wait",
                "0",
                "--vault",
                &vault,
            ])
            .args(["--state", &self.path("state")])
            .args(more)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HTTPS_PROXY", format!("http://{}", self.proxy.address))
            .env("SSL_CERT_FILE", self.path("ca.pem"))
            .envs(variables.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let all = format!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
        Answer {
            json: serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {all}")),
            all,
        }
    }
}

const PRINCIPAL: [(&str, &str); 2] = [("AZURE_TENANT_ID", "ten-ant"), ("AZURE_CLIENT_ID", "app")];

#[tokio::test(flavor = "multi_thread")]
async fn a_service_principal_signs_in_through_the_proxy_by_the_companys_ca() {
    let way = Way::new().await;
    let variables = [&PRINCIPAL[..], &[("AZURE_CLIENT_SECRET", SECRET)]].concat();
    let answer = way.list(&variables, &[]).await;
    assert_eq!(
        answer.json["credential"], "the secret of application app",
        "{}",
        answer.all
    );
    assert!(!answer.all.contains(SECRET) && !answer.all.contains(TOKEN));
    let heard = way.proxy.heard();
    let hosts: Vec<&str> = heard.iter().map(|(host, _)| host.as_str()).collect();
    assert_eq!(hosts, [VAULT, SIGN_IN, VAULT]);
    assert!(!heard[0].1.to_lowercase().contains("authorization"));
    assert!(
        heard[1].1.starts_with("POST /ten-ant/oauth2/v2.0/token "),
        "{}",
        heard[1].1
    );
    assert!(
        heard[1]
            .1
            .contains("scope=https%3A%2F%2Fvault.azure.net%2F.default")
    );
    // --tenant is the vault's when the principal's own is another one.
    way.list(&variables, &["--tenant", "guest.example"]).await;
    assert!(way.proxy.heard()[1].1.starts_with("POST /guest.example/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ca_that_the_system_does_not_know_is_not_trusted() {
    let way = Way::new().await;
    fs::write(way.path("ca.pem"), Proxy::start().await.ca_pem).unwrap();
    let variables = [&PRINCIPAL[..], &[("AZURE_CLIENT_SECRET", SECRET)]].concat();
    let answer = way.list(&variables, &[]).await;
    assert_eq!(answer.json["error"]["code"], "vault-tls", "{}", answer.all);
    assert!(
        way.proxy
            .heard()
            .iter()
            .all(|(_, said)| said == "no handshake")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_not_there_is_told() {
    let way = Way::new().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let dead = format!("http://{closed}");
    let answer = way
        .list(&[("HTTPS_PROXY", &dead)], &["--credential", "az"])
        .await;
    let code = answer.json["error"]["code"].as_str().unwrap();
    assert!(
        ["vault-proxy", "vault-connection-refused"].contains(&code),
        "{}",
        answer.all
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_and_a_workloads_token_are_asserted() {
    let way = Way::new().await;
    let (key, certificate) = (way.path("key.pem"), way.path("cert.pem"));
    let arguments = [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=app",
    ];
    let made = Command::new("openssl")
        .args(arguments)
        .args(["-keyout", &key, "-out", &certificate])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let pem = way.path("both.pem");
    fs::write(
        &pem,
        [fs::read(key).unwrap(), fs::read(certificate).unwrap()].concat(),
    )
    .unwrap();
    let token = way.path("token");
    fs::write(&token, "federated-token").unwrap();
    for (variable, path, credential, assertion) in [
        (
            "AZURE_CLIENT_CERTIFICATE_PATH",
            &pem,
            "the certificate of application app",
            "client_assertion=eyJ",
        ),
        (
            "AZURE_FEDERATED_TOKEN_FILE",
            &token,
            "the workload identity of application app",
            "client_assertion=federated-token",
        ),
    ] {
        let variables = [&PRINCIPAL[..], &[(variable, path.as_str())]].concat();
        let answer = way.list(&variables, &[]).await;
        assert_eq!(answer.json["credential"], credential, "{}", answer.all);
        assert!(way.proxy.heard()[1].1.contains(assertion), "{variable}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn managed_identity_is_asked_of_the_machine_and_not_through_the_proxy() {
    let way = Way::new().await;
    let (address, asked) = identity_service().await;
    let endpoint = format!("http://{address}/msi/token");
    let variables = [
        ("IDENTITY_ENDPOINT", endpoint.as_str()),
        ("IDENTITY_HEADER", "h"),
    ];
    let answer = way.list(&variables, &[]).await;
    assert_eq!(
        answer.json["credential"], "managed identity",
        "{}",
        answer.all
    );
    assert!(asked.lock().unwrap()[0].contains("vault.azure.net"));
    assert!(way.proxy.heard().iter().all(|(host, _)| host == VAULT));
}

#[tokio::test(flavor = "multi_thread")]
async fn az_is_asked_for_the_vaults_audience_and_the_guests_tenant() {
    let way = Way::new().await;
    let (az, said) = (way.path("az"), way.path("said"));
    // What `az account get-access-token -o json` prints.
    let script = format!(
        "#!/bin/sh\necho \"$@\" > {said}\necho '{{\"accessToken\":\"{TOKEN}\",\"expires_on\":4102444800,\"tokenType\":\"Bearer\"}}'\n"
    );
    fs::write(&az, script).unwrap();
    fs::set_permissions(&az, Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", way.folder.path().display());
    let answer = way
        .list(&[("PATH", &path)], &["--tenant", "guest.example"])
        .await;
    assert_eq!(answer.json["credential"], "az login", "{}", answer.all);
    let said = fs::read_to_string(said).unwrap();
    assert!(
        said.contains("--scope https://vault.azure.net/.default"),
        "{said}"
    );
    assert!(said.contains("--tenant guest.example"), "{said}");

    let answer = way.list(&[], &[]).await;
    assert_eq!(
        answer.json["error"]["code"], "vault-sign-in",
        "{}",
        answer.all
    );
    assert!(
        answer.json["error"]["advice"]
            .as_str()
            .unwrap()
            .contains("az login")
    );
}
