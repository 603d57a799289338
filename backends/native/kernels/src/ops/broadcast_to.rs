//! broadcast_to.
