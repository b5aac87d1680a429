//! niangjia-office: an office without a window.

fn main() -> std::process::ExitCode {
    niangjia_host::cli::main()
}
