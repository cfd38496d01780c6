//! Who asks: an account, a user or the session of a role; and the temporary keys of such a session.

use jiff::Timestamp;

use super::seed::Secret;
use crate::resource::AccountId;

/// Who asks, after the signature has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: AccountId,
    /// The key that signed.
    pub access_key_id: String,
    /// Who in the account.
    pub principal: Principal,
}

/// Who in an account asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The account itself.
    Root,
    /// A RAM user.
    User(String),
    /// A session of a role.
    AssumedRole {
        /// The role's name.
        role: String,
        /// The session's name.
        session: String,
    },
}

impl Caller {
    /// Returns the caller's ARN.
    pub fn arn(&self) -> String {
        match &self.principal {
            Principal::Root => format!("acs:ram::{}:root", self.account),
            Principal::User(name) => format!("acs:ram::{}:user/{name}", self.account),
            Principal::AssumedRole { role, session } => {
                format!("acs:sts::{}:assumed-role/{role}/{session}", self.account)
            }
        }
    }
}

/// Temporary credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Whom they make the caller.
    pub caller: Caller,
    /// What requests name.
    pub access_key_id: String,
    /// What requests are signed with.
    pub secret: Secret,
    /// What requests must carry as well.
    pub security_token: Secret,
    /// When they stop working.
    pub expires: Timestamp,
}
