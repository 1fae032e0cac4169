//! Which credential is chosen, what is shown of it, and the certificate's assertion.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use super::certificate::CertificateAssertion;
use super::*;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

const SECRET: &str = "s3cr3t-of-the-application";

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::read(|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn chosen(choice: CredentialChoice, variables: &[(&str, &str)]) -> Result<String, String> {
    environment(variables)
        .choose(choice)
        .map(|used| used.to_string())
}

#[test]
fn the_automatic_order_is_environment_workload_managed_identity_az() {
    let client = ("AZURE_CLIENT_ID", "app");
    let secret = ("AZURE_CLIENT_SECRET", SECRET);
    let certificate = ("AZURE_CLIENT_CERTIFICATE_PATH", "/c.pem");
    let federated = ("AZURE_FEDERATED_TOKEN_FILE", "/t");
    let endpoint = ("IDENTITY_ENDPOINT", "http://127.0.0.1");
    let auto = |variables: &[_]| chosen(CredentialChoice::Auto, variables).unwrap();
    assert_eq!(
        auto(&[client, secret, certificate, federated, endpoint]),
        "the secret of application app"
    );
    assert_eq!(
        auto(&[client, certificate, federated, endpoint]),
        "the certificate of application app"
    );
    assert_eq!(
        auto(&[client, federated, endpoint]),
        "the workload identity of application app"
    );
    assert_eq!(auto(&[client, endpoint]), "the managed identity app");
    assert_eq!(auto(&[endpoint]), "managed identity");
    // A client ID alone says nothing, and neither does a secret without one or an empty variable.
    for variables in [
        &[][..],
        &[client],
        &[secret],
        &[client, ("AZURE_CLIENT_SECRET", "")],
    ] {
        assert_eq!(auto(variables), "az login", "{variables:?}");
    }
}

#[test]
fn what_was_asked_for_is_used_or_said_to_be_missing() {
    let set = [("AZURE_CLIENT_ID", "app"), ("AZURE_CLIENT_SECRET", SECRET)];
    assert_eq!(chosen(CredentialChoice::Az, &set).unwrap(), "az login");
    assert_eq!(
        chosen(CredentialChoice::ManagedIdentity, &[]).unwrap(),
        "managed identity"
    );
    for choice in [CredentialChoice::Environment, CredentialChoice::Workload] {
        assert!(chosen(choice, &[]).is_err(), "{choice:?}");
    }
    assert!(chosen(CredentialChoice::Workload, &set).is_err());
}

#[test]
fn no_form_of_showing_a_credential_shows_its_secret() {
    let environment = environment(&[("AZURE_CLIENT_ID", "app"), ("AZURE_CLIENT_SECRET", SECRET)]);
    let used = environment.choose(CredentialChoice::Auto).unwrap();
    let shown = format!("{environment:?} {used} {used:?} {}", used.advice());
    assert!(shown.contains("app") && !shown.contains(SECRET), "{shown}");
}

#[test]
fn a_tenant_is_an_id_or_a_domain_and_nothing_that_a_shell_or_an_address_reads() {
    for tenant in [
        "contoso.onmicrosoft.com",
        "7b795fb9-09d3-42f4-a494-38864f99ba3c",
    ] {
        assert_eq!(tenant.parse::<Tenant>().unwrap().to_string(), tenant);
    }
    for tenant in [
        "",
        "a b",
        "a;b",
        "a/b",
        "$(x)",
        "-o",
        "ä.de",
        &"a".repeat(254),
    ] {
        assert!(tenant.parse::<Tenant>().is_err(), "{tenant}");
    }
}

fn certificate() -> (String, rcgen::KeyPair) {
    // Made by openssl, which also checks what is signed below: rcgen's ring makes no RSA keys.
    let openssl = crate::vault::tests::openssl::Openssl::new();
    let der = openssl.target(keyferry_core::TargetKind::Rsa2048);
    let key = openssl.run(&["pkey", "-inform", "DER"], &der);
    openssl.put("key.pem", &key);
    let arguments = [
        "req", "-x509", "-new", "-key", "key.pem", "-subj", "/CN=app",
    ];
    let pem = openssl.run(&arguments, &[]);
    let ec = rcgen::KeyPair::generate().unwrap();
    (String::from_utf8([key, pem].concat()).unwrap(), ec)
}

#[test]
fn an_assertion_is_signed_by_the_certificates_key_and_names_it() {
    let (pem, _) = certificate();
    let assertion =
        CertificateAssertion::of_pem(pem.as_bytes(), false, "app", "https://login/t".to_owned())
            .unwrap();
    let token = assertion.assertion(1_700_000_000).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let json = |part: &str| -> Value {
        serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).unwrap()).unwrap()
    };
    let (header, claims) = (json(parts[0]), json(parts[1]));
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&"RS256".into(), &"JWT".into())
    );
    assert_eq!(header.get("x5c"), None);
    assert_eq!(
        (&claims["iss"], &claims["sub"]),
        (&"app".into(), &"app".into())
    );
    assert_eq!(claims["aud"], "https://login/t");
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap(),
        300
    );

    let openssl = crate::vault::tests::openssl::Openssl::new();
    let public = openssl.run(&["x509", "-noout", "-pubkey"], pem.as_bytes());
    openssl.put("public", &public);
    openssl.put(
        "signature",
        &Base64UrlUnpadded::decode_vec(parts[2]).unwrap(),
    );
    let signed = format!("{}.{}", parts[0], parts[1]);
    // Fails, and with it the test, when the signature is not the certificate's.
    let verify = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "public",
        "-rawin",
        "-digest",
        "sha256",
        "-sigfile",
        "signature",
    ];
    openssl.run(&verify, signed.as_bytes());
    let thumbprint = openssl.run(&["x509", "-noout", "-fingerprint", "-sha1"], pem.as_bytes());
    let thumbprint = String::from_utf8(thumbprint).unwrap().replace(':', "");
    let x5t = Base64UrlUnpadded::decode_vec(header["x5t"].as_str().unwrap()).unwrap();
    assert!(
        thumbprint
            .trim()
            .to_lowercase()
            .ends_with(&keyferry_core::to_hex(&x5t)),
        "{thumbprint}"
    );
}

#[test]
fn a_certificate_file_that_cannot_sign_is_told_without_its_content() {
    let (pem, ec) = certificate();
    let certificate = &pem[pem.find("-----BEGIN CERT").unwrap()..];
    let read = |pem: &str| {
        CertificateAssertion::of_pem(pem.as_bytes(), false, "app", String::new()).unwrap_err()
    };
    assert_eq!(read("no pem"), "it holds no certificate");
    assert_eq!(
        read(certificate),
        "it holds no private key, or an encrypted one"
    );
    assert_eq!(
        read(&format!("{certificate}{}", ec.serialize_pem())),
        "its private key is not RSA"
    );
    assert_eq!(
        read(&certificate.replace("-----END", "?")),
        "its PEM is broken"
    );
}

#[test]
fn the_chain_is_sent_when_the_environment_asks_for_it() {
    let (pem, _) = certificate();
    let assertion =
        CertificateAssertion::of_pem(pem.as_bytes(), true, "app", String::new()).unwrap();
    let token = assertion.assertion(0).unwrap();
    let header = Base64UrlUnpadded::decode_vec(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header["x5c"].as_array().unwrap().len(), 1);
}
