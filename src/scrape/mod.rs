//! One loop a target: the HTTP client with its limits, and the wire format.
