//! Memory that arrays share: aligned to 64 bytes, zeroed when it comes from the system, and kept for the next array
//! when the last one lets go of it, so that a training step does not go to the allocator.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::ptr::NonNull;
use std::sync::{LazyLock, Mutex};

use crate::array::Element;
use crate::error::{Error, Result};

/// Arrays begin at multiples of this: a line of the cache, and a vector of AVX-512.
pub const ALIGNMENT: usize = 64;

/// The pool keeps at most so many bytes.
pub const KEEP: usize = 256 << 20;

/// A block of bytes, written while it has one owner and read-only from then on.
pub struct Memory {
    start: NonNull<u8>,
    bytes: usize,
    owner: Owner,
}

enum Owner {
    /// A block of the pool's, of the size that `bytes` is rounded up to.
    Pool,
    /// Somebody else's memory, which lives as long as this value.
    Other(#[allow(dead_code, reason = "held for its drop")] Box<dyn Any + Send + Sync>),
}

// SAFETY: the block is written only through `&mut Memory` and read through `&Memory`, as a Vec<u8> is.
unsafe impl Send for Memory {}
// SAFETY: likewise.
unsafe impl Sync for Memory {}

impl Memory {
    /// Room for `count` elements. All bytes are initialised, to values that are of no account.
    pub fn new<T: Element>(count: usize) -> Result<Memory> {
        let bytes = count.checked_mul(size_of::<T>()).ok_or(Error::Memory { bytes: None })?;
        Ok(Memory { start: take(rounded(bytes)?)?, bytes, owner: Owner::Pool })
    }

    /// Memory of somebody else, who keeps it alive and unchanged until `owner` is dropped.
    ///
    /// # Safety
    /// `start` points to `bytes` initialised bytes that nobody writes to while `owner` lives.
    pub unsafe fn borrowed(start: NonNull<u8>, bytes: usize, owner: Box<dyn Any + Send + Sync>) -> Memory {
        Memory { start, bytes, owner: Owner::Other(owner) }
    }

    /// Where the block begins.
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// The block as elements.
    #[inline]
    pub fn slice<T: Element>(&self) -> &[T] {
        debug_assert!(self.start.cast::<T>().is_aligned());
        // SAFETY: all bytes are initialised, every bit pattern is an element, and the start is aligned: the pool's to 64
        // bytes, and a borrowed one is checked where it comes in.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), self.bytes / size_of::<T>()) }
    }

    /// The block as elements to be written.
    #[inline]
    pub fn slice_mut<T: Element>(&mut self) -> &mut [T] {
        assert!(matches!(self.owner, Owner::Pool), "borrowed memory is read-only");
        // SAFETY: as in `slice`; and `&mut self` is the only way to the block.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.bytes / size_of::<T>()) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Owner::Pool = self.owner {
            give(self.start, rounded(self.bytes).expect("it was rounded when it was made"));
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory of {} bytes", self.bytes)
    }
}

/// What is allocated for `bytes`: whole lines of the cache, and at least one.
fn rounded(bytes: usize) -> Result<usize> {
    let layout = Layout::from_size_align(bytes.max(1), ALIGNMENT).map_err(|_| Error::Memory { bytes: Some(bytes) })?;
    Ok(layout.pad_to_align().size())
}

/// Blocks that nobody uses, by their size.
struct Kept {
    small: Vec<Vec<Block>>,
    large: HashMap<usize, Vec<Block>>,
    bytes: usize,
}

/// Up to this size, the blocks of a size are found without hashing.
const SMALL: usize = 64 * ALIGNMENT - ALIGNMENT;

struct Block(NonNull<u8>);

// SAFETY: a block in the pool is referred to from nowhere else.
unsafe impl Send for Block {}

static POOL: LazyLock<Mutex<Kept>> = LazyLock::new(|| {
    let small = (0..=SMALL / ALIGNMENT).map(|_| Vec::new()).collect();
    Mutex::new(Kept { small, large: HashMap::new(), bytes: 0 })
});

impl Kept {
    fn of_size(&mut self, size: usize) -> &mut Vec<Block> {
        if size <= SMALL { &mut self.small[size / ALIGNMENT] } else { self.large.entry(size).or_default() }
    }

    fn clear(&mut self) {
        let small = self.small.iter_mut().enumerate().map(|(i, blocks)| (i * ALIGNMENT, blocks));
        for (size, blocks) in small.chain(self.large.iter_mut().map(|(&size, blocks)| (size, blocks))) {
            blocks.drain(..).for_each(|block| free(block.0, size));
        }
        self.large.clear();
        self.bytes = 0;
    }
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, ALIGNMENT).expect("sizes are checked by `rounded`")
}

fn free(start: NonNull<u8>, size: usize) {
    // SAFETY: the block came from `alloc_zeroed` with this layout, and nobody uses it any more.
    unsafe { dealloc(start.as_ptr(), layout(size)) };
}

fn take(size: usize) -> Result<NonNull<u8>> {
    // A lock that another thread held during a fork is never given back in the child: then the system allocates.
    if let Ok(mut kept) = POOL.try_lock()
        && let Some(block) = kept.of_size(size).pop()
    {
        kept.bytes -= size;
        return Ok(block.0);
    }
    // SAFETY: the layout is not of size zero.
    NonNull::new(unsafe { alloc_zeroed(layout(size)) }).ok_or(Error::Memory { bytes: Some(size) })
}

fn give(start: NonNull<u8>, size: usize) {
    if size <= KEEP
        && let Ok(mut kept) = POOL.try_lock()
    {
        if kept.bytes + size > KEEP {
            kept.clear();
        }
        kept.bytes += size;
        kept.of_size(size).push(Block(start));
    } else {
        free(start, size);
    }
}

/// Give all memory that nobody uses back to the system; returns how many bytes that was.
pub fn trim() -> usize {
    let Ok(mut kept) = POOL.try_lock() else { return 0 };
    let bytes = kept.bytes;
    kept.clear();
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_aligned_zeroed_or_written_and_used_again() {
        let mut memory = Memory::new::<f32>(1000).unwrap();
        assert_eq!(memory.start().as_ptr() as usize % ALIGNMENT, 0);
        memory.slice_mut::<f32>().fill(7.0);
        let start = memory.start();
        drop(memory);
        let again = Memory::new::<f32>(1000).unwrap();
        assert!(again.start() == start || again.slice::<f32>().iter().all(|&x| x == 0.0 || x == 7.0));
    }

    #[test]
    fn requests_that_cannot_be_met_are_refused() {
        assert_eq!(Memory::new::<f32>(usize::MAX).unwrap_err(), Error::Memory { bytes: None });
        let bytes = (isize::MAX as usize) / 4 * 4;
        assert_eq!(Memory::new::<f32>(bytes / 4).unwrap_err(), Error::Memory { bytes: Some(bytes) });
    }
}
