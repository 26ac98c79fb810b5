//! Values that batch-norms want stored in several forms.
//!
//! Codes of one format serve all batch-norms that read a value; an integer left uncoded holds one affine, and cannot be
//! joined with codes. So where wishes go apart, as those of the first batch-norm of a DenseNet and of the later ones
//! that read its values too, the layer that computes the values runs once for each form. It reads what it read before:
//! nothing else is kept longer, and the machine has nothing to learn.

use cromulent_design::Design;
use cromulent_network::{Network, Problem, Problems};

use super::layers::output;
use super::norms::{norm, read};
use super::plan::{Plan, PlannedLayer, PlannedOutput, PlannedTensor, Reader};
use super::storage::FIX;
use crate::layer::{Storage, Task};

/// A form of a tensor, and the batch-norms that read it so.
struct Form {
    storage: Storage,
    readers: Vec<Reader>,
}

/// Leaves uncoded what is read by batch-norms that do not mind and are equal to one that wants it so.
pub(super) fn follow(network: &Network, plan: &Plan, wishes: &mut [Option<Storage>]) {
    let tensors = |node: usize| -> Vec<(usize, usize)> {
        let tensors = plan.tensors.iter().enumerate();
        let readers = tensors.flat_map(|(tensor, planned)| {
            let readers = planned.readers.iter();
            readers.map(move |reader| (reader.norm, (tensor, reader.offset)))
        });
        readers.filter(|r| r.0 == node).map(|r| r.1).collect()
    };
    let equal = |one: usize, other: usize| {
        let [Some(a), Some(b)] = [one, other].map(|node| norm(network, node)) else {
            return false;
        };
        (&a.scale, &a.shift, &a.mean, &a.variance, a.epsilon)
            == (&b.scale, &b.shift, &b.mean, &b.variance, b.epsilon)
            && tensors(one) == tensors(other)
    };
    let uncoded = |&node: &usize| wishes[node] == Some(Storage::Integers);
    let uncoded: Vec<usize> = (0..wishes.len()).filter(uncoded).collect();
    for (node, wish) in wishes.iter_mut().enumerate() {
        if wish.is_none() && uncoded.iter().any(|&other| equal(node, other)) {
            *wish = Some(Storage::Integers);
        }
    }
}

/// Stores every value in the forms that are wanted, `wishes` by node.
///
/// # Errors
/// Problems name values that a max-pool reads, which can be stored in one form only.
pub(super) fn apply(
    network: &Network,
    design: &Design,
    wishes: &[Option<Storage>],
    plan: &mut Plan,
    problems: &mut Problems,
) {
    for tensor in 0..plan.tensors.len() {
        let forms = forms(network, &plan.tensors[tensor], wishes);
        let Some((first, others)) = forms.split_first() else {
            continue;
        };
        plan.tensors[tensor].storage = first.storage;
        if others.is_empty() {
            continue;
        }
        if is_pooled(plan, tensor) {
            let problem = refusal(network, design, plan, tensor, (first, &others[0]));
            // A value and its pools say the same.
            if !problems.0.contains(&problem) {
                problems.0.push(problem);
            }
        } else {
            split(network, plan, tensor, forms);
        }
    }
}

/// The forms of a tensor, by its first reader that takes them. Whoever does not mind takes codes that someone wants, or
/// those of the design.
fn forms(network: &Network, tensor: &PlannedTensor, wishes: &[Option<Storage>]) -> Vec<Form> {
    let wish = |reader: &Reader| wishes[reader.norm];
    let mut codes = tensor.readers.iter().filter_map(wish);
    let codes = codes.find(|&wish| wish != Storage::Integers);
    let codes = codes.unwrap_or_default();
    let channels = tensor.shape.channels;
    let mut forms: Vec<Form> = vec![];
    for reader in &tensor.readers {
        let storage = wish(reader).unwrap_or(codes);
        let shares = |form: &&mut Form| {
            let whole = storage != Storage::Integers
                || read(network, &form.readers[0], channels) == read(network, reader, channels);
            form.storage == storage && whole
        };
        match forms.iter_mut().find(shares) {
            Some(form) => form.readers.push(*reader),
            None => forms.push(Form {
                storage,
                readers: vec![*reader],
            }),
        }
    }
    forms
}

/// Whether a max-pool reads the values of a tensor, or made it.
fn is_pooled(plan: &Plan, tensor: usize) -> bool {
    let value = plan.tensors[tensor].value;
    let same = plan.tensors.iter().filter(|tensor| tensor.value == value);
    same.into_iter().any(|tensor| tensor.pooled.is_some())
}

/// Whether a layer writes a tensor.
fn writes(layer: &PlannedLayer, tensor: usize) -> bool {
    output(layer, 1.0).codes() == Some(tensor)
}

