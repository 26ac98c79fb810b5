use cromulent_number::Format;
use proptest::prelude::*;

use super::*;
use crate::Affine;

fn design() -> Design {
    Design {
        image_digits: true,
        ..Design::new(8, 8, Format::L4, Affine::Exact)
    }
}

/// A 3×3 layer of 16 to 16 channels on 28×28.
fn layer() -> LayerRegisters {
    LayerRegisters {
        height: 28,
        width: 28,
        stride: 1,
        y_step: 28,
        output_width: 28,
        pass_positions: 784,
        last_positions: 784,
        passes: 1,
        row_tiles: 18,
        column_tiles: 2,
        beats: 1,
        output_address: 1568,
        output_plane: 784,
        last_columns: 8,
        positions: 784,
        tile_lines: 144,
        codes: true,
        largest: 7,
        ..LayerRegisters::default()
    }
}

/// Whether the message names this.
fn refused(registers: LayerRegisters, expected: &str) {
    let faults = registers.validate(&design()).unwrap_err();
    assert!(faults.iter().any(|fault| fault == expected), "{faults:?}");
}

#[test]
fn a_real_layer_is_accepted() {
    assert_eq!(layer().validate(&design()), Ok(()));
    let pooled = LayerRegisters {
        pool: true,
        positions: 1,
        pass_positions: 1100,
        last_positions: 1100,
        ..layer()
    };
    assert_eq!(pooled.validate(&design()), Ok(()));
    let image = LayerRegisters {
        digits: true,
        beats: 4,
        ..layer()
    };
    assert_eq!(image.validate(&design()), Ok(()));
}

#[test]
fn what_the_sequencer_cannot_run_is_refused() {
    refused(
        LayerRegisters {
            height: 33,
            ..layer()
        },
        "height = 33 exceeds map_side = 32",
    );
    refused(
        LayerRegisters {
            height: 64,
            ..layer()
        },
        "height = 64 does not fit its 6 bits",
    );
    refused(
        LayerRegisters {
            beats: 0,
            ..layer()
        },
        "beats is 0, at least 1 is needed",
    );
    refused(
        LayerRegisters {
            beats: 2,
            ..layer()
        },
        "beats = 2: only digits and windows of a max-pool take more than one",
    );
    refused(
        LayerRegisters {
            pass_positions: 1025,
            ..layer()
        },
        "pass_positions = 1025 exceeds tile_depth = 1024",
    );
    refused(
        LayerRegisters {
            pool: true,
            passes: 2,
            ..layer()
        },
        "a pooled layer is one pass, not 2",
    );
    refused(
        LayerRegisters {
            column_tiles: 9,
            ..layer()
        },
        "the output ends at code 8624 of a bank, code_depth = 8192",
    );
    refused(
        LayerRegisters {
            output_rotation: 1,
            column_tiles: 8,
            output_address: 1921,
            ..layer()
        },
        "the output ends at code 8977 of a bank, code_depth = 8192",
    );
    refused(
        LayerRegisters {
            stream: true,
            add: true,
            stream_read: 3000,
            ..layer()
        },
        "stream_read = 3000 and 1568 words exceed stream_depth = 4096",
    );
    refused(
        LayerRegisters {
            clamp: true,
            ..layer()
        },
        "add and clamp work on the residual stream, and stream is not set",
    );
    refused(
        LayerRegisters {
            row_tiles: 19,
            ..layer()
        },
        "tile_lines = 144, and the tiles have 152",
    );
    refused(
        LayerRegisters {
            positions: 783,
            ..layer()
        },
        "positions = 783, and the passes have 784",
    );
    refused(
        LayerRegisters {
            scores: true,
            ..layer()
        },
        "scores are raw words of one position of an image",
    );
    refused(
        LayerRegisters {
            last_positions: 785,
            ..layer()
        },
        "last_positions = 785 exceeds pass_positions = 784",
    );
    refused(
        LayerRegisters {
            codes: false,
            integers: true,
            ..layer()
        },
        "only what is written to the code banks can be left uncoded",
    );
    refused(
        LayerRegisters {
            largest: 4,
            ..layer()
        },
        "largest = 4 and spacing = 0 are of no format that L4 codes hold",
    );
}

#[test]
fn a_layer_may_write_any_format_that_the_codes_hold() {
    for format in Format::ALL {
        let affine = match format.is_signed() {
            true => Affine::Snapped,
            false => Affine::Rectified,
        };
        let design = Design {
            image_digits: format.is_level(),
            ..Design::new(8, 8, format, affine)
        };
        for narrow in Format::ALL {
            let Some((largest, spacing)) = design.codes_of(narrow) else {
                assert_eq!(format.subset(narrow), None);
                continue;
            };
            let layer = LayerRegisters {
                largest,
                spacing,
                ..layer()
            };
            assert_eq!(layer.validate(&design), Ok(()), "{narrow} in {format}");
        }
    }
}

