//! `farmhand.toml` and `FARMHAND_*`.
