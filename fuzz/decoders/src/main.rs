//! `decoders`: writes the made-up papers where fuzzing begins into `fuzz/corpus`.

fn main() -> std::io::Result<()> {
    for (target, name, bytes) in decoders::seeds() {
        let folder = decoders::corpus(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}
