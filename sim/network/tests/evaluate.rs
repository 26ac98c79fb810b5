//! Floating-point evaluation against values worked out by hand or by formula.

mod common;

use common::{Folder, TOML, safetensors, tensors};
use cromulent_network::{
    BatchNorm, Convolution, Image, Input, Linear, Network, Op, Tensor, evaluate,
};

/// Values of `op` on a map that holds the pixels themselves, 2 channels of 3 × 4.
fn computed(op: Op) -> Vec<f32> {
    let input = Input {
        channels: 2,
        height: 3,
        width: 4,
        mean: vec![0.0; 2],
        std: vec![1.0 / 255.0; 2],
        examples: None,
    };
    let network = Network::new("test", input, vec![("op".into(), op, vec![0])]).expect("it fits");
    evaluate(&network, &image()).expect("it fits").remove(1)
}

/// Pixel (y, x) of channel c is 10·(4·y + x) + c.
fn image() -> Image {
    let pixels = (0..24).map(|i| 10 * (i / 2) + i % 2).collect();
    Image {
        channels: 2,
        height: 3,
        width: 4,
        pixels,
    }
}

fn assert_close(got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len(), "{got:?}");
    for (a, b) in got.iter().zip(want) {
        assert!(
            (a - b).abs() <= 1e-3 * b.abs().max(1.0),
            "{got:?} is not {want:?}"
        );
    }
}

#[test]
fn convolution_is_the_sum_over_taps_and_channels() {
    for (kernel, stride, padding) in [
        ((3, 3), 1, 1),
        ((2, 3), 2, 1),
        ((1, 1), 2, 0),
        ((3, 1), 1, 2),
    ] {
        let (kh, kw) = kernel;
        let weight = Tensor {
            shape: vec![3, 2, kh, kw],
            values: (0..6 * kh * kw)
                .map(|i| (i * 7 % 11) as f32 - 5.0)
                .collect(),
        };
        let at = |o: usize, c: usize, ky: usize, kx: usize| {
            weight.values[((o * 2 + c) * kh + ky) * kw + kx]
        };
        let (height, width) = (
            (3 + 2 * padding - kh) / stride + 1,
            (4 + 2 * padding - kw) / stride + 1,
        );
        let mut want = Vec::new();
        for i in 0..height * width * 3 {
            let (y, x, o) = (i / 3 / width, i / 3 % width, i % 3);
            let mut sum = 0.0;
            for tap in 0..2 * kh * kw {
                let (ky, kx, c) = (tap / 2 / kw, tap / 2 % kw, tap % 2);
                let row = (y * stride + ky) as i32 - padding as i32;
                let column = (x * stride + kx) as i32 - padding as i32;
                if (0..3).contains(&row) && (0..4).contains(&column) {
                    sum += at(o, c, ky, kx) * (10 * (4 * row + column) + c as i32) as f32;
                }
            }
            want.push(sum);
        }
        let op = Op::Convolution(Convolution {
            weight: weight.clone(),
            bias: vec![],
            stride,
            padding,
        });
        assert_close(&computed(op), &want);
    }
}

#[test]
fn linear_takes_channel_row_column() {
    let mut values = vec![0.0; 48];
    values[13] = 1.0; // channel 1, row 0, column 1
    values[24 + 11] = 2.0; // channel 0, row 2, column 3
    let weight = Tensor {
        shape: vec![2, 24],
        values,
    };
    assert_close(
        &computed(Op::Linear(Linear {
            weight,
            bias: vec![0.5, -1.0],
        })),
        &[11.5, 219.0],
    );
}

#[test]
fn pools() {
    let average = Op::AveragePool {
        kernel: 2,
        stride: 2,
    };
    assert_close(&computed(average), &[25.0, 26.0, 45.0, 46.0]);
    assert_close(&computed(Op::GlobalAveragePool), &[55.0, 56.0]);
    let max = Op::MaxPool {
        kernel: 3,
        stride: 2,
        padding: 1,
    };
    assert_close(
        &computed(max),
        &[50.0, 51.0, 70.0, 71.0, 90.0, 91.0, 110.0, 111.0],
    );
}

#[test]
fn padding_never_wins_a_maximum() {
    let norm = BatchNorm {
        scale: vec![1.0; 2],
        shift: vec![-1000.0; 2],
        mean: vec![0.0; 2],
        variance: vec![1.0; 2],
        epsilon: 0.0,
        format: None,
    };
    let input = Input {
        channels: 2,
        height: 3,
        width: 4,
        mean: vec![0.0; 2],
        std: vec![1.0; 2],
        examples: None,
    };
    let max = Op::MaxPool {
        kernel: 3,
        stride: 3,
        padding: 1,
    };
    let steps = vec![
        ("norm".into(), Op::BatchNorm(norm), vec![0]),
        ("max".into(), max, vec![1]),
    ];
    let network = Network::new("test", input, steps).expect("it fits");
    let maps = evaluate(&network, &image()).expect("it fits");
    assert!(maps[2].iter().all(|&x| x < -900.0), "{:?}", maps[2]);
}

