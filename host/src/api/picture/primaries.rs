//! Colours that are given by other primaries than Rec. 709, such as those of ACES, brought to these.

use exr::meta::attribute::Chromaticities;

/// Rows of a matrix that a column of red, green and blue is multiplied with.
type Matrix = [[f64; 3]; 3];

/// Where red, green, blue and white lie on the CIE 1931 diagram.
type Places = [[f64; 2]; 4];

const REC709: Places = [[0.64, 0.33], [0.3, 0.6], [0.15, 0.06], [0.3127, 0.329]];

/// The responses of the eye's cones, after Bradford.
const CONES: Matrix = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];

/// What brings colours of a file to Rec. 709 with its white.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ToRec709([[f32; 3]; 3]);

impl ToRec709 {
    /// `None` where there is nothing to do, and where the file's own words make no sense.
    pub(super) fn of(given: &Chromaticities) -> Option<Self> {
        let places = [given.red, given.green, given.blue, given.white]
            .map(|place| [f64::from(place.x()), f64::from(place.y())]);
        let same = places.iter().flatten().zip(REC709.iter().flatten()).all(|(a, b)| (a - b).abs() < 2e-4);
        if same {
            return None;
        }
        let matrix = multiply(
            &inverse(&to_xyz(&REC709)?)?,
            &multiply(&adapt(places[3], REC709[3])?, &to_xyz(&places)?),
        );
        let sane = matrix.iter().flatten().all(|one| one.is_finite() && one.abs() < 100.0);
        sane.then(|| Self(matrix.map(|row| row.map(|one| one as f32))))
    }

    pub(super) fn apply(&self, [r, g, b]: [f32; 3]) -> [f32; 3] {
        self.0.map(|row| row[0] * r + row[1] * g + row[2] * b)
    }
}

fn xyz([x, y]: [f64; 2]) -> [f64; 3] {
    [x / y, 1.0, (1.0 - x - y) / y]
}

fn to_xyz(places: &Places) -> Option<Matrix> {
    let columns = [xyz(places[0]), xyz(places[1]), xyz(places[2])];
    let primaries: Matrix = std::array::from_fn(|row| columns.map(|column| column[row]));
    let weights = times(&inverse(&primaries)?, xyz(places[3]));
    Some(primaries.map(|row| std::array::from_fn(|column| row[column] * weights[column])))
}

/// What makes one white look like another.
fn adapt(from: [f64; 2], to: [f64; 2]) -> Option<Matrix> {
    let (from, to) = (times(&CONES, xyz(from)), times(&CONES, xyz(to)));
    let scaled: Matrix = std::array::from_fn(|row| CONES[row].map(|one| one * to[row] / from[row]));
    Some(multiply(&inverse(&CONES)?, &scaled))
}

fn times(matrix: &Matrix, column: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(column).map(|(a, b)| a * b).sum())
}

fn multiply(a: &Matrix, b: &Matrix) -> Matrix {
    a.map(|row| std::array::from_fn(|column| (0..3).map(|at| row[at] * b[at][column]).sum()))
}

fn inverse(m: &Matrix) -> Option<Matrix> {
    let minor = |row: usize, column: usize| {
        let (r, s) = ((row + 1) % 3, (row + 2) % 3);
        let (c, d) = ((column + 1) % 3, (column + 2) % 3);
        m[r][c] * m[s][d] - m[r][d] * m[s][c]
    };
    let determinant: f64 = (0..3).map(|column| m[0][column] * minor(0, column)).sum();
    (determinant.is_finite() && determinant.abs() > 1e-12)
        .then(|| std::array::from_fn(|row| std::array::from_fn(|column| minor(column, row) / determinant)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use exr::math::Vec2;

    fn given(places: [[f32; 2]; 4]) -> Chromaticities {
        let [red, green, blue, white] = places.map(|[x, y]| Vec2(x, y));
        Chromaticities { red, green, blue, white }
    }

    #[test]
    fn acescg_becomes_rec709_with_its_white() {
        let ap1 = given([[0.713, 0.293], [0.165, 0.83], [0.128, 0.044], [0.32168, 0.33767]]);
        let matrix = ToRec709::of(&ap1).unwrap();
        // As the ACES project publishes it, rounded to three digits.
        let expect = [[1.705, -0.622, -0.083], [-0.130, 1.141, -0.011], [-0.024, -0.129, 1.153]];
        for (row, expected) in matrix.0.iter().zip(expect) {
            for (one, expected) in row.iter().zip(expected) {
                assert!((one - expected).abs() < 2e-3, "{:?}", matrix.0);
            }
        }
        for one in matrix.apply([1.0; 3]) {
            assert!((one - 1.0).abs() < 1e-4, "white stays white");
        }
    }

    #[test]
    fn rec709_is_left_alone_and_nonsense_too() {
        let check = |places: [[f32; 2]; 4]| assert_eq!(ToRec709::of(&given(places)), None, "{places:?}");
        check([[0.64, 0.33], [0.3, 0.6], [0.15, 0.06], [0.3127, 0.329]]);
        check([[0.0, 0.0]; 4]);
        check([[f32::NAN; 2]; 4]);
        check([[0.64, 0.33], [0.64, 0.33], [0.15, 0.06], [0.3127, 0.329]]);
    }
}
