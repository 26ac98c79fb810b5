//! Which instructions are used.

use std::fmt;

/// A set of instructions that kernels are written for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Instructions {
    /// Plain Rust, on any CPU.
    Portable,
    /// 256-bit integers: `vpmaddwd`, `vpmaddubsw`.
    Avx2,
    /// 512-bit integers: the same instructions, twice as wide.
    Avx512,
    /// 512-bit dot products: `vpdpwssd`, `vpdpbusd`.
    Vnni,
}

impl Instructions {
    /// All of them, slowest first.
    pub const ALL: [Instructions; 4] = [
        Instructions::Portable,
        Instructions::Avx2,
        Instructions::Avx512,
        Instructions::Vnni,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Instructions::Portable => "portable",
            Instructions::Avx2 => "avx2",
            Instructions::Avx512 => "avx512",
            Instructions::Vnni => "avx512-vnni",
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn are_here(self) -> bool {
        let wide = || {
            is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
        };
        match self {
            Instructions::Portable => true,
            Instructions::Avx2 => is_x86_feature_detected!("avx2"),
            Instructions::Avx512 => wide(),
            Instructions::Vnni => wide() && is_x86_feature_detected!("avx512vnni"),
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn are_here(self) -> bool {
        self == Instructions::Portable
    }
}

impl fmt::Display for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Instructions that this CPU has: there is no other way to make one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Path(Instructions);

impl Path {
    /// The path of these instructions, `None` if this CPU lacks them.
    pub fn new(instructions: Instructions) -> Option<Path> {
        instructions.are_here().then_some(Path(instructions))
    }

    /// The fastest path of this CPU.
    pub fn best() -> Path {
        let mut paths = Instructions::ALL.into_iter().rev().filter_map(Path::new);
        paths.next().unwrap_or(Path(Instructions::Portable))
    }

    /// Every path of this CPU, slowest first.
    pub fn all() -> impl Iterator<Item = Path> {
        Instructions::ALL.into_iter().filter_map(Path::new)
    }

    /// Its instructions.
    pub fn instructions(self) -> Instructions {
        self.0
    }

    /// Sums in one vector.
    pub(crate) fn lanes(self) -> usize {
        match self.0 {
            Instructions::Portable | Instructions::Avx2 => 8,
            Instructions::Avx512 | Instructions::Vnni => 16,
        }
    }

    /// Positions of the largest tile: with two vectors of sums each, as many as the registers hold.
    pub(crate) fn rows(self) -> usize {
        match self.0 {
            Instructions::Portable | Instructions::Avx2 => 6,
            Instructions::Avx512 | Instructions::Vnni => 12,
        }
    }
}

/// Runs one body, compiled once for each width of vectors: the compiler vectorises it with what is there.
macro_rules! by_path {
    ($path:expr, $body:ident, ($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)?) => {{
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn avx2($($argument: $type),*) $(-> $result)? {
            $body($($argument),*)
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
        fn avx512($($argument: $type),*) $(-> $result)? {
            $body($($argument),*)
        }
        #[allow(unsafe_code)] // Calls of functions that want instructions.
        let result = match $crate::path::Path::instructions($path) {
            $crate::path::Instructions::Portable => $body($($argument),*),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a path exists only where the CPU has its instructions.
            $crate::path::Instructions::Avx2 => unsafe { avx2($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: likewise, and VNNI comes with these.
            _ => unsafe { avx512($($argument),*) },
            #[cfg(not(target_arch = "x86_64"))]
            _ => $body($($argument),*),
        };
        result
    }};
}
pub(crate) use by_path;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_path_is_the_last_of_all_and_portable_is_always_there() {
        assert_eq!(Path::all().last(), Some(Path::best()));
        let first = Path::all().next().map(Path::instructions);
        assert_eq!(first, Some(Instructions::Portable));
    }
}
