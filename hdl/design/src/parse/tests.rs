use crate::{Affine, Design, PeKind};
use cromulent_number::Format;

const SMALL: &str =
    "rows = 8\ncolumns = 4\nformat = \"L4\"\naffine = \"exact\"\nimage_digits = true\n";

/// The problems of a text, one a line.
fn problems(text: &str) -> String {
    Design::parse(text, "d.toml")
        .expect_err("this design is to be refused")
        .to_string()
}

#[test]
fn reads_what_is_given_and_defaults_the_rest() {
    let design = Design::parse(SMALL, "some/where/tiny.toml").unwrap();
    let expected = Design {
        name: "tiny".to_owned(),
        image_digits: true,
        ..Design::new(8, 4, Format::L4, Affine::Exact)
    };
    assert_eq!(design, expected);
    assert_eq!(design.pe, PeKind::Shift);
    assert_eq!(design.bias_bits, 8);
}

#[test]
fn canonical_text_reads_back() {
    let design = Design {
        partial_sum_bits: Some(24),
        accumulator_bits: 40,
        ..Design::new(5, 3, Format::R4, Affine::Rectified)
    };
    assert_eq!(Design::parse(&design.to_toml(), "x.toml").unwrap(), design);
    let exact = Design::parse(SMALL, "x.toml").unwrap();
    assert_eq!(Design::parse(&exact.to_toml(), "y.toml").unwrap(), exact);
}

#[test]
fn fingerprint_is_of_all_but_the_name() {
    let design = Design::parse(SMALL, "x.toml").unwrap();
    let renamed = Design {
        name: "other".to_owned(),
        ..design.clone()
    };
    let deeper = Design {
        tile_depth: 512,
        ..design.clone()
    };
    assert_eq!(renamed.fingerprint(), design.fingerprint());
    assert_ne!(deeper.fingerprint(), design.fingerprint());
}

#[test]
fn all_problems_at_once_in_the_order_of_the_file() {
    let text = "row = 8\ncolumns = 200\nformat = \"L6\"\naffine = 3\nweight_bits = 8.5\n";
    assert_eq!(
        problems(text),
        "d.toml:1:1: unknown key `row`; did you mean `rows`?\n\
         d.toml:2:11: columns = 200 is out of range; write a whole number from 1 to 128\n\
         d.toml:3:10: format = \"L6\" is unknown; write one of \"L2\", \"L3\", \"L4\", \"L5\", \"R2\", \
         \"R3\", \"R4\", \"R5\", \"I8\", \"I4\", \"I3\", \"U4\", \"U5\", \"U8\", \"O4\"; did you mean \"L2\"?\n\
         d.toml:4:10: affine is a whole number; write one of \"exact\", \"snapped\", \"recentred\", \
         \"rectified\"\n\
         d.toml:5:15: weight_bits is a number with a fraction; write a whole number from 4 to 12\n\
         d.toml:6:1: `rows` is missing; add a line rows = …, a whole number from 1 to 128"
    );
}

#[test]
fn far_fetched_keys_get_the_list() {
    let text = format!("{SMALL}frequency = 100\n");
    let message = problems(&text);
    assert!(message.starts_with("d.toml:6:1: unknown key `frequency`; the keys are name, rows,"));
    assert!(problems(&format!("{SMALL}[array]\n")).contains("unknown key `array`"));
}

#[test]
fn broken_toml_is_placed() {
    let message = problems("rows = 8\ncolumns = \nformat = \"L4\"\naffine = \"exact\"\n");
    assert!(message.starts_with("d.toml:2:"), "{message}");
    assert!(message.contains("is no TOML"), "{message}");
    let twice = problems(&format!("{SMALL}rows = 9\n"));
    assert!(
        twice.starts_with("d.toml:6:1: is no TOML: duplicate key"),
        "{twice}"
    );
}

#[test]
fn columns_of_a_message_count_characters() {
    let message =
        problems("name = \"ü\" # ü\nrows = 0\ncolumns = 1\nformat=\"L4\"\naffine=\"exact\"");
    assert!(
        message.starts_with("d.toml:1:8: \"ü\" is no name for a design"),
        "{message}"
    );
    assert!(
        message.contains("d.toml:2:8: rows = 0 is out of range"),
        "{message}"
    );
}

#[test]
fn integers_beyond_any_width_are_out_of_range() {
    for huge in ["99999999999999999999999", "-3", "0xffffffffffffffffff"] {
        let text = SMALL.replace("rows = 8", &format!("rows = {huge}"));
        assert!(problems(&text).starts_with("d.toml:1:8: rows = "), "{huge}");
    }
}

