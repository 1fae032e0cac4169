//! `base ^ 65537 mod modulus`, for public numbers only.
//!
//! One exponent and odd moduli are all that signatures of the maker need, and a general library for that is
//! as large as the rest of the verification in the page's WebAssembly. Nothing secret goes through here, so
//! nothing has to take constant time. Tests hold it against the `rsa` crate.

/// Little-endian digits of 32 bits.
type Digits = Vec<u32>;

/// A modulus, prepared for Montgomery multiplication (Montgomery 1985; HAC §14.3.2, algorithm 14.36).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PublicModulus {
    digits: Digits,
    /// `-digits[0]^-1 mod 2^32`.
    negated_inverse: u32,
    /// `2^(64·length) mod modulus`: brings a number into Montgomery's form.
    square: Digits,
}

impl PublicModulus {
    /// From big-endian bytes. None unless it is odd and its first byte is not zero, so that it fills its digits.
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        let digits = digits(bytes)?;
        let lowest = *digits.first()?;
        if lowest.is_multiple_of(2) || bytes.first() == Some(&0) {
            return None;
        }
        // Newton's iteration doubles the right bits: 5 rounds make more than 32 of them.
        let mut inverse = 1_u32;
        for _ in 0..5 {
            let error = 2_u32.wrapping_sub(lowest.wrapping_mul(inverse));
            inverse = inverse.wrapping_mul(error);
        }
        let mut modulus = Self {
            negated_inverse: inverse.wrapping_neg(),
            square: Vec::new(),
            digits,
        };
        let mut square = vec![0; modulus.digits.len()];
        if let Some(one) = square.first_mut() {
            *one = 1;
        }
        for _ in 0..64 * modulus.digits.len() {
            modulus.double(&mut square);
        }
        modulus.square = square;
        Some(modulus)
    }

    /// Length in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.digits.len() * 4
    }

    /// `base ^ 65537 mod modulus`, big-endian, as long as the modulus. None when `base` is of another length or not
    /// smaller than the modulus (RFC 8017 §5.2.2, step 1).
    pub(super) fn power(&self, base: &[u8]) -> Option<Vec<u8>> {
        let base = digits(base)?;
        if base.len() != self.digits.len() || !is_less(&base, &self.digits) {
            return None;
        }
        let base = self.multiply(&base, &self.square);
        let mut power = base.clone();
        for _ in 0..16 {
            power = self.multiply(&power, &power);
        }
        power = self.multiply(&power, &base);
        let mut one = vec![0; self.digits.len()];
        if let Some(lowest) = one.first_mut() {
            *lowest = 1;
        }
        let plain = self.multiply(&power, &one);
        Some(
            plain
                .iter()
                .rev()
                .flat_map(|digit| digit.to_be_bytes())
                .collect(),
        )
    }

    /// `a · b / 2^(32·length) mod modulus`, for `a` and `b` below the modulus.
    fn multiply(&self, a: &[u32], b: &[u32]) -> Digits {
        let length = self.digits.len();
        // One digit more than the modulus, and one bit more than that.
        let mut sum = vec![0_u32; length + 1];
        for digit in a {
            let mut over = add_product(&mut sum, b, *digit);
            let lowest = sum.first().copied().unwrap_or_default();
            let factor = lowest.wrapping_mul(self.negated_inverse);
            over += add_product(&mut sum, &self.digits, factor);
            // The lowest digit is zero now; everything moves down by it.
            sum.rotate_left(1);
            if let Some(highest) = sum.last_mut() {
                *highest = over;
            }
        }
        let over = sum.pop().unwrap_or_default();
        self.reduce(&mut sum, over != 0);
        sum
    }

    /// Doubles a number below the modulus.
    fn double(&self, number: &mut [u32]) {
        let mut carry = 0;
        for digit in number.iter_mut() {
            let next = *digit >> 31;
            *digit = *digit << 1 | carry;
            carry = next;
        }
        self.reduce(number, carry != 0);
    }

    /// Takes the modulus off once, unless the number, with `over` above its highest digit, is below it.
    fn reduce(&self, number: &mut [u32], over: bool) {
        if !over && is_less(number, &self.digits) {
            return;
        }
        let mut borrow = false;
        for (digit, other) in number.iter_mut().zip(&self.digits) {
            let (first, under) = digit.overflowing_sub(*other);
            let (second, again) = first.overflowing_sub(u32::from(borrow));
            *digit = second;
            borrow = under || again;
        }
    }
}

