//! Which sites may ask on a browser's behalf, and what browsers may do with the answers: the `Host` header against
//! DNS rebinding, `Origin` and `Sec-Fetch-Site` against forged writes, and the security headers.
//!
//! Who may ask at all is `auth`'s job.

use super::problem::{Problem, ProblemKind};
use super::settings::{ApiError, ApiSettings};
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;
use std::sync::Arc;

/// Which `Host` headers are answered.
#[derive(Debug)]
pub(super) struct HostRules {
    port: u16,
    /// Any address literal is ours when we listen on the network: a rebinding attack needs a name.
    any_address: bool,
    names: Vec<AllowedHost>,
}

#[derive(Debug)]
struct AllowedHost {
    name: String,
    /// Absent: any port, as behind a proxy or a tunnel.
    port: Option<u16>,
}

impl HostRules {
    pub(super) fn new(settings: &ApiSettings) -> Result<Self, ApiError> {
        let names =
            settings.allowed_hosts.iter().map(|text| AllowedHost::parse(text)).collect::<Result<_, _>>()?;
        Ok(Self { port: settings.listen.port(), any_address: !settings.listen.ip().is_loopback(), names })
    }

    fn allows(&self, authority: &Authority) -> bool {
        let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
        let port = authority.port_u16().unwrap_or(80);
        let listed =
            |allowed: &AllowedHost| allowed.name == name && allowed.port.is_none_or(|own| own == port);
        if self.names.iter().any(listed) {
            return true;
        }
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        let is_ours = match address {
            Some(address) => self.any_address || address.is_loopback(),
            None => name == "localhost",
        };
        is_ours && port == self.port
    }
}

impl AllowedHost {
    fn parse(text: &str) -> Result<Self, ApiError> {
        let bad = || ApiError::BadAllowedHost(text.to_owned());
        let authority: Authority = text.trim().parse().map_err(|_| bad())?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(bad());
        }
        let port = authority.port_u16();
        if port.is_none() && authority.as_str() != authority.host() {
            return Err(bad());
        }
        Ok(Self { name: authority.host().trim_end_matches('.').to_ascii_lowercase(), port })
    }
}

/// Answers only requests that name this daemon, and writes only from its own page or from no page at all.
pub(super) async fn check_origin(
    State(rules): State<Arc<HostRules>>,
    request: Request,
    next: Next,
) -> Response {
    let refusal = match host(&request) {
        Err(problem) => Some(problem),
        Ok(host) if !rules.allows(&host) => Some(Problem::new(
            ProblemKind::WrongHost,
            format!(
                "this daemon is not known as `{host}`; ask for localhost:{}, or add `{host}` to \
                 `server.allowed_hosts`",
                rules.port
            ),
        )),
        Ok(host) if !request.method().is_safe() => foreign_write(request.headers(), &host),
        Ok(_) => None,
    };
    match refusal {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

fn host(request: &Request) -> Result<Authority, Problem> {
    let bad = |detail: &str| Problem::new(ProblemKind::BadHost, detail);
    let mut values = request.headers().get_all(header::HOST).iter();
    let value = values.next().ok_or_else(|| bad("the request has no Host header"))?;
    if values.next().is_some() {
        return Err(bad("the request has more than one Host header"));
    }
    let authority: Authority = value
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .filter(|authority: &Authority| !authority.as_str().contains('@'))
        .ok_or_else(|| bad("the Host header is no host name"))?;
    // A request line may carry a whole address, and proxies disagree on which of the two counts.
    if request.uri().authority().is_some_and(|other| *other != authority) {
        return Err(bad("the request line and the Host header name different hosts"));
    }
    Ok(authority)
}

fn foreign_write(headers: &HeaderMap, host: &Authority) -> Option<Problem> {
    let site = headers.get("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return Some(Problem::new(
            ProblemKind::CrossOrigin,
            "the browser says that another site's page sent this; use farmhand's own page",
        ));
    }
    let origin = headers.get(header::ORIGIN)?;
    let is_own = origin.to_str().ok().is_some_and(|origin| {
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host.as_str()))
    });
    if is_own {
        return None;
    }
    let origin = String::from_utf8_lossy(origin.as_bytes()).into_owned();
    Some(Problem::new(
        ProblemKind::CrossOrigin,
        format!(
            "a page of `{origin}` sent this, and only pages of `{host}` may; programs leave `Origin` out"
        ),
    ))
}

