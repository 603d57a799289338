//! flip.
