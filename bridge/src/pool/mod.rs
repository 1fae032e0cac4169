//! Pools of Managed HSM that the user knows by the fingerprint of their owner's certificate.

mod attested;
mod pins;

pub use attested::Attested;
pub use pins::PoolPins;
