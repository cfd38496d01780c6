//! The executor: walks the steps of a plan against [`Cloud`](crate::cloud::Cloud) and [`Store`](crate::store::Store), and
//! reports what happened to each.
//!
//! `machine` decides and `driver` does. The machine is a plain value: it is told what has happened, with the time, and
//! answers with what is to be done. The driver owns the futures, the clocks, the store, the cloud and whoever listens, and
//! decides nothing but that a call which is too late by then does not leave. So an intent is on disk before its call
//! leaves, a result before the next step starts, and a `kill -9` between any two of them loses nothing.
//!
//! `judge` says what a status means, `earlier` knows what other runs left on its way, `recovery` closes what a dead run left
//! open, `outside` names what a run is given and leaves.

mod driver;
mod earlier;
mod judge;
mod machine;
mod outside;
pub mod recovery;
mod settings;

pub use driver::run;
pub use earlier::{Earlier, Leftover, unsettled};
pub use outside::{Ended, Gate, Known, Surroundings};
pub use settings::{OnError, Settings};
