//! Shape inference: what shape an operation gives, or why it cannot.

use crate::graph::{Op, Shape, Tensor};

/// Largest extent of a map, a kernel or a stride.
pub(crate) const MAX_SIZE: usize = 65_536;

/// Most values in a map or a tensor; beyond any network this tool is for, and short of trouble.
pub(crate) const MAX_VALUES: usize = 1 << 28;

/// What does not fit, and what would.
pub type Misfit = (String, String);

/// The shape `op` gives for inputs of these shapes.
///
/// # Errors
/// What does not fit and what would.
pub fn infer(op: &Op, inputs: &[Shape]) -> Result<Shape, Misfit> {
    let several = matches!(op, Op::Add | Op::Concat);
    let [first, rest @ ..] = inputs else {
        return Err(misfit("reads no node", "name what it reads with `inputs`"));
    };
    if several && rest.is_empty() {
        return Err(misfit(
            "reads one node",
            "name two or more with `inputs = [\"…\", \"…\"]`",
        ));
    }
    if !several && !rest.is_empty() {
        let what = format!("reads {} nodes", inputs.len());
        return Err(misfit(what, format!("name one: {} reads one", op.name())));
    }
    let shape = infer_one(op, *first, rest)?;
    let values = shape
        .channels
        .checked_mul(shape.height)
        .and_then(|n| n.checked_mul(shape.width));
    match values {
        Some(values) if values <= MAX_VALUES => Ok(shape),
        _ => Err(misfit(
            format!("gives a map of {shape} values"),
            format!("at most {MAX_VALUES} can be handled"),
        )),
    }
}

fn infer_one(op: &Op, input: Shape, rest: &[Shape]) -> Result<Shape, Misfit> {
    match op {
        Op::Image => Err(misfit(
            "is an image and reads a node",
            "the image is the first node",
        )),
        Op::Relu => Ok(input),
        Op::BatchNorm(bn) => {
            let lengths = [&bn.scale, &bn.shift, &bn.mean, &bn.variance].map(Vec::len);
            match lengths.iter().find(|&&length| length != input.channels) {
                Some(length) => Err(channels_misfit(*length, input)),
                None => Ok(input),
            }
        }
        Op::Convolution(c) => {
            check_tensor(&c.weight, 4)?;
            let [outputs, inputs, height, width] = c.weight.shape[..] else {
                return Err(misfit("has no kernel", "give a weight of four indices"));
            };
            if inputs != input.channels {
                return Err(channels_misfit(inputs, input));
            }
            if !c.bias.is_empty() && c.bias.len() != outputs {
                return Err(biases_misfit(c.bias.len(), outputs));
            }
            let height = windows(input.height, height, c.stride, c.padding)?;
            let width = windows(input.width, width, c.stride, c.padding)?;
            Ok(Shape {
                channels: outputs,
                height,
                width,
            })
        }
        Op::Linear(l) => infer_linear(&l.weight, l.bias.len(), input),
        Op::Add => match rest.iter().find(|&&other| other != input) {
            Some(other) => Err(misfit(
                format!("adds maps of {input} and {other}"),
                "add maps of one shape (channels × height × width)",
            )),
            None => Ok(input),
        },
        Op::Concat => infer_concat(input, rest),
        Op::GlobalAveragePool => Ok(Shape {
            channels: input.channels,
            height: 1,
            width: 1,
        }),
        Op::AveragePool { kernel, stride } => pooled(input, *kernel, *stride, 0),
        Op::MaxPool {
            kernel,
            stride,
            padding,
        } => {
            if *padding > kernel / 2 {
                let what = format!("pads {padding} pixels around windows of {kernel}");
                return Err(misfit(what, "pad at most half a window"));
            }
            pooled(input, *kernel, *stride, *padding)
        }
    }
}

fn infer_linear(weight: &Tensor, biases: usize, input: Shape) -> Result<Shape, Misfit> {
    check_tensor(weight, 2)?;
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]);
    if inputs != input.values() {
        return Err(misfit(
            format!("takes {inputs} values and reads a map of {input}"),
            format!(
                "its weight must be [outputs, {}]; is a pool missing?",
                input.values()
            ),
        ));
    }
    if biases != outputs {
        return Err(biases_misfit(biases, outputs));
    }
    Ok(Shape {
        channels: outputs,
        height: 1,
        width: 1,
    })
}

fn infer_concat(input: Shape, rest: &[Shape]) -> Result<Shape, Misfit> {
    let mut channels = input.channels;
    for other in rest {
        if (other.height, other.width) != (input.height, input.width) {
            return Err(misfit(
                format!("joins maps of {input} and {other}"),
                "join maps of one height and width",
            ));
        }
        channels += other.channels;
    }
    Ok(Shape { channels, ..input })
}

fn pooled(input: Shape, kernel: usize, stride: usize, padding: usize) -> Result<Shape, Misfit> {
    let height = windows(input.height, kernel, stride, padding)?;
    let width = windows(input.width, kernel, stride, padding)?;
    Ok(Shape {
        channels: input.channels,
        height,
        width,
    })
}

/// How many windows of `kernel` pixels fit along `extent` pixels; a remainder is left out.
fn windows(extent: usize, kernel: usize, stride: usize, padding: usize) -> Result<usize, Misfit> {
    let sizes = [kernel, stride];
    if sizes.contains(&0) || sizes.iter().chain([&padding]).any(|&size| size > MAX_SIZE) {
        let what = format!("has kernel {kernel}, stride {stride}, padding {padding}");
        return Err(misfit(what, format!("give sizes from 1 to {MAX_SIZE}")));
    }
    let padded = extent + 2 * padding;
    if kernel > padded {
        return Err(misfit(
            format!("has a window of {kernel} pixels on a map of {extent}, padding {padding}"),
            "the window must fit: give more padding or a smaller stride before",
        ));
    }
    Ok((padded - kernel) / stride + 1)
}

fn check_tensor(weight: &Tensor, indices: usize) -> Result<(), Misfit> {
    let product = weight
        .shape
        .iter()
        .try_fold(1usize, |n, &extent| n.checked_mul(extent));
    // No values at all: a hollow network's (`topology`).
    let filled = weight.values.is_empty() || product == Some(weight.values.len());
    if weight.shape.len() == indices && filled && product.is_some_and(|n| n > 0) {
        return Ok(());
    }
    Err(misfit(
        format!(
            "has a weight of shape {:?} with {} values",
            weight.shape,
            weight.values.len()
        ),
        format!("give {indices} indices and as many values as their product"),
    ))
}

fn biases_misfit(biases: usize, outputs: usize) -> Misfit {
    let what = format!("has {biases} biases for {outputs} outputs");
    misfit(what, "give one bias per output")
}

fn channels_misfit(channels: usize, input: Shape) -> Misfit {
    misfit(
        format!("is made for {channels} channels and reads a map of {input}"),
        format!("it must be made for {} channels", input.channels),
    )
}

fn misfit(what: impl Into<String>, fix: impl Into<String>) -> Misfit {
    (what.into(), fix.into())
}