#[test]
fn integers_need_banks_of_eight_bits() {
    let narrow = Design {
        image_digits: false,
        ..design()
    };
    let layer = LayerRegisters {
        integers: true,
        ..layer()
    };
    assert_eq!(layer.validate(&design()), Ok(()));
    let faults = layer.validate(&narrow).unwrap_err();
    assert_eq!(
        faults,
        ["integers left uncoded need image_digits = true".to_owned()]
    );
}

#[test]
fn a_max_pool_has_a_plane_in_each_column_tile_and_needs_rows_that_pool() {
    let pool = LayerRegisters {
        stride: 2,
        y_step: 56,
        output_width: 14,
        pass_positions: 196,
        last_positions: 196,
        row_tiles: 1,
        column_tiles: 2,
        beats: 3,
        output_plane: 196,
        last_columns: 1,
        positions: 196,
        tile_lines: 8,
        max_pool: true,
        ..layer()
    };
    let pools = Design {
        max_pool: true,
        ..design()
    };
    assert_eq!(pool.validate(&pools), Ok(()));
    assert_eq!(pool.position_beats(), 9);
    refused(pool, "the layer is a max-pool, which needs max_pool = true");
    let fault = |registers: LayerRegisters| registers.validate(&pools).unwrap_err().join("; ");
    let raw = LayerRegisters { raw: true, ..pool };
    assert!(fault(raw).contains("takes codes and gives codes"));
    let shifted = LayerRegisters {
        output_rotation: 1,
        ..pool
    };
    assert!(fault(shifted).contains("begins in bank 0"));
    let beyond = LayerRegisters {
        output_address: 7801,
        ..pool
    };
    assert!(fault(beyond).contains("ends at code 8193"));
}

/// A 3×3 layer of 28×28 whose codes leave through windows of 3×3, two apart, one position of padding.
fn pooled() -> LayerRegisters {
    LayerRegisters {
        output_pool: true,
        window: 3,
        window_stride: 2,
        window_first: 1,
        output_height: 28,
        output_plane: 196,
        ..layer()
    }
}

#[test]
fn codes_are_pooled_as_they_leave_where_a_position_ends_one_window_at_most() {
    let pools = Design {
        max_pool: true,
        ..design()
    };
    assert_eq!(pooled().validate(&pools), Ok(()));
    let ends: Vec<u32> = (1..28).step_by(2).collect();
    assert_eq!(pooled().window_ends(), Some([ends.clone(), ends]));
    let fault = |registers: LayerRegisters| registers.validate(&pools).unwrap_err().join("; ");
    let plain = LayerRegisters {
        output_pool: false,
        ..pooled()
    };
    assert!(fault(plain).contains("and there is a window"));
    let close = LayerRegisters {
        window_stride: 1,
        ..pooled()
    };
    assert!(fault(close).contains("windows of 3 positions, 1 apart, the first ending at 1"));
    let padded = LayerRegisters {
        window_first: 0,
        ..pooled()
    };
    assert!(fault(padded).contains("the first ending at 0, cannot be pooled"));
    let cut = LayerRegisters {
        cut_right: true,
        ..pooled()
    };
    assert!(fault(cut).contains("the last windows end where they do not"));
    let plane = LayerRegisters {
        output_plane: 784,
        ..pooled()
    };
    assert!(fault(plane).contains("output_plane = 784, and there are 196 windows"));
    let low = LayerRegisters {
        output_height: 27,
        ..pooled()
    };
    assert!(fault(low).contains("the map that is pooled is 27 × 28"));
    let raw = LayerRegisters {
        raw: true,
        codes: false,
        ..pooled()
    };
    assert!(fault(raw).contains("only codes of single positions"));
    // Without rows that pool there are no such registers.
    let faults = pooled().validate(&design()).unwrap_err().join("; ");
    assert!(
        faults.contains("output_pool = 1 does not fit its 0 bits"),
        "{faults}"
    );
}

#[test]
fn positions_are_over_all_passes() {
    let layer = LayerRegisters {
        passes: 3,
        pass_positions: 100,
        last_positions: 7,
        ..layer()
    };
    assert_eq!(layer.all_positions(), 207);
}

