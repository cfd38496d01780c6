//! The emulator: a world of router interfaces, and its faces.
mod calls;
mod describe;
mod faults;
pub mod generate;
mod host;
mod in_process;
mod interface;
mod quota;
mod refusal;
mod seed;
mod sts;
mod timeline;
mod world;
