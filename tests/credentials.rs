//! Where credentials come from, through the public door: real files, real commands, services on loopback.

mod agree;
mod fake;
mod home;
mod profiles;
mod renewal;
mod secrets;
mod services;
