//! What a kernel refuses. Shapes and element types are checked by the caller; what depends on the data is found here.

use std::fmt;

/// The result of a kernel.
pub type Result<T> = std::result::Result<T, Error>;

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Memory of so many bytes is not to be had, or more than an address can count.
    Memory {
        /// The bytes that were asked for; `None` where their number overflows.
        bytes: Option<usize>,
    },
    /// An index outside of `[0, length)`.
    Index {
        /// The index.
        index: i64,
        /// Where it stands among the indices, counted in row-major order.
        place: usize,
        /// The length that it must be below.
        length: usize,
    },
    /// Operands that do not fit each other; the words say which and why.
    Operands(String),
    /// An array of an element type that does not fit; the words say which and why.
    DType(String),
    /// As many elements as no array of the shape has.
    Count {
        /// The elements that were given.
        elements: usize,
        /// Those of the shape.
        size: usize,
    },
    /// Somebody wants the kernel to end: see [`crate::interrupt`].
    Interrupted,
    /// A panic: a defect of the kernel, in its own words.
    Defect(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Memory { bytes: Some(bytes) } => write!(f, "cannot allocate {bytes} bytes"),
            Error::Memory { bytes: None } => write!(f, "cannot allocate more bytes than an address can count"),
            Error::Index { index, place, length } => {
                write!(f, "index {index} at place {place} is not in [0, {length})")
            }
            Error::Operands(words) | Error::DType(words) => f.write_str(words),
            Error::Count { elements, size } => write!(f, "{elements} elements, and the shape has {size}"),
            Error::Interrupted => f.write_str("the kernel was interrupted"),
            Error::Defect(words) => write!(f, "the native kernel failed, which is a defect of it: {words}"),
        }
    }
}

impl std::error::Error for Error {}

/// What `work` gives, where a panic is an error like others: a defect of one kernel is to end no program.
///
/// What a kernel works on is either not changed by it or dropped with it, so nothing is seen half done.
pub fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<&str>().map(|words| words.to_string());
        Err(Error::Defect(words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()))
    })
}