/// `sum += factors · factor`; what does not fit its digits is given back.
fn add_product(sum: &mut [u32], factors: &[u32], factor: u32) -> u32 {
    let mut carry = 0_u64;
    let mut digits = sum.iter_mut();
    for (digit, other) in digits.by_ref().zip(factors.iter().chain(&[0])) {
        // At most (2^32 - 1)^2 + 2·(2^32 - 1), which is 2^64 - 1.
        let total = u64::from(*digit) + u64::from(*other) * u64::from(factor) + carry;
        *digit = low(total);
        carry = total >> 32;
    }
    low(carry)
}

fn low(number: u64) -> u32 {
    #[allow(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    let low = number as u32;
    low
}

fn is_less(a: &[u32], b: &[u32]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// Digits of whole words; none for another length.
fn digits(bytes: &[u8]) -> Option<Digits> {
    let (words, []) = bytes.as_chunks::<4>() else {
        return None;
    };
    Some(
        words
            .iter()
            .rev()
            .copied()
            .map(u32::from_be_bytes)
            .collect(),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rsa::{BoxedUint, PublicKey, hazmat::rsa_encrypt, traits::PublicKeyParts};

    /// The same by the `rsa` crate.
    fn expected(modulus: &[u8], base: &[u8]) -> Vec<u8> {
        let number = BoxedUint::from_be_slice_vartime;
        let key = PublicKey::new(number(modulus), number(&[1, 0, 1])).unwrap();
        let base = BoxedUint::from_be_slice(base, key.n().bits_precision()).unwrap();
        let power = rsa_encrypt(&key, &base).unwrap().to_be_bytes();
        power[power.len() - modulus.len()..].to_vec()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn every_power_is_what_the_rsa_crate_says(
            length in prop_oneof![Just(256_usize), Just(384), Just(512), 33_usize..100],
            seed in proptest::collection::vec(any::<u8>(), 1024),
            extreme in 0_u8..4,
        ) {
            let length = length / 4 * 4;
            let mut modulus = seed[..length].to_vec();
            let mut base = seed[512..512 + length].to_vec();
            modulus[0] |= 0x80;
            modulus[length - 1] |= 1;
            match extreme {
                // Long carries: digits of ones, and a base one below the modulus.
                0 => modulus[..length - 1].fill(0xff),
                1 => { base.clone_from(&modulus); base[length - 1] &= 0xfe; }
                2 => base.fill(0),
                _ => base[0] &= 0x7f,
            }
            if base < modulus && length >= 128 {
                let power = PublicModulus::new(&modulus).unwrap().power(&base).unwrap();
                prop_assert_eq!(power, expected(&modulus, &base));
            }
        }
    }

    #[test]
    fn a_base_that_is_not_below_the_modulus_or_of_another_length_has_no_power() {
        let modulus = PublicModulus::new(&[0xff; 256]).unwrap();
        assert_eq!(modulus.power(&[0xff; 256]), None);
        assert_eq!(modulus.power(&[1; 252]), None);
        assert_eq!(modulus.power(&[1; 255]), None);
        assert!(modulus.power(&[0xfe; 256]).is_some());
    }

    #[test]
    fn an_even_a_short_and_a_ragged_modulus_are_none() {
        let mut even = [0xff; 256];
        even[255] = 0xfe;
        assert_eq!(PublicModulus::new(&even), None);
        let mut short = [0xff; 256];
        short[0] = 0;
        assert_eq!(PublicModulus::new(&short), None);
        assert_eq!(PublicModulus::new(&[0xff; 255]), None);
        assert_eq!(PublicModulus::new(&[]), None);
    }
}
