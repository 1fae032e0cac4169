//! The practice vault's own certificate authority: made for one run, trusted by our client alone.

use super::error::PracticeError;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use std::net::Ipv4Addr;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

/// The names under which the practice vault is served.
const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];
/// How long a run may last before its certificates end.
const LIFETIME: Duration = Duration::days(7);
/// Clocks of two processes on one machine agree, but a certificate is cut to whole seconds.
const MARGIN: Duration = Duration::minutes(5);

/// What a run serves with, and what its client trusts.
pub(super) struct Identity {
    /// The CA's certificate, DER.
    pub(super) ca_der: Vec<u8>,
    /// TLS 1.2 and 1.3 by ring, one leaf, HTTP/1.1 only.
    pub(super) tls: Arc<ServerConfig>,
}

impl Identity {
    /// Makes a CA and a leaf for loopback.
    ///
    /// The CA's private half is dropped at once: nothing can be signed with it later. The CA is
    /// name-constrained to loopback (RFC 5280 §4.2.1.10), so that even who installs it by mistake
    /// trusts it for nothing else.
    pub(super) fn make() -> Result<Self, PracticeError> {
        let now = OffsetDateTime::now_utc();
        let ca_key = KeyPair::generate()?;
        let mut ca = CertificateParams::default();
        ca.distinguished_name
            .push(DnType::CommonName, "Keyferry practice CA, this run only");
        ca.not_before = now - MARGIN;
        ca.not_after = now + LIFETIME;
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        ca.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![
                GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(
                    Ipv4Addr::LOCALHOST.octets(),
                    32,
                )),
                GeneralSubtree::DnsName("localhost".to_owned()),
            ],
            excluded_subtrees: Vec::new(),
        });
        let ca_der = ca.self_signed(&ca_key)?.der().to_vec();

        let leaf_key = KeyPair::generate()?;
        let mut leaf = CertificateParams::new(NAMES.map(str::to_owned))?;
        leaf.distinguished_name
            .push(DnType::CommonName, "Keyferry practice vault");
        leaf.not_before = now - MARGIN;
        leaf.not_after = now + LIFETIME;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // RFC 5280 §4.2.1.1 wants it, and Python's strict verification refuses a leaf without it.
        leaf.use_authority_key_identifier_extension = true;
        let leaf_cert = leaf.signed_by(&leaf_key, &Issuer::new(ca, ca_key))?;

        let leaf_pkcs8 = Zeroizing::new(leaf_key.serialize_der());
        let leaf_der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_pkcs8.as_slice()));
        let signer = ring::sign::any_ecdsa_type(&leaf_der)?;
        let certified = CertifiedKey::new(vec![leaf_cert.der().clone()], signer);
        let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            ca_der,
            tls: Arc::new(tls),
        })
    }
}
