//! logsumexp.