/// What browsers may do with an answer, unless the answer says so itself.
pub(super) async fn security_headers(request: Request, next: Next) -> Response {
    const DEFAULTS: [(HeaderName, &str); 6] = [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: under that browsers send `Origin: null` with the login form, which is nobody's.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let mut response = next.run(request).await;
    for (name, value) in DEFAULTS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(listen: &str, allowed: &[&str]) -> HostRules {
        let mut settings = ApiSettings::new(listen.parse().unwrap());
        settings.allowed_hosts = allowed.iter().map(|&host| host.to_owned()).collect();
        HostRules::new(&settings).unwrap()
    }

    #[test]
    fn only_known_names_are_answered() {
        let check = |rules: &HostRules, host: &str, expect: bool| {
            assert_eq!(rules.allows(&host.parse().unwrap()), expect, "{host} under {rules:?}");
        };
        let local = rules("127.0.0.1:7070", &[]);
        check(&local, "localhost:7070", true);
        check(&local, "LOCALHOST:7070", true);
        check(&local, "localhost.:7070", true);
        check(&local, "127.0.0.1:7070", true);
        check(&local, "[::1]:7070", true);
        check(&local, "localhost:7071", false);
        check(&local, "localhost", false);
        check(&local, "evil.example:7070", false);
        check(&local, "127.0.0.1.evil.example:7070", false);
        check(&local, "localhost.evil.example:7070", false);
        check(&local, "192.168.1.4:7070", false);

        let named = rules("127.0.0.1:7070", &["farm.example", "Proxy.example:8080"]);
        check(&named, "farm.example", true);
        check(&named, "farm.example:9000", true);
        check(&named, "proxy.example:8080", true);
        check(&named, "proxy.example:8081", false);
        check(&named, "a.farm.example", false);

        let network = rules("0.0.0.0:7070", &[]);
        check(&network, "192.168.1.4:7070", true);
        check(&network, "192.168.1.4:80", false);
        check(&network, "evil.example:7070", false);
        check(&rules("127.0.0.1:80", &[]), "localhost", true);
    }

    #[test]
    fn allowed_hosts_must_be_hosts() {
        for bad in ["", "http://farm", "farm/path", "user@farm", "farm:", "farm:99999", "a b"] {
            let mut settings = ApiSettings::new("127.0.0.1:1".parse().unwrap());
            settings.allowed_hosts = vec![bad.to_owned()];
            assert_eq!(HostRules::new(&settings).err(), Some(ApiError::BadAllowedHost(bad.to_owned())));
        }
    }

    #[test]
    fn writes_from_other_sites_are_refused() {
        let check = |headers: &[(&'static str, &'static str)], expect: bool| {
            let map = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            let host = "localhost:7070".parse().unwrap();
            assert_eq!(foreign_write(&map.collect(), &host).is_none(), expect, "{headers:?}");
        };
        check(&[], true);
        check(&[("origin", "http://localhost:7070")], true);
        check(&[("origin", "https://localhost:7070")], true);
        check(&[("origin", "http://localhost:7070"), ("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "none")], true);
        check(&[("origin", "http://localhost:3000")], false);
        check(&[("origin", "http://evil.example")], false);
        check(&[("origin", "null")], false);
        check(&[("origin", "localhost:7070")], false);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("origin", "http://localhost:7070"), ("sec-fetch-site", "cross-site")], false);
    }
}