/// A change of one line of SMALL, extra lines, and what the message says.
const CLASHES: [(&str, &str, &str, &str); 17] = [
    (
        "\"exact\"",
        "\"rectified\"",
        "",
        "d.toml:4:10: affine = \"rectified\" does not go with format = \"L4\", whose code keeps its sign; \
         write affine = \"exact\", \"snapped\" or \"recentred\", or an R format",
    ),
    (
        "\"L4\"",
        "\"R3\"",
        "",
        "d.toml:4:10: affine = \"exact\" does not go with format = \"R3\", whose code is rectified already; \
         write affine = \"rectified\", or an L format",
    ),
    (
        "image_digits = true",
        "pe = \"multiply\"",
        "",
        "d.toml:5:6: pe = \"multiply\" takes integers, not the codes of format = \"L4\"; \
         write format = \"I8\", \"I4\" or \"I3\" and affine = \"rectified\", or pe = \"shift\"",
    ),
    (
        "\"L4\"\naffine = \"exact\"",
        "\"I8\"\naffine = \"rectified\"",
        "",
        "d.toml:3:10: format = \"I8\" needs a multiplier, and pe = \"shift\" has none; \
         write pe = \"multiply\", or a log format",
    ),
    (
        "\"L4\"\naffine = \"exact\"",
        "\"I8\"\naffine = \"rectified\"",
        "pe = \"multiply\"\nweight_bits = 6\n",
        "d.toml:5:16: pe = \"multiply\" takes pixels as int8 in one beat and has no digits; \
         write image_digits = false, or leave it out\n\
         d.toml:7:15: format = \"I8\" takes weights of 8 bits, not 6; write weight_bits = 8, or leave it out",
    ),
    (
        "\"L4\"\naffine = \"exact\"",
        "\"I4\"\naffine = \"rectified\"",
        "pe = \"multiply\"\n",
        "d.toml:5:16: pe = \"multiply\" takes the codes of format = \"I4\" and no digits; \
         write pe = \"rows\", or image_digits = false",
    ),
    (
        "\"L4\"\naffine = \"exact\"",
        "\"I3\"\naffine = \"rectified\"",
        "",
        "d.toml:3:10: format = \"I3\" needs a multiplier, and pe = \"shift\" has none; \
         write pe = \"rows\" or \"multiply\", or a log format",
    ),
    (
        "\"L4\"\naffine = \"exact\"\nimage_digits = true",
        "\"I8\"\naffine = \"rectified\"\npe = \"rows\"",
        "",
        "d.toml:5:6: pe = \"rows\" takes numbers without a sign, and the pixels of format = \"I8\" have one; \
         write pe = \"multiply\", or format = \"I4\" or \"I3\"",
    ),
    (
        "\"L4\"\naffine = \"exact\"\nimage_digits = true",
        "\"I4\"\naffine = \"rectified\"\npe = \"dsp\"",
        "",
        "d.toml:5:6: pe = \"dsp\" takes int8 activations, not the codes of format = \"I4\"; \
         write pe = \"rows\" or \"multiply\", or format = \"I8\"",
    ),
    (
        "image_digits = true",
        "pe = \"log-log\"",
        "",
        "d.toml:5:6: pe = \"log-log\" has one constant, a power of two, and neither B nor roots of two; \
         write format = \"R2\" or \"R3\", or affine = \"snapped\" or \"recentred\" with L2, L3 or L4",
    ),
    (
        "\"exact\"",
        "\"snapped\"",
        "bias_bits = 8\n",
        "d.toml:6:13: affine = \"snapped\" has no constant B, only the exact form has; \
         leave bias_bits out, or write affine = \"exact\"",
    ),
    (
        "",
        "",
        "partial_sum_bits = 14\n",
        "d.toml:6:20: partial_sum_bits = 14 is narrower than one product, 15 bits; write 15 or more, or leave it out",
    ),
    (
        "",
        "",
        "accumulator_bits = 16\n",
        "d.toml:6:20: accumulator_bits = 16 is narrower than the sum of a column, 18 bits; write 18 or more",
    ),
    (
        "",
        "",
        "weight_depth = 7\n",
        "d.toml:6:16: weight_depth = 7 does not hold two tiles of 8 rows; write 16 or more",
    ),
    (
        "rows = 8",
        "rows = 3",
        "",
        "d.toml:2:11: columns = 4 exceeds rows = 3; write columns = 3 or less, or rows = 4 or more",
    ),
    (
        "",
        "",
        "bus_bits = 96\n",
        "d.toml:6:12: bus_bits = 96 is no width of a bus; write 32, 64, 128, 256 or 512",
    ),
    (
        "",
        "",
        "code_depth = 0\n",
        "d.toml:6:14: code_depth = 0 is out of range; write a whole number from 1 to 1048576",
    ),
];

#[test]
fn what_does_not_work_together_is_refused_with_the_reason() {
    for (from, to, extra, expected) in CLASHES {
        let text = SMALL.replacen(from, to, 1) + extra;
        assert_eq!(problems(&text), expected, "{text}");
    }
}

#[test]
fn a_bad_value_is_not_blamed_twice() {
    let text = SMALL.replace("\"L4\"", "\"R9\"");
    assert_eq!(problems(&text).lines().count(), 1);
    let missing = SMALL
        .replace("affine = \"exact\"\n", "")
        .replace("\"L4\"", "\"R3\"");
    assert_eq!(problems(&missing).lines().count(), 1);
}

#[test]
fn a_missing_file_is_a_problem_with_its_path() {
    let error = Design::load("no/such/design.toml".as_ref()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("no/such/design.toml: cannot be read: ")
    );
}

#[test]
fn designs_made_in_code_are_held_to_the_same_rules() {
    let good = Design::new(8, 8, Format::I8, Affine::Rectified);
    assert_eq!(good.validate(), Ok(()));
    let bad = Design {
        rows: 0,
        weight_bits: 6,
        name: "a b".to_owned(),
        ..good
    };
    let message = bad.validate().unwrap_err().to_string();
    assert_eq!(
        message,
        "design a b, name: \"a b\" is no name for a design; write 1 to 64 letters, digits, -, _ or .\n\
         design a b, rows: rows = 0 is out of range; write a whole number from 1 to 128\n\
         design a b, weight_bits: format = \"I8\" takes weights of 8 bits, not 6; \
         write weight_bits = 8, or leave it out"
    );
}
