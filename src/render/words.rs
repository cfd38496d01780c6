//! All wording of typed reasons and outcomes: one sentence for each, whoever shows it.

pub mod plan;
