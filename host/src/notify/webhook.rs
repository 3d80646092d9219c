//! One notification to one webhook. Only addresses of the configuration come here: nobody who submits can name one.

use super::sign::signature;
use crate::config::Secret;
use farmhand_model::notify::Notification;
use std::fmt;
use std::time::Duration;

/// From the connection to the end of the answer.
const LIMIT: Duration = Duration::from_secs(10);
/// What is read of an answer that says why not.
const QUOTED: u64 = 2000;

/// Where a webhook is, and what its messages are signed with.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its address.
    pub url: String,
    /// Absent: messages are not signed.
    pub secret: Option<Secret>,
}

/// The scheme and the host: what follows is often a secret itself.
impl fmt::Display for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.url))
    }
}

/// An address without what may be secret in it.
pub(crate) fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or(host);
    format!("{scheme}://{host}/…")
}

/// Sends it and waits for the answer; blocks.
///
/// # Errors
/// It did not arrive, or the receiver did not take it.
pub(super) fn send(webhook: &Webhook, notification: &Notification, seconds: i64) -> Result<(), String> {
    let body = serde_json::to_vec(notification).map_err(|error| error.to_string())?;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(LIMIT))
        // Where a message goes is the configuration's to say, not the receiver's.
        .max_redirects(0)
        .proxy(None)
        .user_agent(concat!("farmhand/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let mut request = agent
        .post(&webhook.url)
        .content_type("application/json")
        .header("Farmhand-Event", notification.event.name())
        .header("Farmhand-Delivery", &notification.id);
    if let Some(secret) = &webhook.secret {
        request = request.header("Farmhand-Signature", signature(secret.reveal().as_bytes(), seconds, &body));
    }
    // An error of the client may quote the address.
    let sent = request.send(&body[..]);
    let mut answer = sent.map_err(|error| error.to_string().replace(&webhook.url, &webhook.to_string()))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let said = answer.body_mut().with_config().limit(QUOTED).read_to_string().unwrap_or_default();
    let said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    Err(format!("{webhook} answered {status}: {}", said.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_their_secrets() {
        for (url, expect) in [
            ("https://hooks.example/services/T0/B0/secret", "https://hooks.example/…"),
            ("http://user:word@10.0.0.7:8080?key=1", "http://10.0.0.7:8080/…"),
        ] {
            assert_eq!(shown(url), expect);
        }
    }
}
