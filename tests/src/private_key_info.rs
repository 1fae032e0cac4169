//! Reads a PKCS#8 `PrivateKeyInfo` (RFC 5208) with every length accounted for, and has the
//! `openssl` command work out its public half.

use crate::tool::openssl;

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// A private key's DER, and what came after it.
pub struct PrivateKeyInfo {
    der: Vec<u8>,
    /// The bytes that follow the DER in the wrapped plaintext: none, or a token's padding.
    pub trailing: Vec<u8>,
    /// What an EC key holds; `None` for RSA.
    pub ec: Option<EcShape>,
}

/// What an RFC 5915 `ECPrivateKey` holds.
pub struct EcShape {
    /// The private value's bytes, as many as the token wrote.
    pub d: Vec<u8>,
    /// Whether the optional public key is there.
    pub has_public_key: bool,
    /// Whether the curve is named a second time, within the key.
    pub has_parameters: bool,
    curve: Vec<u8>,
}

impl PrivateKeyInfo {
    /// Parses the DER at the start of `plaintext`.
    ///
    /// # Errors
    /// A tag that is not due, a length that does not end where its holder ends.
    pub fn parse(plaintext: &[u8]) -> Result<Self, String> {
        let (mut outer, trailing) = element(plaintext, SEQUENCE)?;
        let der = plaintext[..plaintext.len() - trailing.len()].to_vec();
        let version = take(&mut outer, INTEGER)?;
        if version != [0] {
            return Err(format!("PrivateKeyInfo version {version:?}"));
        }
        let mut algorithm = take(&mut outer, SEQUENCE)?;
        let key = take(&mut outer, OCTET_STRING)?;
        // Attributes ([0]) may follow; the tokens at hand write none.
        ended(outer, "PrivateKeyInfo")?;
        let ec = match take(&mut algorithm, OBJECT_IDENTIFIER)? {
            EC_PUBLIC_KEY => Some(EcShape::parse(algorithm, key)?),
            _ => {
                let (_, after) = element(key, SEQUENCE)?;
                ended(after, "RSAPrivateKey")?;
                None
            }
        };
        Ok(Self {
            der,
            trailing: trailing.to_vec(),
            ec,
        })
    }

    /// The length of the DER alone.
    #[must_use]
    pub fn der_length(&self) -> usize {
        self.der.len()
    }

    /// The SPKI DER of the public half, worked out by `openssl pkey` from the DER alone.
    ///
    /// # Errors
    /// What `openssl` said.
    pub fn public_half(&self) -> Result<Vec<u8>, String> {
        openssl(
            &["pkey", "-inform", "DER", "-pubout", "-outform", "DER"],
            &self.der,
        )
    }
}

impl EcShape {
    fn parse(mut algorithm: &[u8], key: &[u8]) -> Result<Self, String> {
        let curve = take(&mut algorithm, OBJECT_IDENTIFIER)?.to_vec();
        ended(algorithm, "the algorithm identifier")?;
        let (mut fields, after) = element(key, SEQUENCE)?;
        ended(after, "ECPrivateKey")?;
        let version = take(&mut fields, INTEGER)?;
        if version != [1] {
            return Err(format!("ECPrivateKey version {version:?}"));
        }
        let d = take(&mut fields, OCTET_STRING)?.to_vec();
        let has_parameters = fields.first() == Some(&0xa0);
        if has_parameters {
            take(&mut fields, 0xa0)?;
        }
        let has_public_key = fields.first() == Some(&0xa1);
        if has_public_key {
            take(&mut fields, 0xa1)?;
        }
        ended(fields, "ECPrivateKey's fields")?;
        Ok(Self {
            d,
            has_public_key,
            has_parameters,
            curve,
        })
    }

    /// The SPKI DER that belongs to `d` at its full length of `bytes`, from an `ECPrivateKey`
    /// written anew (RFC 5915 wants `d` at the curve's full length; a token may strip its zeros).
    ///
    /// # Errors
    /// What `openssl` said.
    pub fn public_half(&self, bytes: usize) -> Result<Vec<u8>, String> {
        let mut d = vec![0; bytes - self.d.len()];
        d.extend(&self.d);
        let curve = encode(OBJECT_IDENTIFIER, &self.curve);
        let fields = [
            encode(INTEGER, &[1]),
            encode(OCTET_STRING, &d),
            encode(0xa0, &curve),
        ];
        let sec1 = encode(SEQUENCE, &fields.concat());
        openssl(
            &["ec", "-inform", "DER", "-pubout", "-outform", "DER"],
            &sec1,
        )
    }
}

/// Splits the element with `tag` off the front of `input`: its contents and what follows it.
fn element(input: &[u8], tag: u8) -> Result<(&[u8], &[u8]), String> {
    let [found, first, rest @ ..] = input else {
        return Err(format!("{} bytes where tag {tag:#04x} is due", input.len()));
    };
    if *found != tag {
        return Err(format!("tag {found:#04x} where {tag:#04x} is due"));
    }
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81 if rest.first().is_some_and(|byte| *byte >= 0x80) => {
            (usize::from(rest[0]), &rest[1..])
        }
        0x82 if rest.len() >= 2 && rest[0] != 0 => {
            (usize::from(rest[0]) << 8 | usize::from(rest[1]), &rest[2..])
        }
        other => return Err(format!("length {other:#04x} is not DER")),
    };
    rest.split_at_checked(length)
        .ok_or_else(|| format!("{length} bytes announced, {} there", rest.len()))
}

/// Takes the element with `tag` off the front of `input`: its contents.
fn take<'a>(input: &mut &'a [u8], tag: u8) -> Result<&'a [u8], String> {
    let (contents, rest) = element(input, tag)?;
    *input = rest;
    Ok(contents)
}

fn ended(rest: &[u8], what: &str) -> Result<(), String> {
    if rest.is_empty() {
        Ok(())
    } else {
        Err(format!("{} bytes too many in {what}", rest.len()))
    }
}

/// One DER element; `contents` shorter than 128 bytes.
fn encode(tag: u8, contents: &[u8]) -> Vec<u8> {
    assert!(contents.len() < 0x80, "short elements only");
    [&[tag, u8::try_from(contents.len()).unwrap()], contents].concat()
}
