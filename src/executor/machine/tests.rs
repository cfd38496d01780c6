//! The machine, transition by transition: inputs in, effects out, and no runtime, clock or disk anywhere near.

mod beginning;
mod bench;
mod doubts;
mod ending;
mod health;
mod pace;
mod reading;
mod routes;
mod sending;
mod timing;
mod traffic;
mod waves;
