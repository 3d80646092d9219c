//! farmhand's plugin for Nuke.
