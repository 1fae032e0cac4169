//! A wrap asked for over HTTP, as the page asks.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use serde_json::{Value, json};

use crate::Kek;
use crate::http::Reply;

/// The body of `POST /v1/wraps`, and what its answer must echo.
pub struct Order {
    /// The body.
    pub body: Value,
    request_id: String,
}

impl Order {
    /// Asks for the key `label` to be wrapped to `kek`.
    #[must_use]
    pub fn new(kek: &Kek, label: &str) -> Self {
        let request_id = format!("{:032x}", std::process::id());
        let document = std::fs::read(kek.az_json()).unwrap();
        let body = json!({
            "request_id": request_id,
            "kek": Base64::encode_string(&document),
            "kek_thumbprint_sha256": kek.thumbprint(),
            "key": {"label": label},
        });
        Self { body, request_id }
    }

    /// The code of a refusal, whether it came before the stream or as its last line.
    #[must_use]
    pub fn error(&self, reply: &Reply) -> String {
        if reply.status != 200 {
            return reply.code();
        }
        let last = reply.lines().pop().unwrap();
        assert_eq!(last["event"], "failed", "{last}");
        last["error"]["code"].as_str().unwrap().to_owned()
    }

    /// The stages and the answer of a wrap that was done; it has to be the answer to this order.
    #[must_use]
    pub fn done(&self, reply: &Reply) -> (Vec<String>, Value) {
        assert_eq!(
            reply.status,
            200,
            "{}",
            String::from_utf8_lossy(&reply.body)
        );
        assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
        let mut lines = reply.lines();
        let last = lines.pop().unwrap();
        assert_eq!(last["event"], "done", "{last}");
        let answer = &last["answer"];
        assert_eq!(answer["request_id"], self.request_id.as_str());
        let thumbprint = &self.body["kek_thumbprint_sha256"];
        assert_eq!(&answer["kek_thumbprint_sha256"], thumbprint);
        let stages = lines.iter().map(|line| {
            assert_eq!(line["event"], "stage");
            line["stage"].as_str().unwrap().to_owned()
        });
        (stages.collect(), answer.clone())
    }
}

/// The file that the page would make of an answer, for the opener.
#[must_use]
pub fn file(answer: &Value) -> Vec<u8> {
    let ciphertext = answer["ciphertext"].as_str().unwrap();
    assert!(Base64UrlUnpadded::decode_vec(ciphertext).is_ok());
    json!({
        "schema_version": "1.0.0",
        "header": {"kid": answer["kid"], "alg": "dir", "enc": "CKM_RSA_AES_KEY_WRAP"},
        "ciphertext": ciphertext,
        "generator": answer["generator"],
    })
    .to_string()
    .into_bytes()
}
