//! What the machine does, transition by transition.
