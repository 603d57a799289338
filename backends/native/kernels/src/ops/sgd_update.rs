//! sgd_update: a step of gradient descent, as `rcmlrs_core.optim.sgd` composes it of operations (contract N5).
//!
//! ```text
//! g = g + weight_decay * p                     (falls away without)
//! b = momentum * b + g                         (b = g in the first step)
//! g = g + momentum * b, if nesterov; otherwise g = b
//! p = p - lr * g
//! ```

use crate::array::Array;
use crate::error::Result;
use crate::fused::{Formula, apply};

/// The numbers of a step; a line without its number falls away.
#[allow(missing_docs, reason = "the names are the formula's")]
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    pub lr: f32,
    pub momentum: Option<f32>,
    pub nesterov: bool,
    pub weight_decay: Option<f32>,
}

impl Sgd {
    #[inline(always)]
    fn decayed(self, p: f32, g: f32) -> f32 {
        self.weight_decay.map_or(g, |decay| g + decay * p)
    }

    #[inline(always)]
    fn with(self, p: f32, g: f32, b: f32) -> [f32; 2] {
        let g = match self.momentum {
            Some(momentum) if self.nesterov => g + momentum * b,
            _ => b,
        };
        [p - self.lr * g, b]
    }
}

#[derive(Clone, Copy)]
struct Plain(Sgd);

impl Formula<2, 1> for Plain {
    #[inline(always)]
    fn at(self, [p, g]: [f32; 2]) -> [f32; 1] {
        [p - self.0.lr * self.0.decayed(p, g)]
    }
}

#[derive(Clone, Copy)]
struct First(Sgd);

impl Formula<2, 2> for First {
    #[inline(always)]
    fn at(self, [p, g]: [f32; 2]) -> [f32; 2] {
        let g = self.0.decayed(p, g);
        self.0.with(p, g, g)
    }
}

#[derive(Clone, Copy)]
struct Next(Sgd, f32);

impl Formula<3, 2> for Next {
    #[inline(always)]
    fn at(self, [p, g, b]: [f32; 3]) -> [f32; 2] {
        let g = self.0.decayed(p, g);
        self.0.with(p, g, self.1 * b + g)
    }
}

/// The parameter after a step and, with momentum, `b`; from the `b` before, if there was a step.
pub fn sgd_update(p: &Array, g: &Array, b: Option<&Array>, numbers: Sgd) -> Result<Vec<Array>> {
    match (numbers.momentum, b) {
        (None, _) => apply(Plain(numbers), [p, g]).map(Vec::from),
        (Some(_), None) => apply(First(numbers), [p, g]).map(Vec::from),
        (Some(momentum), Some(b)) => apply(Next(numbers, momentum), [p, g, b]).map(Vec::from),
    }
}
