//! What a plan was made from beside spec and records: what was chosen, and what the cloud said of each interface.
//!
//! An apply of the saved plan makes it once more from these and from the spec of then. What loosens a guard is no input:
//! it is given to that apply as well.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::{Address, BusinessStatus, Observed, Reading, Region, Status};

/// What a plan read of one declared interface, as far as it decides what is done. Which interfaces belong together is no
/// part of it: an apply reads that itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reading", rename_all = "snake_case", deny_unknown_fields)]
pub enum InterfaceRead {
    /// It is where the spec says.
    Found {
        /// The interface's key in the spec.
        address: Address,
        /// Its lifecycle word.
        status: Status,
        /// Whether it is locked.
        business_status: BusinessStatus,
        /// The other side's status; left out where the API does not report it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opposite_status: Option<Status>,
    },
    /// It lives in another region that the spec names.
    Elsewhere {
        /// The interface's key in the spec.
        address: Address,
        /// Where it was found.
        region: Region,
        /// Its lifecycle word.
        status: Status,
    },
    /// The API said that there is none.
    Absent {
        /// The interface's key in the spec.
        address: Address,
    },
    /// Its region could not be read.
    Unreadable {
        /// The interface's key in the spec.
        address: Address,
    },
}

impl InterfaceRead {
    /// Returns what `reading` says of the interface at `address`.
    pub fn of(address: &Address, reading: &Reading) -> Self {
        let address = address.clone();
        match reading {
            Reading::Found(Observed { status, business_status, opposite, .. }) => Self::Found {
                address,
                status: status.clone(),
                business_status: business_status.clone(),
                opposite_status: opposite.status.clone(),
            },
            Reading::Elsewhere(Observed { region, status, .. }) => {
                Self::Elsewhere { address, region: region.clone(), status: status.clone() }
            }
            Reading::Absent => Self::Absent { address },
            Reading::Unreadable => Self::Unreadable { address },
        }
    }

    /// Returns the interface's key in the spec.
    pub fn address(&self) -> &Address {
        match self {
            Self::Found { address, .. }
            | Self::Elsewhere { address, .. }
            | Self::Absent { address }
            | Self::Unreadable { address } => address,
        }
    }
}
