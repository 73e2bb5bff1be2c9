//! Hashed noise: the only source of randomness of the market.
//!
//! Nothing here has state. A value depends on the key, the stream and the position alone, so any
//! moment of any day can be computed on its own and two servers with one seed agree.

/// One symbol's stream of noise, derived from the seed of the market and the symbol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noise {
    key: u64,
}

impl Noise {
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        // FNV-1a over the name; `mix` then spreads what FNV leaves clustered for short names.
        let hashed =
            name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self { key: mix(hashed ^ mix(seed)) }
    }

    /// 64 hashed bits for a position of a stream.
    pub(crate) fn bits(self, stream: u64, position: i64) -> u64 {
        mix(self.key ^ mix(position.cast_unsigned().wrapping_add(stream.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
    }

    /// A number in `[0, 1)`.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
    pub(crate) fn unit(self, stream: u64, position: i64) -> f64 {
        (self.bits(stream, position) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in `[-1, 1)`.
    pub(crate) fn signed(self, stream: u64, position: i64) -> f64 {
        self.unit(stream, position) * 2.0 - 1.0
    }

    /// A number below `bound`, which must not be zero.
    pub(crate) fn below(self, stream: u64, position: i64, bound: u64) -> u64 {
        self.bits(stream, position) % bound
    }

    /// Noise in `[-1, 1]` that is continuous in `x` and has one node per unit.
    #[expect(clippy::cast_possible_truncation, reason = "floor of a day or step number")]
    pub(crate) fn smooth(self, stream: u64, x: f64) -> f64 {
        let floor = x.floor();
        let at = floor as i64;
        let part = x - floor;
        let eased = part * part * (3.0 - 2.0 * part);
        let from = self.signed(stream, at);
        from + (self.signed(stream, at + 1) - from) * eased
    }
}

/// The finaliser of splitmix64.
pub(crate) fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_a_function_of_seed_name_stream_and_position() {
        let noise = Noise::new(7, "AAPL");
        assert_eq!(noise.bits(1, 2), Noise::new(7, "AAPL").bits(1, 2));
        for other in [Noise::new(8, "AAPL").bits(1, 2), Noise::new(7, "MSFT").bits(1, 2), noise.bits(2, 2), noise.bits(1, 3)] {
            assert_ne!(noise.bits(1, 2), other);
        }
    }

    #[test]
    fn smooth_noise_is_bounded_and_continuous() {
        let noise = Noise::new(1, "X");
        let mut before = noise.smooth(3, -5.0);
        for step in -499..500 {
            let value = noise.smooth(3, f64::from(step) / 100.0);
            assert!((-1.0..=1.0).contains(&value));
            assert!((value - before).abs() < 0.05);
            before = value;
        }
    }
}
