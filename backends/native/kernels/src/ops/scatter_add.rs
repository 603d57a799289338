//! scatter_add.