fn refusal(
    network: &Network,
    design: &Design,
    plan: &Plan,
    tensor: usize,
    (one, other): (&Form, &Form),
) -> Problem {
    let wish = |form: &Form| {
        let name = &network.nodes[form.readers[0].norm].name;
        (name, form.storage.format(design))
    };
    let ((one_name, one_format), (other_name, other_format)) = (wish(one), wish(other));
    let own = match one_format == other_format {
        true => ", rectified for another affine",
        false => "",
    };
    let uncoded = [one, other].map(|form| form.storage == Storage::Integers);
    let fix = match uncoded.contains(&true) {
        true => FIX,
        false => "want one format for all batch-norms that read them",
    };
    Problem::new(
        format!("node `{}`", network.nodes[plan.tensors[tensor].value].name),
        format!(
            "`{one_name}` wants its values stored as {one_format}, and `{other_name}` as {other_format}{own}; what a max-pool \
             reads is stored in one form"
        ),
        fix,
    )
}

/// Gives each form a tensor of its own, the first one the tensor that is there, and a layer that writes it.
fn split(network: &Network, plan: &mut Plan, tensor: usize, forms: Vec<Form>) {
    let Some(mut place) = plan.layers.iter().position(|layer| writes(layer, tensor)) else {
        return;
    };
    let writer = plan.layers[place].clone();
    for (form, Form { storage, readers }) in forms.into_iter().enumerate() {
        if form == 0 {
            plan.tensors[tensor].readers = readers;
            continue;
        }
        let own = plan.tensors.len();
        for (norm, tensors) in plan.layers.iter_mut().filter_map(|l| l.input.as_mut()) {
            if readers.iter().any(|reader| Some(reader.norm) == *norm) {
                let read = tensors.iter_mut().filter(|read| **read == tensor);
                read.for_each(|read| *read = own);
            }
        }
        let output = plan.output_again(&writer.output, own);
        place += 1;
        let reader = &network.nodes[readers[0].norm].name;
        plan.layers.insert(
            place,
            PlannedLayer {
                name: format!("{}.for.{reader}", writer.name),
                output,
                ..writer.clone()
            },
        );
        let tensors = &mut plan.tensors;
        tensors.push(PlannedTensor {
            storage,
            readers,
            ..tensors[tensor].clone()
        });
    }
}

impl Plan {
    /// What becomes of words that are computed again, for the tensor `codes`. A sum, or what is rectified, goes into the
    /// residual stream again, where nobody reads it.
    fn output_again(&mut self, output: &PlannedOutput, codes: usize) -> PlannedOutput {
        match *output {
            PlannedOutput::Residual {
                base,
                result,
                clamp,
                pooled,
                ..
            } if base.is_some() || clamp => {
                self.streams.push(self.streams[result]);
                self.groups.push(self.groups[result]);
                PlannedOutput::Residual {
                    base,
                    result: self.streams.len() - 1,
                    clamp,
                    codes: Some(codes),
                    pooled,
                }
            }
            _ => PlannedOutput::Codes(codes),
        }
    }
}

/// Whether a layer computes what an earlier one has computed, to store it in another form.
pub(super) fn again(plan: &Plan, place: usize) -> bool {
    let layer = &plan.layers[place];
    let same = |other: &PlannedLayer| (other.node, other.task) == (layer.node, layer.task);
    layer.task != Task::MaxPool && plan.layers[..place].iter().any(same)
}

/// What is computed several times, by value.
pub(super) fn notes(network: &Network, design: &Design, plan: &Plan) -> Vec<Problem> {
    let note = |node: usize| {
        let own = plan.tensors.iter();
        let own = own.filter(|tensor| tensor.value == node && tensor.pooled.is_none());
        let forms: Vec<&PlannedTensor> = own.collect();
        let formats = forms.chunk_by(|one, next| one.storage == next.storage);
        let formats: Vec<String> = formats
            .map(|alike| {
                let readers: Vec<Reader> =
                    alike.iter().flat_map(|form| form.readers.clone()).collect();
                let each = if alike.len() > 1 { " each of" } else { "" };
                let format = alike[0].storage.format(design);
                format!("as {format} for{each} {}", readers_of(network, &readers))
            })
            .collect();
        let what = format!(
            "computed {} times, its values stored {}",
            forms.len(),
            formats.join(", ")
        );
        let place = format!("node `{}`", network.nodes[node].name);
        (forms.len() > 1).then(|| Problem::new(place, what, "one format for all is computed once"))
    };
    (0..network.nodes.len()).filter_map(note).collect()
}

/// The first batch-norm by its name, and how many more.
fn readers_of(network: &Network, readers: &[Reader]) -> String {
    let name = readers
        .first()
        .map(|reader| &network.nodes[reader.norm].name);
    let name = name.map_or(String::new(), |name| format!("`{name}`"));
    match readers.len() {
        0 | 1 => name,
        count => format!("{name} and {} more", count - 1),
    }
}
