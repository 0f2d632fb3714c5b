//! The binary. Everything is in the library, so that tests reach it too.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    without_huge_pages();
    hydrophone::cli::main()
}

/// The kernel would back what the allocator asks for with pages of 2 MiB, and make such pages anew of those that were given back to it
/// in part: half as much memory again after ten minutes. See docs/decisions/0004.
fn without_huge_pages() {
    // Where the kernel refuses, the server takes more memory and does all else as well.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
