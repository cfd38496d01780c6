//! Selectors: how people name interfaces, on the command line and in the spec. One grammar for all of them.
//!
//! A selector is terms joined by `,` that must all hold; several selectors are a union. A term is an address, an id or the
//! beginning of one, a pattern of addresses (`*`, `?`), or `group:G`, `label:K=V`, `label:K`, `region:R`, `account:A`, `change:C`,
//! with patterns for values too. [`Selector::parse`] reads one; [`Field`] knows the interfaces there are, and which of
//! them a selector means. No spec is known here: whoever has interfaces makes a field of them.

mod choice;
mod field;
mod grammar;
mod pattern;
#[cfg(test)]
mod tests;

pub use choice::{BadChoice, Choice, Chosen};
pub use field::{Candidate, Fault, Field};
pub use grammar::{Selector, SelectorError};
