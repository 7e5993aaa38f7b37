//! The text of a number as .NET writes it, which is the name of a partition given as a number.
//! Source: `Double.ToString` of .NET, as KurrentDB's projections use it.

/// The text of a number: its shortest digits, plain from 1e-4 to below 1e17, else with an exponent
/// of at least two digits.
pub fn dotnet_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let shortest = format!("{number:e}");
    let (mantissa, exponent) = shortest.split_once('e').expect("`e` form has an exponent");
    let exponent: i32 = exponent.parse().expect("an exponent is a whole number");
    if number == 0.0 || (-4..17).contains(&exponent) {
        return format!("{number}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}E{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_dotnet_writes_them() {
        let rows = [
            (-0.0, "-0"),
            (0.0, "0"),
            (1e14, "100000000000000"),
            (1e15, "1000000000000000"),
            (1e16, "10000000000000000"),
            (1e17, "1E+17"),
            (1.5e300, "1.5E+300"),
            (0.0001, "0.0001"),
            (0.00001, "1E-05"),
            (0.000_012, "1.2E-05"),
            (1e-300, "1E-300"),
            (0.1 + 0.2, "0.30000000000000004"),
            (-5.0, "-5"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (number, expected) in rows {
            assert_eq!(dotnet_text(number), expected);
        }
    }
}
