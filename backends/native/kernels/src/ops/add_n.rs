//! add_n.
