//! The two encodings of an ECDSA signature.

use der::{Decode, Error, Reader, SliceReader, asn1::UintRef};

/// The size in bytes of each of the two numbers of a P-256 signature.
const WIDTH: usize = 32;

/// Converts a DER `SEQUENCE` of `r` and `s` (RFC 3279 §2.2.3) to the `r || s` of fixed width that JWS requires
/// (RFC 7518 §3.4). Returns `None` for any other input, and for a zero, which no signature contains.
pub fn raw_p256(der: &[u8]) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(der).ok()?;
    let [r, s] =
        reader.sequence(|numbers| Ok::<_, Error>([UintRef::decode(numbers)?, UintRef::decode(numbers)?])).ok()?;
    reader.finish().ok()?;
    Some([fixed_width(r)?, fixed_width(s)?].concat())
}

/// A number padded with zeros on the left.
fn fixed_width(number: UintRef<'_>) -> Option<[u8; WIDTH]> {
    let digits = Some(number.as_bytes()).filter(|digits| *digits != [0])?;
    let mut padded = [0; WIDTH];
    padded.get_mut(WIDTH.checked_sub(digits.len())?..)?.copy_from_slice(digits);
    Some(padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        let number = |number: &[u8]| [&[2, u8::try_from(number.len()).unwrap()], number].concat();
        let body = [number(r), number(s)].concat();
        [&[0x30, u8::try_from(body.len()).unwrap()], body.as_slice()].concat()
    }

    #[test]
    fn j14_numbers_are_padded_to_their_fixed_width() {
        let high = [&[0][..], &[0xff; 32]].concat();
        for (r, s, raw_r, raw_s) in [
            (vec![0x11; 32], vec![0x22; 32], vec![0x11; 32], vec![0x22; 32]),
            (high.clone(), high, vec![0xff; 32], vec![0xff; 32]),
            (vec![1], vec![0x7f; 31], [vec![0; 31], vec![1]].concat(), [vec![0], vec![0x7f; 31]].concat()),
            (vec![0, 0x80], vec![2, 0], [vec![0; 31], vec![0x80]].concat(), [vec![0; 30], vec![2, 0]].concat()),
        ] {
            assert_eq!(raw_p256(&der(&r, &s)), Some([raw_r, raw_s].concat()));
        }
    }

    #[test]
    fn j14_anything_else_is_refused() {
        let (good, one) = (der(&[1], &[1]), vec![1]);
        assert!(raw_p256(&good).is_some());
        for wrong in [
            vec![],
            good[..good.len() - 1].to_vec(),
            [&good[..], &[0]].concat(),
            der(&[], &one),
            der(&[0], &one),
            der(&[0, 1], &one),
            der(&[0x80], &one),
            der(&[1; 33], &one),
            der(&[&[0][..], &[0x80; 33]].concat(), &one),
            vec![0x30, 3, 2, 1, 1],
            vec![0x30, 8, 2, 1, 1, 2, 1, 1, 5, 0],
            vec![0x31, 6, 2, 1, 1, 2, 1, 1],
            vec![0x30, 0x81, 6, 2, 1, 1, 2, 1, 1],
            vec![0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0],
        ] {
            assert_eq!(raw_p256(&wrong), None, "{wrong:?}");
        }
    }
}
