//! Shortcuts without parameters: every n-th position of a residual stream, with channels of zeros.
//!
//! The stream of one resolution cannot be read by that of the next: its words lie for its own shape. A 1×1 convolution
//! of ones and zeros would read codes. But a sum at every n-th position is the sum of its terms there, so the stream
//! at that resolution can be computed beside the other one: by the same convolutions, moving n times as far, with
//! outputs of zeros for the channels that are put in. That is exact.

use std::collections::BTreeMap;

use cromulent_network::{BatchNorm, Convolution, Op, Problem, Shape, Tensor};

use super::{Change, Questions, Rewritten, Shortcuts};
use crate::graph::{Graph, Kind, View};

pub(super) fn rewrite(
    graph: &mut Graph,
    shortcuts: Shortcuts,
    done: &mut Rewritten,
) -> Result<(), Problem> {
    let views = graph
        .order()
        .into_iter()
        .filter(|&node| matches!(graph.nodes[node].kind, Kind::View(_)));
    let views: Vec<usize> = views.collect();
    if views.is_empty() {
        return Ok(());
    }
    let shapes = graph.shapes()?;
    let before = macs(graph);
    let mut copies = Copies {
        shapes: shapes.clone(),
        known: BTreeMap::new(),
        depth: 0,
    };
    let (mut streams, mut convolutions) = (vec![], vec![]);
    for view in views {
        let Kind::View(what) = graph.nodes[view].kind else {
            continue;
        };
        let source = graph.source(view);
        let copy = match shortcuts {
            Shortcuts::Streams => copies.of(graph, source, what),
            Shortcuts::Codes => None,
        };
        match (copy, what.convolution(shapes[source].channels)) {
            (Some(copy), _) => {
                streams.push(graph.name(view).to_owned());
                graph.redirect(view, copy);
            }
            (None, Some(convolution)) => {
                convolutions.push(graph.name(view).to_owned());
                graph.nodes[view].kind = Kind::Op(Op::Convolution(convolution));
            }
            (None, None) => {
                let place = format!("node `{}`", graph.name(view));
                let what = "takes a different part of the rows than of the columns";
                return Err(Problem::new(place, what, "take every n-th of both"));
            }
        }
    }
    if !streams.is_empty() {
        let share = 100.0 * (macs(graph) as f64 / before.max(1) as f64 - 1.0);
        done.changes.push(Change {
            rule: "shortcut-stream",
            nodes: streams,
            what: format!(
                "shortcuts without parameters: the residual stream is also computed at their resolution, exact, for \
                 {share:.1} % more multiplications"
            ),
        });
    }
    done.note(
        "shortcut-convolution",
        convolutions,
        "shortcuts without parameters, made 1×1 convolutions of ones and zeros",
    );
    Ok(())
}

/// Multiply-accumulates of the learnt layers; views have none.
fn macs(graph: &Graph) -> u64 {
    graph.network().map_or(0, |network| {
        let views = graph
            .order()
            .into_iter()
            .filter(|&node| matches!(graph.nodes[node].kind, Kind::View(_)));
        let of_views = views.filter_map(|node| {
            let node = network.node(graph.name(node))?;
            let node = &network.nodes[node];
            let Op::Convolution(c) = &node.op else {
                return None;
            };
            Some((c.weight.values.len() * node.shape.height * node.shape.width) as u64)
        });
        network.macs() - of_views.sum::<u64>()
    })
}

/// Copies of nodes that compute a view of what they compute.
struct Copies {
    /// By node, copies included.
    shapes: Vec<Shape>,
    known: BTreeMap<(usize, View), usize>,
    /// Nodes on the way from the view.
    depth: usize,
}

/// Longest way from a view to the convolutions that it is computed by; no sound network has one as long.
const DEEPEST: usize = 2000;

impl Copies {
    /// A node that computes `view` of `node`; `None` if there is none without reading `node` itself.
    fn of(&mut self, graph: &mut Graph, node: usize, view: View) -> Option<usize> {
        if let Some(&known) = self.known.get(&(node, view)) {
            return Some(known);
        }
        if self.depth > DEEPEST {
            return None;
        }
        self.depth += 1;
        let copy = self.make(graph, node, view);
        self.depth -= 1;
        let copy = copy?;
        self.known.insert((node, view), copy);
        Some(copy)
    }

    fn make(&mut self, graph: &mut Graph, node: usize, view: View) -> Option<usize> {
        if let Kind::View(inner) = graph.nodes[node].kind {
            return self.of(graph, graph.source(node), inner.then(view));
        }
        let inputs = graph.nodes[node].inputs.clone();
        let steps = view.rows;
        let (op, inputs) = match graph.op(node)?.clone() {
            op @ (Op::Relu | Op::Add) => {
                let inputs = inputs.iter().map(|&input| self.of(graph, input, view));
                (op, inputs.collect::<Option<Vec<usize>>>()?)
            }
            Op::BatchNorm(norm) => (
                Op::BatchNorm(widened(&norm, view)),
                vec![self.of(graph, inputs[0], view)?],
            ),
            Op::Convolution(c) if view.rows == view.columns => {
                (Op::Convolution(thinned(&c, view)), inputs)
            }
            Op::AveragePool { kernel, stride } if view.rows == view.columns => {
                let wider = View {
                    rows: 1,
                    columns: 1,
                    ..view
                };
                let input = self.of(graph, inputs[0], wider)?;
                (
                    Op::AveragePool {
                        kernel,
                        stride: stride * steps,
                    },
                    vec![input],
                )
            }
            _ => return None,
        };
        let name = format!("{}.every{steps}", graph.name(node));
        let copy = graph.push(&name, op, inputs);
        let wanted = view.shape(self.shapes[node]);
        let shape = graph.shape_of(copy, &self.shapes).ok()?;
        self.shapes.push(shape);
        // A window that was left out, or one too many.
        (shape == wanted).then_some(copy)
    }
}

/// A batch-norm with channels of zeros.
fn widened(norm: &BatchNorm, view: View) -> BatchNorm {
    let wide = |values: &[f64], fill: f64| {
        let mut wide = vec![fill; view.before];
        wide.extend(values);
        wide.resize(view.before + values.len() + view.behind, fill);
        wide
    };
    BatchNorm {
        scale: wide(&norm.scale, 0.0),
        shift: wide(&norm.shift, 0.0),
        mean: wide(&norm.mean, 0.0),
        variance: wide(&norm.variance, 1.0),
        epsilon: norm.epsilon,
        format: norm.format,
    }
}

/// A convolution that moves farther, with outputs of zeros.
fn thinned(c: &Convolution, view: View) -> Convolution {
    let outputs = c.weight.shape[0];
    let inner = c.weight.values.len() / outputs;
    let all = view.before + outputs + view.behind;
    let wide = |values: &[f32], each: usize| {
        let mut wide = vec![0.0; view.before * each];
        wide.extend(values);
        wide.resize(all * each, 0.0);
        wide
    };
    let mut shape = c.weight.shape.clone();
    shape[0] = all;
    Convolution {
        weight: Tensor {
            shape,
            values: wide(&c.weight.values, inner),
        },
        bias: if c.bias.is_empty() {
            vec![]
        } else {
            wide(&c.bias, 1)
        },
        stride: c.stride * view.rows,
        padding: c.padding,
    }
}
