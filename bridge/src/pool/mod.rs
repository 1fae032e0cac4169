//! Pools of Managed HSM that the user knows by the fingerprint of their owner's certificate.

mod pins;

pub use pins::PoolPins;
