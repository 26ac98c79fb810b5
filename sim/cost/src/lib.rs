//! What a network costs on a design: area, energy and bandwidth.
//!
//! Counts are integers, of the engine; what a count costs is a float, with the source it comes from. Nothing here
//! runs another program: synthesis and gate-level simulation are the command's.
