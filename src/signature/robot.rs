//! How messages to chat robots and webhooks are signed. Source: docs/reference/api.md#robots.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::hex;

/// Signs for DingTalk, at so many milliseconds: Base64, which has to be percent-encoded in the URL.
pub fn dingtalk(secret: &str, milliseconds: i64) -> String {
    STANDARD.encode(mac(secret.as_bytes(), format!("{milliseconds}\n{secret}").as_bytes()))
}

/// Signs for Feishu, at so many seconds: Base64. What is signed is the key, and the message empty.
pub fn feishu(secret: &str, seconds: i64) -> String {
    STANDARD.encode(mac(format!("{seconds}\n{secret}").as_bytes(), b""))
}

/// Signs a document for a webhook: the value of the header `X-Rictl-Signature`.
pub fn webhook(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hex(&mac(secret.as_bytes(), body)))
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python's `hmac`, as the vendors' pages have it.
    #[test]
    fn signs_as_each_robot_wants_it() {
        assert_eq!(dingtalk("SECabc", 1_577_262_236_757), "I5TKCOTTj6fad4sJ4q9RsIffw0PAChVQZQGTdtRbNEQ=");
        assert_eq!(feishu("demo", 1_599_360_473), "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=");
        assert_eq!(
            webhook("key", b"{\"a\":1}\n"),
            "sha256=f511919c22720aed31219b3e9633132ef6fab64c923dde391c14129d26db49b5"
        );
    }
}
