//! The security token service: temporary keys that carry their own proof.
//!
//! Nothing is remembered: a temporary access key id names its account, role, session and end, its secret and token
//! are MACs over it. So every process that shares a world accepts what another one issued, and issuing changes nothing.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;

use super::caller::{Caller, Issued, Principal};
use super::refusal::Refusal;
use crate::resource::AccountId;
use crate::signature::hex;

/// Public like the default access key: it guards nothing but the emulator.
const MAC_KEY: &[u8] = b"rictl emulator";
const PREFIX: &str = "STS.";
const DEFAULT_LIFETIME: i64 = 3600;
const SHORTEST_LIFETIME: i64 = 900;
const LONGEST_LIFETIME: i64 = 43200;

/// A role to assume, checked.
pub(super) struct Assumption {
    pub(super) account: AccountId,
    pub(super) arn: String,
    role: String,
    session: String,
    lifetime: SignedDuration,
}

impl Assumption {
    /// Reads the parameters that AssumeRole and AssumeRoleWithOIDC share.
    pub(super) fn parse(parameters: &BTreeMap<String, String>) -> Result<Self, Refusal> {
        let get = |name: &'static str| parameters.get(name).ok_or_else(|| Refusal::missing(name));
        let arn = get("RoleArn")?;
        let session = get("RoleSessionName")?;
        let parts: Vec<&str> = arn.split(':').collect();
        let ["acs", "ram", "", account, role] = parts.as_slice() else {
            return Err(Refusal::bad_sts_parameter("RoleArn"));
        };
        let named_well = |c: char| c.is_ascii_alphanumeric() || ".@-_".contains(c);
        let role = role
            .strip_prefix("role/")
            .filter(|role| !role.is_empty() && role.chars().all(named_well))
            .ok_or_else(|| Refusal::bad_sts_parameter("RoleArn"))?;
        if !(2..=64).contains(&session.len()) || !session.chars().all(named_well) {
            return Err(Refusal::bad_sts_parameter("RoleSessionName"));
        }
        let seconds = match parameters.get("DurationSeconds") {
            None => DEFAULT_LIFETIME,
            Some(text) => text
                .parse()
                .ok()
                .filter(|seconds| (SHORTEST_LIFETIME..=LONGEST_LIFETIME).contains(seconds))
                .ok_or_else(|| Refusal::bad_sts_parameter("DurationSeconds"))?,
        };
        Ok(Self {
            account: AccountId::from(*account),
            arn: arn.clone(),
            role: role.to_owned(),
            session: session.clone(),
            lifetime: SignedDuration::from_secs(seconds),
        })
    }

    /// Issues the credentials; `salt` makes those of one second differ.
    pub(super) fn issue(self, now: Timestamp, salt: &str) -> Issued {
        issue(
            &self.account,
            &self.role,
            &self.session,
            now.saturating_add(self.lifetime).unwrap_or(Timestamp::MAX),
            salt,
        )
    }
}

/// Issues credentials of a role until `expires`.
pub(super) fn issue(account: &AccountId, role: &str, session: &str, expires: Timestamp, salt: &str) -> Issued {
    let facts = format!("{account}\n{}\n{role}\n{session}\n{salt}", expires.as_second());
    let access_key_id = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(facts));
    Issued {
        caller: caller(account, role, session, &access_key_id),
        secret: mac("secret", &access_key_id).as_str().into(),
        security_token: mac("token", &access_key_id).as_str().into(),
        expires: Timestamp::from_second(expires.as_second()).unwrap_or(expires),
        access_key_id,
    }
}

/// Returns the caller and the secret behind a temporary key, if it is one and its token fits; `Ok(None)` where the key
/// is not a temporary one.
pub(super) fn redeem(
    now: Timestamp,
    access_key_id: &str,
    token: Option<&str>,
) -> Result<Option<(Caller, String)>, Refusal> {
    let Some(facts) = access_key_id.strip_prefix(PREFIX) else { return Ok(None) };
    let facts = URL_SAFE_NO_PAD.decode(facts).ok().and_then(|facts| String::from_utf8(facts).ok());
    let facts = facts.ok_or_else(Refusal::unknown_access_key)?;
    let parts: Vec<&str> = facts.split('\n').collect();
    let [account, expires, role, session, _salt] = parts.as_slice() else { return Err(Refusal::unknown_access_key()) };
    let token = token.ok_or_else(|| Refusal::missing("SecurityToken"))?;
    if token.len() != mac("token", "").len() {
        return Err(Refusal::token_malformed());
    }
    if token != mac("token", access_key_id) {
        return Err(Refusal::token_of_another_key());
    }
    if expires.parse().is_ok_and(|expires: i64| now.as_second() >= expires) {
        return Err(Refusal::token_expired());
    }
    let caller = caller(&AccountId::from(*account), role, session, access_key_id);
    Ok(Some((caller, mac("secret", access_key_id))))
}

fn caller(account: &AccountId, role: &str, session: &str, access_key_id: &str) -> Caller {
    Caller {
        account: account.clone(),
        access_key_id: access_key_id.to_owned(),
        principal: Principal::AssumedRole { role: role.to_owned(), session: session.to_owned() },
    }
}

fn mac(purpose: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(MAC_KEY).expect("HMAC takes a key of any length");
    mac.update(purpose.as_bytes());
    mac.update(b"\n");
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}
