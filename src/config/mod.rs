//! The configuration file: parsing, defaults, validation; one section a file.
