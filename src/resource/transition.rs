//! What each mutating call does to an interface: the only table of from, through and to.
//!
//! Whatever lowers, sends, judges, records or words a call asks here; nobody else matches on a call's statuses.

use super::call::Call;
use super::status::Status;

/// From where, through what, to where one call takes an interface, and how people and the API name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The only status in which the API takes the call.
    pub from: &'static Status,
    /// What Describe says while the call is at work.
    pub through: &'static Status,
    /// What Describe says once it is done.
    pub to: &'static Status,
    /// The verb of step ids, journal and text: `deactivate`.
    pub verb: &'static str,
    /// What was done, for people: `deactivated`.
    pub participle: &'static str,
    /// The API's name of the action.
    pub action: &'static str,
}

/// Inactive → Activating → Active.
const ACTIVATE: Transition = Transition {
    from: &Status::Inactive,
    through: &Status::Activating,
    to: &Status::Active,
    verb: "activate",
    participle: "activated",
    action: "ActivateRouterInterface",
};

/// Active → Deactivating → Inactive.
const DEACTIVATE: Transition = Transition {
    from: &Status::Active,
    through: &Status::Deactivating,
    to: &Status::Inactive,
    verb: "deactivate",
    participle: "deactivated",
    action: "DeactivateRouterInterface",
};

impl Call {
    /// Every call, in the order of their names.
    pub const ALL: [Self; 2] = [Self::Activate, Self::Deactivate];

    /// Returns what the call does.
    pub fn transition(self) -> &'static Transition {
        match self {
            Self::Activate => &ACTIVATE,
            Self::Deactivate => &DEACTIVATE,
        }
    }

    /// Returns the call that undoes this one: it leads from where this one ends to where it began.
    pub fn inverse(self) -> Self {
        match self {
            Self::Activate => Self::Deactivate,
            Self::Deactivate => Self::Activate,
        }
    }

    /// Returns the call whose step ids end in `verb`.
    pub fn of_verb(verb: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|call| call.transition().verb == verb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_leads_back() {
        for call in Call::ALL {
            let (there, back) = (call.transition(), call.inverse().transition());
            assert_eq!((there.from, there.to), (back.to, back.from));
            assert_eq!(call.inverse().inverse(), call);
            assert_eq!(Call::of_verb(there.verb), Some(call));
        }
    }
}