#[test]
fn norm_is_a_times_n_plus_b() {
    let norm = BatchNorm {
        scale: vec![2.0, -1.0],
        shift: vec![1.0, 3.0],
        mean: vec![10.0, 1.0],
        variance: vec![3.0, 24.0],
        epsilon: 1.0,
        format: None,
    };
    assert_eq!((norm.sigma(0), norm.sigma(1)), (2.0, 5.0));
    assert_eq!(
        (norm.threshold(0), norm.threshold(1)),
        (Some(-0.5), Some(3.0))
    );
    let got = computed(Op::BatchNorm(norm.clone()));
    assert_close(&got[..4], &[-9.0, 3.0, 1.0, 1.0]);
    // The same affine on values that another normalisation has stored.
    let stored = (20.0 - 4.0) / 8.0;
    let affine = norm.affine_over(0, 4.0, 8.0);
    let direct = norm.affine(0, norm.normalise(0, 20.0));
    assert!((affine.a * stored + affine.b - direct).abs() < 1e-12);
}

#[test]
fn add_concat_and_relu() {
    let input = Input {
        channels: 2,
        height: 3,
        width: 4,
        mean: vec![0.1; 2],
        std: vec![1.0 / 255.0; 2],
        examples: None,
    };
    let steps = vec![
        ("relu".into(), Op::Relu, vec![0]),
        ("add".into(), Op::Add, vec![0, 1, 1]),
        ("cat".into(), Op::Concat, vec![1, 2]),
    ];
    let network = Network::new("test", input, steps).expect("it fits");
    let maps = evaluate(&network, &image()).expect("it fits");
    assert_close(&maps[0][..6], &[-25.5, -24.5, -15.5, -14.5, -5.5, -4.5]);
    assert_close(&maps[1][4..8], &[0.0, 0.0, 4.5, 5.5]);
    assert_close(&maps[2][4..8], &[-5.5, -4.5, 13.5, 16.5]);
    assert_close(&maps[3][12..16], &[4.5, 5.5, 13.5, 16.5]);
}

/// A convolution's bias moves into the means of the batch-norms it reaches.
#[test]
fn biases_meet_their_norms() {
    let folder = Folder::new("bias");
    let toml = TOML.replace(
        "  { name = \"bn\",",
        "  { name = \"conv2\", op = \"convolution\", padding = 1, inputs = \"image\" },
  { name = \"add\", op = \"add\", inputs = [\"conv\", \"conv2\"] },
  { name = \"mp\", op = \"max-pool\", kernel = 2 },
  { name = \"bn\",",
    );
    let mut tensors = tensors();
    tensors.insert("conv2.weight".into(), tensors["conv.weight"].clone());
    tensors.insert("conv2.bias".into(), (vec![2], vec![0.5, -2.0]));
    let network = folder
        .load(&toml, &safetensors(&tensors))
        .expect("the bias meets `bn`");
    let Op::BatchNorm(bn) = &network.nodes[network.node("bn").expect("it is there")].op else {
        panic!("`bn` is a batch-norm");
    };
    assert_eq!(bn.mean, [-0.25 - 0.5, -0.125 + 2.0]);
}

/// One that meets no batch-norm, or not only batch-norms, is added where it is.
#[test]
fn biases_that_meet_a_relu_stay() {
    let folder = Folder::new("stray-bias");
    let mut tensors = tensors();
    let toml = TOML.replace("op = \"relu\"", "op = \"relu\", inputs = \"conv\"");
    let toml = toml.replace("  { name = \"bn\", op = \"batch-norm\" },\n", "");
    let load = |tensors: &_| folder.load(&toml, &safetensors(tensors)).expect("sound");
    let without = load(&tensors);
    tensors.insert("conv.bias".into(), (vec![2], vec![0.5, -2.0]));
    let with = load(&tensors);
    let image = Image {
        channels: with.input.channels,
        height: with.input.height,
        width: with.input.width,
        pixels: vec![77; with.input.shape().values()],
    };
    let conv = with.node("conv").expect("it is there");
    let [with, without] = [with, without].map(|network| evaluate(&network, &image).expect("sound"));
    let pairs = with[conv].chunks(2).zip(without[conv].chunks(2));
    pairs.for_each(|(with, without)| assert_close(with, &[without[0] + 0.5, without[1] - 2.0]));
}
