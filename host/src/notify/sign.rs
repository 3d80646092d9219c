//! What a webhook's receiver checks: that the message is the studio's own, and not an old one sent again.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Of SHA-256.
const BLOCK: usize = 64;

/// The value of `Farmhand-Signature`: the time in seconds, and the HMAC-SHA256 over that time, a full stop and the body.
pub(super) fn signature(secret: &[u8], seconds: i64, body: &[u8]) -> String {
    let time = seconds.to_string();
    let mut value = format!("t={time},v1=");
    for byte in hmac(secret, &[time.as_bytes(), b".", body]) {
        // Writing to a string cannot fail.
        let _ = write!(value, "{byte:02x}");
    }
    value
}

/// As in RFC 2104.
fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut inner = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x36));
    parts.iter().for_each(|part| inner.update(part));
    let mut outer = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x5c));
    outer.update(inner.finalize());
    outer.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: [u8; 32]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_test_cases_of_rfc_4231() {
        let check = |key: &[u8], parts: &[&[u8]], expect: &str| assert_eq!(hex(hmac(key, parts)), expect);
        check(
            &[0x0b; 20],
            &[b"Hi ", b"There"],
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        );
        check(
            b"Jefe",
            &[b"what do ya want for nothing?"],
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        );
        check(
            &[0xaa; 131],
            &[b"Test Using Larger Than Block-Size Key - Hash Key First"],
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        );
    }

    #[test]
    fn the_time_is_signed_with_the_body() {
        let signed = signature(b"secret", 1_795_330_800, b"{}");
        assert!(signed.starts_with("t=1795330800,v1=") && signed.len() == 16 + 64, "{signed}");
        assert_ne!(signed[16..], signature(b"secret", 1_795_330_801, b"{}")[16..]);
        assert_ne!(signed, signature(b"other", 1_795_330_800, b"{}"));
    }
}
