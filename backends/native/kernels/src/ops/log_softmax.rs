//! log_softmax.
