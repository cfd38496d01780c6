//! Names and ids: words that people or the cloud chose. Ids are kept as they were written; names that people chose are equal
//! if they read the same, however they were typed ([`composed`]).

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::letters::composed;

/// What the cloud calls something, letter by letter.
fn as_written(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $form:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Returns the word as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Arc::from(&*$form(text)))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

word! {
    /// The key of an interface in the spec: stable, unique, used in every output.
    Address, composed
}
word! {
    /// The cloud's id of a router interface, `ri-…`.
    RouterInterfaceId, as_written
}
word! {
    /// A region id such as `cn-shanghai`.
    Region, as_written
}
word! {
    /// The name of a redundancy group in the spec.
    GroupName, composed
}
word! {
    /// The name of an account in the spec; [`AccountName::default_account`] where the spec names none.
    AccountName, composed
}
word! {
    /// The 16-digit number of a cloud account, kept as text: it does not fit a double.
    AccountId, as_written
}
word! {
    /// The key of a label.
    LabelKey, composed
}
word! {
    /// The value of a label.
    LabelValue, composed
}
word! {
    /// The name of a change in the spec, such as the number of its ticket.
    ChangeName, composed
}

impl AccountName {
    /// The account that the spec's own credentials belong to.
    pub fn default_account() -> Self {
        // One word for all: nearly every interface of a large spec is of this account.
        static DEFAULT: LazyLock<AccountName> = LazyLock::new(|| AccountName::from("default"));
        DEFAULT.clone()
    }

    /// Claims to be the account that the spec's own credentials belong to.
    pub fn is_default_account(&self) -> bool {
        self.as_str() == "default"
    }
}
