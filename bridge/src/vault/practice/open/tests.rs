//! Plaintexts that openssl made, read without an envelope: here the length table bars nothing.

use super::{aes_key, pkcs8};
use crate::vault::practice::cause::Cause;
use crate::vault::practice::opened::PublicHalf;
use crate::vault::tests::openssl::Openssl;
use keyferry_core::TargetKind;

fn refusal(plaintext: &[u8]) -> Cause {
    pkcs8::read(plaintext).err().unwrap().cause()
}

#[test]
fn refuses_pkcs1() {
    let openssl = Openssl::new();
    let key = openssl.target(TargetKind::Rsa2048);
    let pkcs1 = openssl.run(
        &["rsa", "-inform", "DER", "-traditional", "-outform", "DER"],
        &key,
    );
    assert_eq!(refusal(&pkcs1), Cause::Pkcs1);
}

#[test]
fn refuses_a_bare_ec_private_key() {
    let openssl = Openssl::new();
    let key = openssl.target(TargetKind::P256);
    let sec1 = openssl.run(&["ec", "-inform", "DER", "-outform", "DER"], &key);
    assert_eq!(refusal(&sec1), Cause::Sec1);
}

#[test]
fn refuses_a_public_key_and_what_is_no_der() {
    let openssl = Openssl::new();
    let public = openssl.public_key(&openssl.target(TargetKind::P256));
    for plaintext in [
        public,
        vec![0; 64],
        vec![0xff; 64],
        b"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49".to_vec(),
    ] {
        assert_eq!(refusal(&plaintext), Cause::Pkcs8);
    }
}

#[test]
fn refuses_an_encrypted_private_key() {
    let openssl = Openssl::new();
    let key = openssl.target(TargetKind::P256);
    let encrypted = openssl.run(
        &[
            "pkcs8",
            "-topk8",
            "-inform",
            "DER",
            "-outform",
            "DER",
            "-passout",
            "pass:practice",
        ],
        &key,
    );
    assert_eq!(refusal(&encrypted), Cause::Pkcs8);
}

#[test]
fn refuses_der_that_is_cut_short_anywhere() {
    let key = Openssl::new().target(TargetKind::P256);
    for length in 0..key.len() {
        assert_eq!(refusal(&key[..length]), Cause::Pkcs8, "{length} bytes");
    }
}

#[test]
fn refuses_trailing_bytes_and_more_zeros_than_padding_adds() {
    let key = Openssl::new().target(TargetKind::P256);
    for tail in [&[1][..], &[0, 0, 1], &[0; 8], b"\n"] {
        assert_eq!(refusal(&[&key, tail].concat()), Cause::TrailingBytes);
    }
}

#[test]
fn refuses_an_rsa_key_of_1024_bits() {
    let key =
        Openssl::new().private_key(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    assert_eq!(refusal(&key), Cause::RsaSize);
}

#[test]
fn refuses_a_key_with_three_primes() {
    let key = Openssl::new().private_key(&[
        "-algorithm",
        "RSA",
        "-pkeyopt",
        "rsa_keygen_bits:2048",
        "-pkeyopt",
        "rsa_keygen_primes:3",
    ]);
    assert_eq!(refusal(&key), Cause::RsaNumbers);
}

#[test]
fn refuses_an_rsa_key_with_any_number_changed() {
    let key = Openssl::new().target(TargetKind::Rsa2048);
    // The last byte of each of n, d, p, q, dp, dq, qi, found by walking the inner SEQUENCE.
    let mut position = 26 + 4 + 3;
    let mut changed = 0;
    while position < key.len() {
        let (header, length) = match key[position + 1] {
            0x82 => (
                4,
                usize::from(key[position + 2]) << 8 | usize::from(key[position + 3]),
            ),
            0x81 => (3, usize::from(key[position + 2])),
            short => (2, usize::from(short)),
        };
        position += header + length;
        // A change by 2 keeps what must be odd odd.
        let mut damaged = key.clone();
        damaged[position - 1] ^= 2;
        assert_eq!(refusal(&damaged), Cause::RsaNumbers, "number {changed}");
        changed += 1;
    }
    assert_eq!(changed, 8, "n, e, d, p, q, dp, dq, qi");
}

#[test]
fn refuses_other_algorithms() {
    let openssl = Openssl::new();
    for algorithm in ["ED25519", "X448"] {
        assert_eq!(
            refusal(&openssl.private_key(&["-algorithm", algorithm])),
            Cause::Pkcs8
        );
    }
}

#[test]
fn refuses_explicit_parameters_and_foreign_curves() {
    let openssl = Openssl::new();
    let key = |curve: &str, encoding: &str| {
        let (curve, encoding) = (
            format!("ec_paramgen_curve:{curve}"),
            format!("ec_param_enc:{encoding}"),
        );
        openssl.private_key(&[
            "-algorithm",
            "EC",
            "-pkeyopt",
            &curve,
            "-pkeyopt",
            &encoding,
        ])
    };
    assert_eq!(refusal(&key("P-256", "explicit")), Cause::EcParameters);
    for curve in ["P-224", "brainpoolP256r1"] {
        assert_eq!(
            refusal(&key(curve, "named_curve")),
            Cause::EcParameters,
            "{curve}"
        );
    }
}

#[test]
fn refuses_a_scalar_out_of_range_and_a_public_half_of_another_key() {
    let key = Openssl::new().target(TargetKind::P256);
    // PKCS#8 of P-256 by openssl: the scalar at 36..68, the point at 73.. after tag, length, 0x00.
    assert_eq!(key.len(), 138);
    for scalar in [[0; 32], [0xff; 32]] {
        let mut damaged = key.clone();
        damaged[36..68].copy_from_slice(&scalar);
        assert_eq!(refusal(&damaged), Cause::EcNumbers);
    }
    for position in [67, 100, 137] {
        let mut damaged = key.clone();
        damaged[position] ^= 1;
        assert_eq!(refusal(&damaged), Cause::EcNumbers, "byte {position}");
    }
}

#[test]
fn reads_raw_bytes_of_aes_sizes_alone() {
    for length in 0..48 {
        let read = aes_key::read(&vec![7; length]);
        match length {
            16 | 24 | 32 => assert!(matches!(read.unwrap().public, PublicHalf::Aes { .. })),
            _ => assert_eq!(
                read.err().unwrap().cause(),
                Cause::AesSize,
                "{length} bytes"
            ),
        }
    }
}
