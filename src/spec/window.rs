//! One entry of `windows`.

use std::sync::Arc;

use crate::diagnostic::Place;
use crate::resource::{Address, Call};
use crate::windows::Window;

/// One entry of `windows`: when it is open, and which interfaces it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredWindow {
    /// When it is open, for which calls.
    pub window: Arc<Window>,
    /// `for`: each address once, in order; `None` for everything.
    pub covered: Option<Vec<Address>>,
    /// Where the entry stands.
    pub place: Place,
}

impl DeclaredWindow {
    /// Returns whether it covers a call for an interface.
    pub fn covers(&self, address: &Address, call: Call) -> bool {
        let is_covered = || self.covered.as_ref().is_none_or(|covered| covered.binary_search(address).is_ok());
        self.window.covers(call) && is_covered()
    }
}
