use super::*;

fn matrix(rows: usize, columns: usize) -> Constant {
    Constant {
        shape: vec![rows, columns],
        values: Values::Integers((0..(rows * columns) as i64).collect()),
    }
}

fn folded(op: &str, inputs: &[&Constant]) -> Result<Constant, Fault> {
    let inputs: Vec<_> = inputs.iter().copied().map(Some).collect();
    fold(op, &inputs, &Attributes::default(), 1 << 20).map(Option::unwrap)
}

#[test]
fn slices_count_from_both_ends() {
    let constant = matrix(3, 4);
    let vector = |values: &[i64]| Constant::integers(values.to_vec());
    // Rows backwards, every other column.
    let result = folded(
        "Slice",
        &[
            &constant,
            &vector(&[-1, 0]),
            &vector(&[i64::MIN + 1, i64::MAX]),
            &vector(&[0, 1]),
            &vector(&[-1, 2]),
        ],
    );
    let result = result.unwrap();
    assert_eq!(result.shape, [3, 2]);
    assert_eq!(result.as_integers().unwrap(), [8, 10, 4, 6, 0, 2]);
}

#[test]
fn transposing_twice_changes_nothing() {
    let constant = matrix(3, 5);
    let once = folded("Transpose", &[&constant]).unwrap();
    assert_eq!(once.shape, [5, 3]);
    assert_eq!(once.as_integers().unwrap()[..4], [0, 5, 10, 1]);
    assert_eq!(folded("Transpose", &[&once]), Ok(constant));
}

#[test]
fn arithmetic_broadcasts_and_never_panics() {
    let row = Constant::integers(vec![10, 20]);
    let sum = folded("Add", &[&matrix(2, 2), &row]).unwrap();
    assert_eq!(sum.as_integers().unwrap(), [10, 21, 12, 23]);
    let zero = scalar(0);
    assert!(folded("Div", &[&row, &zero]).is_err());
    assert!(folded("Mul", &[&scalar(i64::MAX), &row]).is_err());
    assert!(folded("Add", &[&matrix(2, 3), &row]).is_err());
    let huge = Constant::integers(vec![1 << 20, 1 << 20]);
    assert!(folded("ConstantOfShape", &[&huge]).is_err());
}

#[test]
fn reshape_copies_and_completes() {
    assert_eq!(reshaped(&[2, 3, 4], &[0, -1], false), Ok(vec![2, 12]));
    assert_eq!(reshaped(&[4], &[2, 2], false), Ok(vec![2, 2]));
    assert!(reshaped(&[4], &[-1, -1], false).is_err());
    assert!(reshaped(&[4], &[3, -1], false).is_err());
    assert!(reshaped(&[4], &[-2], false).is_err());
    assert!(reshaped(&[0], &[0, -1], true).is_ok());
}
