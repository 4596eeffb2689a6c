//! Prints the tokens of a measurement, one in each line after what it is, so that nothing is signed while it runs.

use bench_programs::{SIZES, signing::Signer};

/// Of these, the whole-function part takes new ones too.
const RS256: usize = 3600;
const OTHERS: usize = 400;
/// Of each size.
const SIZED: usize = 150;

fn main() {
    for (name, count) in [("RS256", RS256), ("PS256", OTHERS), ("ES256", OTHERS), ("EdDSA", OTHERS)] {
        let signer = Signer::new(name);
        (0..count).for_each(|number| println!("{name}\t{}", signer.active(number)));
        println!("{name} expired\t{}", signer.expired());
    }
    let signer = Signer::new("RS256");
    println!("bearer\t{}", signer.bearer());
    println!("assertion\t{}", signer.assertion());
    // Their signature is so short that half a kilobyte is enough.
    let signer = Signer::new("EdDSA");
    for bytes in SIZES.iter().filter(|(what, _)| *what == "token bytes").flat_map(|(_, sizes)| sizes.iter()) {
        (0..SIZED).for_each(|number| println!("{bytes} bytes\t{}", signer.of_size(*bytes, number)));
    }
}
