//! An error of the plugin's own code, for its author.

use std::error::Error;
use std::fmt;

/// Why a plugin could not answer. Every `std` error converts into it, so `?` works; what caused it goes into the
/// traceback. It is no `std` error itself, as that conversion would not be possible then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginError {
    /// What went wrong.
    pub message: String,
    /// Where, or because of what.
    pub traceback: Option<String>,
}

impl PluginError {
    /// An error.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), traceback: None }
    }
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: Error> From<E> for PluginError {
    fn from(error: E) -> Self {
        let mut causes = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next {
            causes.push(format!("caused by: {cause}"));
            next = cause.source();
        }
        Self { message: error.to_string(), traceback: (!causes.is_empty()).then(|| causes.join("\n")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_std_error_keeps_its_causes() {
        #[derive(Debug)]
        struct Outer(std::num::ParseIntError);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("frame is no number")
            }
        }
        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        let error: PluginError = Outer("x".parse::<i32>().unwrap_err()).into();
        assert_eq!(error.message, "frame is no number");
        assert_eq!(error.traceback.as_deref(), Some("caused by: invalid digit found in string"));
    }
}
