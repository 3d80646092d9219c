//! farmhand's plugin for Maya.