#[test]
fn a_batch_is_whole_images() {
    let design = Design {
        batch: 3,
        ..design()
    };
    let batch = LayerRegisters {
        output_height: 2,
        output_width: 5,
        image_step: 40,
        passes: 2,
        pass_positions: 16,
        last_positions: 14,
        positions: 30,
        output_plane: 30,
        tile_lines: 2 * layer().tile_lines / layer().passes,
        ..layer()
    };
    assert_eq!(batch.validate(&design), Ok(()));
    assert_eq!(batch.image_positions(), 10);
    assert_eq!(
        [9, 10, 29].map(|p| batch.place(p)),
        [(0, 1, 4), (1, 0, 0), (2, 1, 4)]
    );
    let fault = |layer: LayerRegisters| layer.validate(&design).unwrap_err().join("; ");
    let taller = LayerRegisters {
        output_height: 3,
        ..batch
    };
    assert!(fault(taller).contains("the passes have 30 positions, not 3 times the 15 of an image"));
    let pool = LayerRegisters {
        pool: true,
        positions: 3,
        output_plane: 3,
        ..batch
    };
    assert!(fault(pool).contains("16 positions in a pass, no multiple of the 10 of an image"));
    let pool = LayerRegisters {
        pass_positions: 20,
        last_positions: 10,
        ..pool
    };
    assert_eq!(pool.validate(&design), Ok(()));
    let one = LayerRegisters {
        output_height: 1,
        ..layer()
    };
    let faults = one
        .validate(&Design {
            batch: 1,
            ..design.clone()
        })
        .unwrap_err();
    assert_eq!(
        faults,
        [
            "output_height = 1 does not fit its 0 bits",
            "output_height = 1 and image_step = 0 need batch above 1"
        ]
    );
}

#[test]
fn scores_of_a_batch_leave_one_at_a_time() {
    let scores = LayerRegisters {
        output_height: 2,
        output_width: 2,
        passes: 1,
        last_positions: 12,
        beats: 1,
        pool: true,
        scores: true,
        ..layer()
    };
    let beats = |columns| [false, true].map(|last| scores.tile_beats(columns, 12, last));
    // Three images of four positions.
    assert_eq!(
        [1, 4, 5, 8].map(beats),
        [[12, 12], [12, 12], [12, 15], [12, 24]]
    );
    let digits = LayerRegisters { beats: 4, ..scores };
    assert_eq!(digits.tile_beats(17, 12, true), 3 * 20);
    let held = |columns| {
        (0..24)
            .filter(|&n| !scores.issues(columns, n, true))
            .collect()
    };
    let held: [Vec<u64>; 2] = [5, 8].map(held);
    assert_eq!(held[0], [3, 8, 13, 18, 23]);
    assert_eq!(held[1], [3, 4, 5, 6, 11, 12, 13, 14, 19, 20, 21, 22]);
    assert!((0..24).all(|n| scores.issues(8, n, false)));
    assert_eq!(layer().paced_beats(8), None);
}

proptest! {
    #[test]
    fn values_come_back(values: [u32; 26], flags: [bool; 14]) {
        let flags = flags.map(u32::from);
        let mut all = [0; REGISTER_COUNT];
        all[..19].copy_from_slice(&values[..19]);
        all[19..29].copy_from_slice(&flags[..10]);
        all[29..33].copy_from_slice(&values[19..23]);
        all[33..36].copy_from_slice(&flags[10..13]);
        all[36..39].copy_from_slice(&values[23..]);
        all[39] = flags[13];
        prop_assert_eq!(LayerRegisters::from_values(all).values(), all);
    }

    /// Whatever the design's limits admit has the bits it needs.
    #[test]
    fn registers_are_wide_enough(side in 1u32..=4080, tile_depth in 1u32..=65536, depth in 1u32..=(1 << 20), batch in 1u32..=64) {
        let max_pool = side % 2 == 0;
        let design = Design { map_side: side, tile_depth, code_depth: depth, batch, max_pool, ..design() };
        let bits: std::collections::BTreeMap<_, _> = register_bits(&design).into();
        let largest = |name: &str| (1u64 << bits[name]) - 1;
        prop_assert!(largest("height") >= u64::from(side));
        prop_assert!(largest("pass_positions") >= u64::from(side) * u64::from(side) * u64::from(batch));
        prop_assert_eq!(bits["image_step"] > 0, batch > 1);
        prop_assert!(largest("output_address") >= u64::from(depth) - 1);
        for (field, (name, bits)) in REGISTERS.iter().zip(register_bits(&design)) {
            prop_assert!(bits <= field.bits, "{name}");
        }
        let range = |name: &str| u32::from(has(&design, name))..=32;
        prop_assert!(bits.iter().all(|(name, bits)| range(name).contains(bits)));
    }
}
