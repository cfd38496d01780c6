//! Windows: when calls may be sent. Pure in the moment that is asked about, exact to the nanosecond.
//!
//! A deny window that is open holds back the calls that it covers; where allow windows cover a call, one of them must be open. A
//! [`Gate`] is all the windows that cover one call: [`Gate::judge`] says whether it may be sent, and if not, when all of them
//! together let it through. Beginnings belong to a window, ends do not. Which windows cover what is not known here.

mod clock;
mod gate;
#[cfg(test)]
mod tests;
mod window;

pub use clock::{Clock, Days, NotAClock};
pub use gate::{Closed, Gate, HORIZON_DAYS};
pub use window::{Verdict, When, Window};
