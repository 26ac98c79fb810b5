//! What is multiplied: 16-bit operands by 16-bit weights, or bytes by signed bytes.

/// An operand of a dot product.
///
/// One 32-bit lane takes [`Operand::GROUP`] of them at a time.
pub trait Operand:
    Copy + Default + std::fmt::Debug + Send + Sync + sealed::Sealed + 'static
{
    /// What it is multiplied by.
    type Weight: Copy + Default + std::fmt::Debug + Into<i32> + TryFrom<i32> + Send + Sync;
    /// Operands in 32 bits.
    const GROUP: usize;
    /// Its value.
    fn value(self) -> i32;
    /// The operand of this value, `None` if there is none.
    fn from_value(value: i32) -> Option<Self>;
}

impl Operand for i16 {
    type Weight = i16;
    const GROUP: usize = 2;
    fn value(self) -> i32 {
        self.into()
    }
    fn from_value(value: i32) -> Option<i16> {
        value.try_into().ok()
    }
}

impl Operand for u8 {
    type Weight = i8;
    const GROUP: usize = 4;
    fn value(self) -> i32 {
        self.into()
    }
    fn from_value(value: i32) -> Option<u8> {
        value.try_into().ok()
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl sealed::Sealed for i16 {}
#[cfg(not(target_arch = "x86_64"))]
impl sealed::Sealed for u8 {}

#[allow(unsafe_code)] // Functions whose callers promise something.
pub(crate) mod sealed {
    use crate::dot::Job;

    /// The kernels of each kind of operand.
    ///
    /// # Safety
    /// The CPU has the instructions, and the ranges of the job are there.
    pub trait Sealed: Sized {
        #[cfg(target_arch = "x86_64")]
        unsafe fn avx2(rows: usize, vectors: usize, job: &Job<Self>, out: &mut [i32])
        where
            Self: super::Operand;
        #[cfg(target_arch = "x86_64")]
        unsafe fn avx512(rows: usize, vectors: usize, job: &Job<Self>, out: &mut [i32])
        where
            Self: super::Operand;
        #[cfg(target_arch = "x86_64")]
        unsafe fn vnni(rows: usize, vectors: usize, job: &Job<Self>, out: &mut [i32])
        where
            Self: super::Operand;
    }
}
